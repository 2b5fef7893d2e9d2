#include "core/crypto/x25519.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using testing::unhex;

X25519PublicKey public_key(const std::string& hex) { return *X25519PublicKey::from_bytes(unhex(hex)); }

TEST(X25519, BothSidesFindTheSameSecret) {
  testing::SeededRandom random;
  const X25519Key ada = X25519Key::generate(random), ben = X25519Key::generate(random);
  const Secret of_ada = *ada.agree(ben.public_key()), of_ben = *ben.agree(ada.public_key());
  EXPECT_EQ(of_ada.size(), 32u);
  EXPECT_TRUE(equal(of_ada.reveal_bytes(), of_ben.reveal_bytes()));
  EXPECT_FALSE(equal(of_ada.reveal_bytes(), ada.agree(ada.public_key())->reveal_bytes()));
}

// RFC 7748 §5.2, the first vector.
TEST(X25519, AgreesWithTheStandardsExample) {
  const auto ours = *X25519Key::from_bytes(unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"));
  const auto shared = ours.agree(public_key("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
  EXPECT_TRUE(equal(shared->reveal_bytes(), unhex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")));
}

TEST(X25519, IsReadBackFromItsBytes) {
  testing::SeededRandom random;
  const X25519Key key = X25519Key::generate(random);
  EXPECT_EQ(X25519Key::from_bytes(key.scalar().reveal_bytes())->public_key(), key.public_key());
  EXPECT_EQ(*X25519PublicKey::from_bytes(key.public_key().bytes()), key.public_key());
}

TEST(X25519, FindsOtherLengthsMalformed) {
  for (const std::size_t size : {0u, 31u, 33u}) {
    EXPECT_EQ(X25519PublicKey::from_bytes(Bytes(size, 9)).error().code, Errc::malformed);
    EXPECT_EQ(X25519Key::from_bytes(Bytes(size, 9)).error().code, Errc::malformed);
  }
}

// The points of order 1, 2, 4 and 8, also above the prime and on the twist.
TEST(X25519, RefusesKeysOfSmallOrderAndLeavesNoErrorBehind) {
  testing::SeededRandom random;
  const X25519Key key = X25519Key::generate(random);
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    EXPECT_EQ(key.agree(public_key(point)).error().code, Errc::refused) << point;
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// Acceptable are keys on the twist and keys above the prime: taken, as RFC 7748 §5 says. What gives zeros is refused.
TEST(X25519, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/x25519_test.json");
  int agreed = 0, refused = 0;
  for (const auto& group : file["testGroups"]) {
    for (const auto& one : group["tests"]) {
      const auto ours = *X25519Key::from_bytes(unhex(one["private"]));
      const auto shared = ours.agree(public_key(one["public"]));
      const Bytes expected = unhex(one["shared"]);
      if (expected == Bytes(32, 0)) {
        EXPECT_NE(one["result"], "valid");
        EXPECT_EQ(shared.error().code, Errc::refused) << one["tcId"];
        ++refused;
      } else {
        ASSERT_NE(one["result"], "invalid");
        ASSERT_TRUE(shared) << one["tcId"];
        EXPECT_TRUE(equal(shared->reveal_bytes(), expected)) << one["tcId"];
        ++agreed;
      }
    }
  }
  EXPECT_EQ(agreed, 487);
  EXPECT_EQ(refused, 31);
}

}  // namespace
}  // namespace countersign::crypto
