#include "core/crypto/password.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

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
// The value is OpenSSL's, another implementation than ours.
TEST(PasswordKey, IsArgon2id) {
  const auto key = password_key(Secret("hello"), bytes_of("somesaltsomesalt"), {2, 8 * 1024 * 1024});
  ASSERT_TRUE(key);
  constexpr std::array<std::uint8_t, 32> kExpected = {
      0x99, 0xb1, 0xa9, 0xd4, 0x8b, 0x3e, 0xe5, 0x83, 0x78, 0x7a, 0x2e,
      0x2b, 0x74, 0x4a, 0x29, 0x23, 0xb7, 0xc3, 0x20, 0x8d, 0x16, 0x89,
      0xcb, 0x06, 0xb6, 0x87, 0x93, 0x04, 0x81, 0x21, 0x72, 0xd6};
  EXPECT_TRUE(std::ranges::equal(key->reveal_bytes(), kExpected));
}

TEST(PasswordKey, RefusesCostsThatAFileMustNotAsk) {
  EXPECT_EQ(password_key(Secret("x"), bytes_of("short"), {}).error().code, Errc::malformed);
  const ByteView salt = bytes_of("somesaltsomesalt");
  EXPECT_EQ(password_key(Secret("x"), salt, {2, kPasswordMemoryMax + 1}).error().code, Errc::malformed);
  EXPECT_EQ(password_key(Secret("x"), salt, {kPasswordPassesMax + 1, 8 * 1024 * 1024}).error().code, Errc::malformed);
  EXPECT_EQ(password_key(Secret("x"), salt, {0, 8 * 1024 * 1024}).error().code, Errc::malformed);
}

}  // namespace countersign::crypto
