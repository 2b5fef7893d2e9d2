#include "core/codec/cose.h"

#include <gtest/gtest.h>

#include <functional>

#include "testing/vectors.h"

namespace countersign::codec {
namespace {

using countersign::testing::unhex;
using crypto::CoseAlgorithm;

// Public keys of RFC 9500 §2.3 (testECCP256), RFC 8032 §7.1 (test 2) and §7.4 ("1 octet").
const char kP256X[] = "422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1";
const char kP256Y[] = "6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272";
const char kEd25519X[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const char kEd448X[] =
    "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a94"
    "80";

CborMap ec2(std::int64_t algorithm, std::int64_t curve, const Bytes& x, const Bytes& y) {
  return {{Cbor(1), Cbor(2)},
          {Cbor(3), Cbor(algorithm)},
          {Cbor(-1), Cbor(curve)},
          {Cbor(-2), Cbor(x)},
          {Cbor(-3), Cbor(y)}};
}
CborMap okp(std::int64_t algorithm, std::int64_t curve, const Bytes& x) {
  return {{Cbor(1), Cbor(1)}, {Cbor(3), Cbor(algorithm)}, {Cbor(-1), Cbor(curve)}, {Cbor(-2), Cbor(x)}};
}
CborMap rsa(std::int64_t algorithm, const Bytes& modulus, const Bytes& exponent) {
  return {{Cbor(1), Cbor(3)}, {Cbor(3), Cbor(algorithm)}, {Cbor(-1), Cbor(modulus)}, {Cbor(-2), Cbor(exponent)}};
}

CborMap p256() { return ec2(-7, 1, unhex(kP256X), unhex(kP256Y)); }
// Odd and of 2048 bits; who knows its factors is not asked here.
Bytes modulus() { return Bytes(256, 0xc5); }

Errc code_of(const CborMap& key) {
  const auto read = read_cose_key(Cbor(key));
  EXPECT_FALSE(read);
  return read ? Errc::unavailable : read.error().code;
}

// p256() with the value under `label` put in the place of what was there, or taken out.
CborMap with(std::int64_t label, std::optional<Cbor> value) {
  CborMap key = p256();
  std::erase_if(key, [label](const auto& entry) { return entry.first == Cbor(label); });
  if (value) key.emplace_back(Cbor(label), *std::move(value));
  return key;
}

TEST(CoseKey, ReadsEveryAlgorithm) {
  EXPECT_EQ(read_cose_key(Cbor(p256()))->algorithm, CoseAlgorithm::es256);
  EXPECT_EQ(read_cose_key(Cbor(okp(-8, 6, unhex(kEd25519X))))->algorithm, CoseAlgorithm::eddsa);
  EXPECT_EQ(read_cose_key(Cbor(okp(-53, 7, unhex(kEd448X))))->algorithm, CoseAlgorithm::ed448);
  EXPECT_EQ(read_cose_key(Cbor(rsa(-257, modulus(), unhex("010001"))))->algorithm, CoseAlgorithm::rs256);
}

TEST(CoseKey, IsTheKeyThatItsPartsMake) {
  const auto read = read_cose_key(Cbor(p256()).encode());
  EXPECT_TRUE(read->key == *crypto::VerifyKey::ec(crypto::VerifyKey::Curve::p256, unhex(kP256X), unhex(kP256Y)));
  EXPECT_TRUE(read->key.fits(read->algorithm));
}

// WebAuthn Level 3, test vectors: the credential keys, by the decoder and back through the encoder.
TEST(CoseKey, ReadsTheKeysOfWebauthnsExamples) {
  const std::vector<std::pair<std::string, CoseAlgorithm>> examples{
      {"packed-es256", CoseAlgorithm::es256}, {"packed-es384", CoseAlgorithm::es384},
      {"packed-es512", CoseAlgorithm::es512}, {"packed-eddsa", CoseAlgorithm::eddsa},
      {"packed-ed448", CoseAlgorithm::ed448}, {"packed-rs256", CoseAlgorithm::rs256},
      {"none-es256", CoseAlgorithm::es256},   {"tpm-es256", CoseAlgorithm::es256}};
  for (const auto& [name, algorithm] : examples) {
    VECTORS_OR_SKIP(file, "webauthn/" + name + ".registration.json");
    const Bytes object = unhex(file["values"]["attestationObject"]);
    const auto attestation = read_cbor(object);
    ASSERT_TRUE(attestation) << name;
    EXPECT_EQ(attestation->encode(), object) << name;
    const ByteView data(*attestation->at("authData")->as<Bytes>());  // WebAuthn §6.1, §6.5.1
    const std::size_t id_size = data[53] * 256u + data[54];
    const ByteView rest = data.subspan(55 + id_size);
    const auto prefix = read_cbor_prefix(rest);
    ASSERT_TRUE(prefix) << name;
    EXPECT_EQ(prefix->size, rest.size()) << name;
    EXPECT_EQ(read_cose_key(prefix->item)->algorithm, algorithm) << name;
  }
}

TEST(CoseKey, RefusesAlgorithmsThatAreNotSupported) {
  for (const std::int64_t number : {-65535, -37, -9, -19, -47, -258, 0, 7}) {
    EXPECT_EQ(code_of(with(3, Cbor(number))), Errc::refused) << number;
  }
  EXPECT_EQ(code_of(rsa(-65535, modulus(), unhex("010001"))), Errc::refused);
}

TEST(CoseKey, RefusesCurvesAndTypesOfAnotherAlgorithm) {
  EXPECT_EQ(code_of(with(3, Cbor(-35))), Errc::malformed);
  EXPECT_EQ(code_of(with(3, Cbor(-8))), Errc::malformed);
  EXPECT_EQ(code_of(with(3, Cbor(-257))), Errc::malformed);
  EXPECT_EQ(code_of(with(-1, Cbor(2))), Errc::malformed);
  EXPECT_EQ(code_of(with(-1, Cbor(8))), Errc::malformed);  // secp256k1
  EXPECT_EQ(code_of(with(1, Cbor(1))), Errc::malformed);
  EXPECT_EQ(code_of(with(1, Cbor(3))), Errc::malformed);
  EXPECT_EQ(code_of(okp(-8, 7, unhex(kEd448X))), Errc::malformed);
  EXPECT_EQ(code_of(okp(-53, 6, unhex(kEd25519X))), Errc::malformed);
  EXPECT_EQ(code_of(okp(-8, 4, unhex(kEd25519X))), Errc::malformed);  // X25519
}

TEST(CoseKey, RefusesACompressedPoint) {
  EXPECT_EQ(code_of(with(-3, Cbor(false))), Errc::malformed);
  EXPECT_EQ(code_of(with(-3, std::nullopt)), Errc::malformed);
}

TEST(CoseKey, RefusesMembersThatAreMissingOrOfAnotherType) {
  for (const std::int64_t label : {1, 3, -1, -2, -3}) {
    EXPECT_EQ(code_of(with(label, std::nullopt)), Errc::malformed) << label;
    EXPECT_EQ(code_of(with(label, Cbor("text"))), Errc::malformed) << label;
    EXPECT_EQ(code_of(with(label, Cbor())), Errc::malformed) << label;
  }
  EXPECT_EQ(read_cose_key(Cbor(7)).error().code, Errc::malformed);
  EXPECT_EQ(read_cose_key(Cbor(CborMap{})).error().code, Errc::malformed);
}

TEST(CoseKey, RefusesMembersThatHaveNoPlace) {
  EXPECT_EQ(code_of(with(2, Cbor(Bytes{1}))), Errc::malformed);            // kid
  EXPECT_EQ(code_of(with(4, Cbor(CborArray{Cbor(2)}))), Errc::malformed);  // key_ops
  EXPECT_EQ(code_of(with(-4, Cbor(Bytes(32, 1)))), Errc::malformed);       // a private key
  CborMap edwards = okp(-8, 6, unhex(kEd25519X));
  edwards.emplace_back(Cbor(-3), Cbor(Bytes(32)));
  EXPECT_EQ(code_of(edwards), Errc::malformed);
  CborMap private_rsa = rsa(-257, modulus(), unhex("010001"));
  private_rsa.emplace_back(Cbor(-3), Cbor(modulus()));
  EXPECT_EQ(code_of(private_rsa), Errc::malformed);
}

TEST(CoseKey, RefusesPointsThatAreNone) {
  Bytes off = unhex(kP256Y);
  off.back() ^= 1;
  EXPECT_EQ(code_of(with(-3, Cbor(off))), Errc::malformed);
  EXPECT_EQ(code_of(with(-2, Cbor(Bytes(31, 1)))), Errc::malformed);
  EXPECT_EQ(code_of(with(-2, Cbor(Bytes{}))), Errc::malformed);
  EXPECT_EQ(code_of(okp(-8, 6, Bytes(31))), Errc::malformed);
  EXPECT_EQ(code_of(okp(-53, 7, Bytes(56))), Errc::malformed);
}

TEST(CoseKey, RefusesRsaKeysThatAreWeakOrWrittenLonger) {
  const Bytes f4 = unhex("010001");
  EXPECT_EQ(code_of(rsa(-257, Bytes(128, 0xc5), f4)), Errc::malformed);
  EXPECT_EQ(code_of(rsa(-257, Bytes(513, 0xc5), f4)), Errc::malformed);
  EXPECT_EQ(code_of(rsa(-257, modulus(), unhex("03"))), Errc::malformed);
  EXPECT_EQ(code_of(rsa(-257, modulus(), unhex("00010001"))), Errc::malformed);
  EXPECT_EQ(code_of(rsa(-257, modulus(), {})), Errc::malformed);
  Bytes longer{0};
  append(longer, modulus());
  EXPECT_EQ(code_of(rsa(-257, longer, f4)), Errc::malformed);
}

TEST(CoseKey, RefusesBytesThatAreNotOneItem) {
  Bytes key = Cbor(p256()).encode();
  key.push_back(0);
  EXPECT_EQ(read_cose_key(key).error().code, Errc::malformed);
  EXPECT_EQ(read_cose_key(ByteView()).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::codec
