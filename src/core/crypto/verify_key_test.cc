#include "core/crypto/verify_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <set>

#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::unhex;
using Curve = VerifyKey::Curve;
using Edwards = VerifyKey::Edwards;

// A number of the vector files: without the zero that keeps it positive, of `size` bytes.
Bytes number(const nlohmann::json& hex, std::size_t size) {
  Bytes out = unhex(hex);
  while (out.size() > size && out[0] == 0) out.erase(out.begin());
  while (out.size() < size) out.insert(out.begin(), 0);
  return out;
}

struct Counts {
  int tests = 0, valid = 0;
  bool operator==(const Counts&) const = default;
  friend void PrintTo(const Counts& c, std::ostream* out) { *out << c.valid << " valid of " << c.tests; }
};

// Runs every vector of one set, with the key read from its DER and made by `make` from its parts, which must agree.
// "acceptable" is for what no standard allows: here, refused.
template <class Make>
Counts check_wycheproof(const nlohmann::json& file, CoseAlgorithm algorithm, Make make) {
  Counts counts;
  for (const auto& group : file["testGroups"]) {
    const auto key = VerifyKey::from_der(unhex(group["publicKeyDer"]));
    const Result<VerifyKey> made = make(group);
    EXPECT_EQ(key.has_value(), made.has_value()) << group["publicKeyDer"];
    if (!key || !made) continue;
    EXPECT_TRUE(*key == *made);
    EXPECT_EQ(made->der(), unhex(group["publicKeyDer"]));
    for (const auto& test : group["tests"]) {
      const bool good = key->verify(algorithm, unhex(test["msg"]), unhex(test["sig"]));
      EXPECT_EQ(good, test["result"] == "valid") << test["tcId"];
      ++counts.tests;
      counts.valid += good;
    }
  }
  return counts;
}

auto on(Curve curve, std::size_t size) {
  return [curve, size](const nlohmann::json& group) {
    return VerifyKey::ec(curve, number(group["publicKey"]["wx"], size), number(group["publicKey"]["wy"], size));
  };
}

auto on(Edwards curve) {
  return [curve](const nlohmann::json& group) { return VerifyKey::edwards(curve, unhex(group["publicKey"]["pk"])); };
}

TEST(VerifyKey, AgreesWithWycheproofOnEs256) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdsa_secp256r1_sha256_test.json");
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::es256, on(Curve::p256, 32)), (Counts{484, 174}));
}

TEST(VerifyKey, AgreesWithWycheproofOnEs384) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdsa_secp384r1_sha384_test.json");
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::es384, on(Curve::p384, 48)), (Counts{504, 194}));
}

TEST(VerifyKey, AgreesWithWycheproofOnEs512) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdsa_secp521r1_sha512_test.json");
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::es512, on(Curve::p521, 66)), (Counts{542, 232}));
}

TEST(VerifyKey, AgreesWithWycheproofOnEd25519) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ed25519_test.json");
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::eddsa, on(Edwards::ed25519)), (Counts{151, 88}));
}

TEST(VerifyKey, AgreesWithWycheproofOnEd448) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ed448_test.json");
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::ed448, on(Edwards::ed448)), (Counts{87, 17}));
}

// Of the 259, two are under keys with the exponent 3, which are not taken.
TEST(VerifyKey, AgreesWithWycheproofOnRs256) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/rsa_signature_2048_sha256_test.json");
  EXPECT_EQ(file["numberOfTests"], 259);
  int small_exponents = 0;
  for (const auto& group : file["testGroups"]) {
    if (group.at("publicKey").at("publicExponent") != "03") continue;
    EXPECT_EQ(VerifyKey::from_der(unhex(group["publicKeyDer"])).error().code, Errc::malformed);
    small_exponents += static_cast<int>(group["tests"].size());
  }
  EXPECT_EQ(small_exponents, 2);
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::rs256,
                             [](const nlohmann::json& group) {
                               return VerifyKey::rsa(unhex(group["publicKey"]["modulus"]),
                                                     unhex(group["publicKey"]["publicExponent"]));
                             }),
            (Counts{257, 7}));
}

constexpr std::array kAlgorithms{CoseAlgorithm::es256, CoseAlgorithm::eddsa, CoseAlgorithm::es384, CoseAlgorithm::es512,
                                 CoseAlgorithm::ed448, CoseAlgorithm::rs256, CoseAlgorithm::rs1};

struct Pair {
  std::shared_ptr<EVP_PKEY> own;
  VerifyKey key;
};

Pair make_pair_of(EVP_PKEY* raw) {
  std::shared_ptr<EVP_PKEY> own(raw, EVP_PKEY_free);
  return {own, VerifyKey(own)};
}
Pair rsa_pair(std::size_t bits = 2048) { return make_pair_of(EVP_RSA_gen(bits)); }
Pair ec_pair(const char* curve) { return make_pair_of(EVP_EC_gen(curve)); }

