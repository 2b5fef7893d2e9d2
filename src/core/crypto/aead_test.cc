#include "core/crypto/aead.h"

#include <gtest/gtest.h>

#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::SeededRandom;
using countersign::testing::unhex;

AeadKey some_key() { return *AeadKey::from_bytes(Bytes(32, 7)); }

TEST(Aead, OpensWhatItSealed) {
  SeededRandom random;
  const AeadKey key = some_key();
  for (const std::string text : {"", "x", "a longer text that fills more than one block of sixteen bytes"}) {
    const Bytes sealed = key.seal(random, bytes_of("users/phone/DU1"), bytes_of(text));
    EXPECT_EQ(sealed.size(), text.size() + kAeadNonceSize + kAeadTagSize);
    EXPECT_EQ(text_of(*key.open(bytes_of("users/phone/DU1"), sealed)), text);
    EXPECT_EQ(key.open_secret(bytes_of("users/phone/DU1"), sealed)->reveal(), text);
  }
}

TEST(Aead, RefusesEveryFlippedBit) {
  SeededRandom random;
  const AeadKey key = some_key();
  const Bytes sealed = key.seal(random, bytes_of("place"), bytes_of("text"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_EQ(key.open(bytes_of("place"), changed).error().code, Errc::refused) << bit;
  }
}

TEST(Aead, RefusesAnotherPlace) {
  SeededRandom random;
  const AeadKey key = some_key();
  EXPECT_EQ(key.open(bytes_of("b"), key.seal(random, bytes_of("a"), bytes_of("text"))).error().code, Errc::refused);
}

TEST(Aead, RefusesAnotherKey) {
  SeededRandom random;
  const Bytes sealed = some_key().seal(random, {}, bytes_of("text"));
  EXPECT_EQ(AeadKey::from_bytes(Bytes(32, 8))->open({}, sealed).error().code, Errc::refused);
}

TEST(Aead, FindsWhatIsTooShortMalformed) {
  const AeadKey key = some_key();
  EXPECT_EQ(key.open({}, Bytes(27)).error().code, Errc::malformed);
  EXPECT_EQ(key.open(Bytes(11), {}, Bytes(40)).error().code, Errc::malformed);
  EXPECT_EQ(key.open(Bytes(12), {}, Bytes(15)).error().code, Errc::malformed);
  EXPECT_EQ(AeadKey::from_bytes(Bytes(16)).error().code, Errc::malformed);
}

// Groups with other key or nonce sizes are what the product never takes: 250 of the 316.
TEST(Aead, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/aes_gcm_test.json");
  int valid = 0, invalid = 0, skipped = 0;
  for (const auto& group : file["testGroups"]) {
    const bool ours = group["keySize"] == 256 && group["ivSize"] == 96 && group["tagSize"] == 128;
    for (const auto& test : group["tests"]) {
      if (!ours) {
        ++skipped;
        continue;
      }
      const AeadKey key = *AeadKey::from_bytes(unhex(test["key"]));
      const Bytes nonce = unhex(test["iv"]), associated = unhex(test["aad"]), plain = unhex(test["msg"]);
      Bytes sealed = unhex(test["ct"]);
      append(sealed, unhex(test["tag"]));
      const auto opened = key.open(nonce, associated, sealed);
      if (test["result"] == "valid") {
        EXPECT_EQ(*opened, plain) << test["tcId"];
        EXPECT_EQ(key.seal(nonce, associated, plain), sealed) << test["tcId"];
        ++valid;
      } else {
        EXPECT_EQ(opened.error().code, Errc::refused) << test["tcId"];
        ++invalid;
      }
    }
  }
  EXPECT_EQ(valid + invalid, 66);
  EXPECT_EQ(invalid, 27);
  EXPECT_EQ(skipped, 250);
}

TEST(Aead, TakesAes128WhereAsked) {
  const auto key = AeadKey::aes128(Bytes(16, 0));
  ASSERT_TRUE(key);
  // NIST GCM test case 2 (The Galois/Counter Mode of Operation, appendix B).
  EXPECT_EQ(key->seal(Bytes(12, 0), {}, Bytes(16, 0)),
            testing::unhex("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"));
  EXPECT_EQ(AeadKey::aes128(Bytes(32, 0)).error().code, Errc::malformed);
  EXPECT_EQ(AeadKey::from_bytes(Bytes(16, 0)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::crypto
