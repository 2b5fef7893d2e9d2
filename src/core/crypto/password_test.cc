#include "core/crypto/password.h"

#include <gtest/gtest.h>

#include "testing/seeded_random.h"

namespace countersign::crypto {
namespace {

using countersign::testing::SeededRandom;

constexpr PasswordCost kCheap{.passes = 1, .memory_bytes = 64 * 1024};

TEST(Password, IsKnownAgain) {
  SeededRandom random;
  const auto stored = hash_password(Secret("correct horse"), kCheap, random);
  EXPECT_TRUE(stored->starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_TRUE(verify_password(Secret("correct horse"), *stored));
  EXPECT_EQ(verify_password(Secret("correct horsE"), *stored).error().code, Errc::refused);
  EXPECT_EQ(verify_password(Secret(""), *stored).error().code, Errc::refused);
}

TEST(Password, IsSaltedAnewEachTime) {
  SeededRandom random;
  EXPECT_NE(*hash_password(Secret("same"), kCheap, random), *hash_password(Secret("same"), kCheap, random));
}

TEST(Password, RefusesTextThatIsNoHash) {
  EXPECT_EQ(verify_password(Secret("x"), "").error().code, Errc::refused);
  EXPECT_EQ(verify_password(Secret("x"), std::string(500, '$')).error().code, Errc::refused);
}

TEST(Password, SaysWhenTheCostHasChanged) {
  SeededRandom random;
  const auto stored = hash_password(Secret("x"), kCheap, random);
  EXPECT_FALSE(password_is_stale(*stored, kCheap));
  EXPECT_TRUE(password_is_stale(*stored, PasswordCost()));
  EXPECT_TRUE(password_is_stale("not a hash", kCheap));
}

TEST(Password, RefusesACostThatDoesNotExist) {
  SeededRandom random;
  EXPECT_EQ(hash_password(Secret("x"), {.passes = 0, .memory_bytes = 1 << 20}, random).error().code, Errc::malformed);
  EXPECT_EQ(hash_password(Secret("x"), {.passes = 1, .memory_bytes = 1}, random).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::crypto
