#include "core/crypto/sign.h"

#include <gtest/gtest.h>

#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::SeededRandom;
using countersign::testing::unhex;

TEST(Es256, VerifiesItsOwnSignatureAndNoOther) {
  SeededRandom random;
  const Es256Key key = Es256Key::generate(random);
  const Bytes signature = key.sign(bytes_of("text"));
  EXPECT_EQ(signature.size(), kEs256Size);
  EXPECT_TRUE(key.public_key().verify(bytes_of("text"), signature));
  EXPECT_FALSE(key.public_key().verify(bytes_of("Text"), signature));
  EXPECT_FALSE(Es256Key::generate(random).public_key().verify(bytes_of("text"), signature));
  EXPECT_FALSE(key.public_key().verify(bytes_of("text"), ByteView(signature).first(63)));
  EXPECT_FALSE(key.public_key().verify(bytes_of("text"), {}));
  EXPECT_FALSE(key.public_key().verify_der(bytes_of("text"), {}));
}

// RFC 6979 appendix A.2.5: the key pair.
TEST(Es256, FindsThePointOfAScalar) {
  const auto key = Es256Key::from_scalar(unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
  EXPECT_EQ(key->public_key().point(), unhex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                             "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));
}

TEST(Es256, KeepsItsKeyThroughEveryForm) {
  SeededRandom random;
  const Es256Key key = Es256Key::generate(random);
  const Bytes point = key.public_key().point();
  EXPECT_EQ(Es256Key::from_scalar(key.scalar().reveal_bytes())->public_key().point(), point);
  EXPECT_EQ(Es256Key::from_pkcs8(key.pkcs8().reveal_bytes())->public_key().point(), point);
  EXPECT_EQ(Es256Key::from_pem(key.pem().reveal())->public_key().point(), point);
  EXPECT_EQ(Es256PublicKey::from_point(point)->point(), point);
  EXPECT_EQ(Es256PublicKey::from_der(key.public_key().der())->point(), point);
  EXPECT_TRUE(Es256PublicKey::from_point(point)->verify(bytes_of("text"), key.sign(bytes_of("text"))));
}

TEST(Es256, DrawsItsKeyFromTheGivenChance) {
  SeededRandom a(5), b(5), c(6);
  const Bytes point = Es256Key::generate(a).public_key().point();
  EXPECT_EQ(Es256Key::generate(b).public_key().point(), point);
  EXPECT_NE(Es256Key::generate(c).public_key().point(), point);
}

TEST(Es256, RefusesPointsOffTheCurve) {
  SeededRandom random;
  Bytes point = Es256Key::generate(random).public_key().point();
  point[64] ^= 1;
  EXPECT_EQ(Es256PublicKey::from_point(point).error().code, Errc::malformed);
  EXPECT_EQ(Es256PublicKey::from_point(Bytes(65)).error().code, Errc::malformed);
  EXPECT_EQ(Es256PublicKey::from_point({}).error().code, Errc::malformed);
}

TEST(Es256, RefusesScalarsOutOfRange) {
  EXPECT_EQ(Es256Key::from_scalar(Bytes(32)).error().code, Errc::malformed);
  EXPECT_EQ(Es256Key::from_scalar(Bytes(32, 0xff)).error().code, Errc::malformed);
  EXPECT_EQ(Es256Key::from_scalar(Bytes(31, 1)).error().code, Errc::malformed);
}

TEST(Es256, RefusesWhatIsNoKey) {
  SeededRandom random;
  const Es256Key key = Es256Key::generate(random);
  Bytes longer = key.public_key().der();
  longer.push_back(0);
  EXPECT_EQ(Es256PublicKey::from_der(longer).error().code, Errc::malformed);
  EXPECT_EQ(Es256PublicKey::from_der({}).error().code, Errc::malformed);
  Bytes pkcs8;
  append(pkcs8, key.pkcs8().reveal_bytes());
  pkcs8.push_back(0);
  EXPECT_EQ(Es256Key::from_pkcs8(pkcs8).error().code, Errc::malformed);
  EXPECT_EQ(Es256Key::from_pkcs8({}).error().code, Errc::malformed);
  EXPECT_EQ(Es256Key::from_pem("-----BEGIN PRIVATE KEY-----\n").error().code, Errc::malformed);
  // An Ed25519 public key is DER of a key, and not of ours.
  Bytes other = unhex("302a300506032b6570032100");
  append(other, Ed25519Key::generate(random).public_key().bytes());
  EXPECT_EQ(Es256PublicKey::from_der(other).error().code, Errc::malformed);
}

// Runs every vector; returns how many were valid.
template <class Verify>
int check_wycheproof(const nlohmann::json& file, Verify verify) {
  int valid = 0;
  for (const auto& group : file["testGroups"]) {
    for (const auto& test : group["tests"]) {
      const bool good = verify(group["publicKey"], unhex(test["msg"]), unhex(test["sig"]));
      EXPECT_EQ(good, test["result"] == "valid") << test["tcId"];
      valid += good;
    }
  }
  return valid;
}

TEST(Es256, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdsa_secp256r1_sha256_p1363_test.json");
  EXPECT_EQ(file["numberOfTests"], 262);
  EXPECT_EQ(check_wycheproof(file, [](const auto& key, const Bytes& message, const Bytes& signature) {
    return Es256PublicKey::from_point(unhex(key["uncompressed"]))->verify(message, signature);
  }), 173);
}

TEST(Es256, AgreesWithWycheproofOnDer) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdsa_secp256r1_sha256_test.json");
  EXPECT_EQ(file["numberOfTests"], 484);
  EXPECT_EQ(check_wycheproof(file, [](const auto& key, const Bytes& message, const Bytes& signature) {
    return Es256PublicKey::from_point(unhex(key["uncompressed"]))->verify_der(message, signature);
  }), 174);
}

// RFC 8032 §7.1, test 2.
TEST(Ed25519, AgreesWithTheRfc) {
  const auto key = Ed25519Key::from_seed(unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  const Bytes signature = key->sign(unhex("72"));
  EXPECT_EQ(signature, unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
  EXPECT_TRUE(key->public_key().verify(unhex("72"), signature));
  EXPECT_FALSE(key->public_key().verify(unhex("73"), signature));
  const Ed25519PublicKey public_key = key->public_key();
  EXPECT_EQ(Bytes(public_key.bytes().begin(), public_key.bytes().end()),
            unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  EXPECT_EQ(key->seed().size(), 32u);
}

TEST(Ed25519, RefusesKeysOfAnotherLength) {
  EXPECT_EQ(Ed25519Key::from_seed(Bytes(31)).error().code, Errc::malformed);
  EXPECT_EQ(Ed25519PublicKey::from_bytes(Bytes(33)).error().code, Errc::malformed);
}

TEST(Ed25519, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ed25519_test.json");
  EXPECT_EQ(file["numberOfTests"], 151);
  EXPECT_EQ(check_wycheproof(file, [](const auto& key, const Bytes& message, const Bytes& signature) {
    return Ed25519PublicKey::from_bytes(unhex(key["pk"]))->verify(message, signature);
  }), 88);
}

}  // namespace
}  // namespace countersign::crypto