// As OpenSSL signs by default: PKCS#1 v1.5 and DER.
Bytes sign(const Pair& pair, const EVP_MD* digest, ByteView message) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, digest, nullptr, pair.own.get());
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, message.data(), message.size());
  Bytes out(size);
  EVP_DigestSign(context, out.data(), &size, message.data(), message.size());
  out.resize(size);
  EVP_MD_CTX_free(context);
  return out;
}

// The SubjectPublicKeyInfo as OpenSSL writes this key, whatever we think of it.
Bytes spki(const EVP_PKEY* key) {
  std::uint8_t* raw = nullptr;
  const int size = i2d_PUBKEY(key, &raw);
  Bytes out(raw, raw + size);
  OPENSSL_free(raw);
  return out;
}

Errc code_of(const Result<VerifyKey>& key) {
  EXPECT_FALSE(key);
  return key ? Errc::unavailable : key.error().code;
}

TEST(VerifyKey, FitsItsAlgorithmsOnly) {
  const std::vector<std::pair<Pair, std::set<CoseAlgorithm>>> keys{
      {ec_pair("P-256"), {CoseAlgorithm::es256}},
      {ec_pair("P-384"), {CoseAlgorithm::es384}},
      {ec_pair("P-521"), {CoseAlgorithm::es512}},
      {make_pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), {CoseAlgorithm::eddsa}},
      {make_pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")), {CoseAlgorithm::ed448}},
      {rsa_pair(), {CoseAlgorithm::rs256, CoseAlgorithm::rs1}}};
  for (const auto& [pair, algorithms] : keys) {
    const auto key = VerifyKey::from_der(pair.key.der());
    ASSERT_TRUE(key);
    EXPECT_TRUE(*key == pair.key);
    for (const CoseAlgorithm algorithm : kAlgorithms) {
      EXPECT_EQ(key->fits(algorithm), algorithms.contains(algorithm)) << static_cast<std::int64_t>(algorithm);
    }
  }
}

TEST(VerifyKey, VerifiesForNoOtherAlgorithm) {
  const Pair rsa = rsa_pair(), ec = ec_pair("P-256"), larger = ec_pair("P-384");
  const Bytes strong = sign(rsa, EVP_sha256(), bytes_of("text")), weak = sign(rsa, EVP_sha1(), bytes_of("text"));
  EXPECT_TRUE(rsa.key.verify(CoseAlgorithm::rs256, bytes_of("text"), strong));
  EXPECT_TRUE(rsa.key.verify(CoseAlgorithm::rs1, bytes_of("text"), weak));
  EXPECT_FALSE(rsa.key.verify(CoseAlgorithm::rs256, bytes_of("text"), weak));
  EXPECT_FALSE(rsa.key.verify(CoseAlgorithm::rs1, bytes_of("text"), strong));
  EXPECT_FALSE(rsa.key.verify(CoseAlgorithm::es256, bytes_of("text"), strong));
  EXPECT_FALSE(rsa.key.verify(CoseAlgorithm::rs256, bytes_of("Text"), strong));
  EXPECT_TRUE(ec.key.verify(CoseAlgorithm::es256, bytes_of("text"), sign(ec, EVP_sha256(), bytes_of("text"))));
  EXPECT_FALSE(ec.key.verify(CoseAlgorithm::es384, bytes_of("text"), sign(ec, EVP_sha384(), bytes_of("text"))));
  EXPECT_FALSE(larger.key.verify(CoseAlgorithm::es256, bytes_of("text"), sign(larger, EVP_sha256(), bytes_of("text"))));
}

TEST(VerifyKey, TakesEmptyMessagesAndRefusesEmptySignatures) {
  const Pair ec = ec_pair("P-256"), ed = make_pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_TRUE(ec.key.verify(CoseAlgorithm::es256, {}, sign(ec, EVP_sha256(), {})));
  EXPECT_TRUE(ed.key.verify(CoseAlgorithm::eddsa, {}, sign(ed, nullptr, {})));
  EXPECT_FALSE(ec.key.verify(CoseAlgorithm::es256, {}, {}));
  EXPECT_FALSE(ed.key.verify(CoseAlgorithm::eddsa, {}, {}));
}

TEST(VerifyKey, IsAnotherKeyThanItsNeighbour) {
  const Pair one = ec_pair("P-256"), other = ec_pair("P-256");
  EXPECT_FALSE(one.key == other.key);
  EXPECT_FALSE(one.key == rsa_pair().key);
}

