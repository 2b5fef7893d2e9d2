#include <gtest/gtest.h>

#include "core/base/id.h"
#include "core/base/phone_number.h"
#include "core/base/random.h"
#include "core/base/secret.h"
#include "core/base/time.h"
#include "testing/seeded_random.h"

namespace countersign {
namespace {

Result<int> half(int n) {
  if (n % 2) return Error{Errc::malformed, "odd"};
  return n / 2;
}
Result<int> quarter(int n) {
  const int h = TRY(half(n));
  return half(h);
}

TEST(Result, CarriesTheFirstErrorOut) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().what, "odd");
  EXPECT_EQ(quarter(3).error().code, Errc::malformed);
}

TEST(ResultDeathTest, AbortsWhenAnErrorIsRead) { EXPECT_DEATH((void)*half(1), ""); }

template <class T>
concept Comparable = requires(const T& a) { a == a; };
static_assert(!Comparable<Secret> && !std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<std::string, UserId> && !std::is_convertible_v<UserId, PhoneId>);

TEST(Secret, IsEmptyAfterItWasMoved) {
  Secret a("a secret that is longer than the small string buffer");
  const Secret b = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.size(), 52u);
}

TEST(Id, IsTwentyCharactersWithItsPrefix) {
  testing::SeededRandom random;
  const auto id = UserId::make(random);
  EXPECT_EQ(id.text().size(), 20u);
  EXPECT_TRUE(id.text().starts_with("DU"));
  EXPECT_NE(id, UserId::make(random));
  EXPECT_EQ(AttemptId::make(random).text().size(), 36u);
}

TEST(Id, RefusesWhatNoIdContains) {
  EXPECT_FALSE(UserId::parse(""));
  EXPECT_FALSE(UserId::parse("DU 1"));
  EXPECT_FALSE(UserId::parse(std::string(65, 'A')));
  EXPECT_FALSE(UserId::parse(std::string_view("A\0B", 3)));
}

TEST(PhoneNumber, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(PhoneNumber::parse("+1 (555) 010-0100")->reveal(), "+15550100100");
  EXPECT_EQ(PhoneNumber::parse("555.010.0100")->reveal(), "+15550100100");
  EXPECT_EQ(PhoneNumber::parse("+49 30 901820")->masked(), "XXX-XXX-1820");
  EXPECT_FALSE(PhoneNumber::parse("+1555010010x"));
  EXPECT_FALSE(PhoneNumber::parse("+1234567890123456"));
  EXPECT_FALSE(PhoneNumber::parse("12"));
}

TEST(Random, UuidsAreVersionFour) {
  testing::SeededRandom random;
  const std::string uuid = random_uuid(random);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

}  // namespace
}  // namespace countersign
