#include "core/crypto/verify_key.h"

#include <gtest/gtest.h>

#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::SeededRandom;
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
  EXPECT_EQ(check_wycheproof(file, CoseAlgorithm::rs256, [](const nlohmann::json& group) {
    return VerifyKey::rsa(unhex(group["publicKey"]["modulus"]), unhex(group["publicKey"]["publicExponent"]));
  }), (Counts{257, 7}));
}

}  // namespace
}  // namespace countersign::crypto