TEST(VerifyKey, RefusesPointsThatAreNone) {
  EXPECT_EQ(code_of(VerifyKey::ec(Curve::p256, Bytes(32, 1), Bytes(32, 1))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::ec(Curve::p256, Bytes(32), Bytes(32))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::ec(Curve::p384, Bytes(32, 1), Bytes(32, 1))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::ec(Curve::p521, Bytes(65, 1), Bytes(66, 1))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::ec(Curve::p256, {}, {})), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::edwards(Edwards::ed25519, Bytes(31))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::edwards(Edwards::ed25519, Bytes(57))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::edwards(Edwards::ed448, Bytes(32))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::edwards(Edwards::ed448, {})), Errc::malformed);
}

TEST(VerifyKey, TakesRsaOfTheRightSizeOnly) {
  const Bytes f4{1, 0, 1};
  Bytes n(256, 0xc5);
  EXPECT_TRUE(VerifyKey::rsa(n, f4));
  EXPECT_TRUE(VerifyKey::rsa(Bytes(512, 0xc5), f4));
  EXPECT_EQ(code_of(VerifyKey::rsa(Bytes(513, 0xc5), f4)), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::rsa(Bytes(100'000, 0xc5), f4)), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::rsa({}, f4)), Errc::malformed);
  for (const Bytes& exponent :
       {Bytes{}, Bytes{0}, Bytes{1}, Bytes{3}, Bytes{0xff, 0xff}, Bytes{1, 0, 0}, Bytes{1, 0, 2}, Bytes(9, 1)}) {
    EXPECT_EQ(code_of(VerifyKey::rsa(n, exponent)), Errc::malformed);
  }
  EXPECT_TRUE(VerifyKey::rsa(n, Bytes{1, 0, 3}));
  n[0] = 0x7f;  // 2047 bits
  EXPECT_EQ(code_of(VerifyKey::rsa(n, f4)), Errc::malformed);
  n[0] = 0xc5;
  n[255] = 0xc4;
  EXPECT_EQ(code_of(VerifyKey::rsa(n, f4)), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::from_der(rsa_pair(1024).key.der())), Errc::malformed);
}

TEST(VerifyKey, RefusesKeysOfOtherKinds) {
  for (const char* kind : {"X25519", "X448"}) {
    EXPECT_EQ(code_of(VerifyKey::from_der(make_pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, kind)).key.der())),
              Errc::malformed);
  }
  EXPECT_EQ(code_of(VerifyKey::from_der(ec_pair("secp256k1").key.der())), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::from_der(ec_pair("P-224").key.der())), Errc::malformed);
}

// SEC 1 §2.3.4: a zero byte alone is the point at infinity, which OpenSSL's decoder takes.
TEST(VerifyKey, RefusesThePointAtInfinity) {
  EXPECT_EQ(code_of(VerifyKey::from_der(unhex("3019301306072a8648ce3d020106082a8648ce3d03010703020000"))),
            Errc::malformed);
}

TEST(VerifyKey, RefusesCurvesGivenByTheirParameters) {
  const Pair pair = ec_pair("P-256");
  EVP_PKEY_set_utf8_string_param(pair.own.get(), OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT);
  const Bytes explicit_curve = spki(pair.own.get());
  EXPECT_GT(explicit_curve.size(), 200u);
  EXPECT_EQ(code_of(VerifyKey::from_der(explicit_curve)), Errc::malformed);
}

TEST(VerifyKey, RefusesDerThatIsNotTheOneSpelling) {
  const Bytes der = ec_pair("P-256").key.der();
  ASSERT_EQ(der.size(), 91u);
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(code_of(VerifyKey::from_der(longer)), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::from_der(ByteView(der).first(90))), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::from_der({})), Errc::malformed);
  EXPECT_EQ(code_of(VerifyKey::from_der(Bytes(100'000, 0x30))), Errc::malformed);
  Bytes ber{0x30, 0x81, 0x59};  // the length in two bytes
  append(ber, ByteView(der).subspan(2));
  EXPECT_EQ(code_of(VerifyKey::from_der(ber)), Errc::malformed);
  Bytes compressed = unhex("3039301306072a8648ce3d020106082a8648ce3d030107032200");
  compressed.push_back(static_cast<std::uint8_t>(2 + (der.back() & 1)));
  append(compressed, ByteView(der).subspan(27, 32));
  EXPECT_TRUE(Es256PublicKey::from_der(compressed));  // a point, that is
  EXPECT_EQ(code_of(VerifyKey::from_der(compressed)), Errc::malformed);
}

TEST(CoseAlgorithm, IsKnownByItsNumber) {
  for (const CoseAlgorithm algorithm : kAlgorithms) {
    EXPECT_EQ(*cose_algorithm(static_cast<std::int64_t>(algorithm)), algorithm);
  }
  for (const std::int64_t number : {0, 7, -9, -37, -47, -258, -65534}) {
    EXPECT_EQ(cose_algorithm(number).error().code, Errc::not_found);
  }
}

}  // namespace
}  // namespace countersign::crypto
