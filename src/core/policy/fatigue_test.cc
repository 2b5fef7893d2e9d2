#include "core/policy/fatigue.h"

#include <gtest/gtest.h>

#include "core/base/id.h"

namespace countersign::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Instant kNow = from_unix_s(1'700'000'000);

// The budget after requests that ended so at these times.
UserBudget after_all(const std::vector<milliseconds>& at, Asked outcome = Asked::unanswered) {
  UserBudget budget;
  for (const milliseconds t : at) budget = after(budget, outcome, kNow + t);
  return budget;
}

// For how long after `at` nothing is sent; zero: it may be sent.
milliseconds silent(const UserBudget& budget, milliseconds at) {
  return std::max(budget.pull_only_until - (kNow + at), milliseconds(0));
}

TEST(UserBudget, ANewOneMayBeNotified) { EXPECT_TRUE(may_notify(UserBudget(), kNow)); }

TEST(UserBudget, ThreeInTenMinutesStopNotificationsForAnHour) {
  EXPECT_EQ(silent(after_all({minutes(0), minutes(5)}), minutes(5)), hours(0));
  const UserBudget over = after_all({minutes(0), minutes(5), minutes(9)});
  EXPECT_EQ(silent(over, minutes(9)), hours(1));
  EXPECT_FALSE(may_notify(over, kNow + minutes(69) - milliseconds(1)));
  EXPECT_TRUE(may_notify(over, kNow + minutes(69)));
}

TEST(UserBudget, ThreeInMoreThanTenMinutesDoNot) {
  EXPECT_EQ(silent(after_all({minutes(0), minutes(5), minutes(10)}), minutes(10)), hours(0));
  EXPECT_EQ(silent(after_all({minutes(0), minutes(5), minutes(10) - milliseconds(1)}), minutes(10)) > hours(0), true);
}

TEST(UserBudget, FiveInADayStopNotificationsForAnHour) {
  EXPECT_EQ(silent(after_all({hours(0), hours(5), hours(10), hours(15)}), hours(15)), hours(0));
  EXPECT_EQ(silent(after_all({hours(0), hours(5), hours(10), hours(15), hours(23)}), hours(23)), hours(1));
}

TEST(UserBudget, FiveInMoreThanADayDoNot) {
  EXPECT_EQ(silent(after_all({hours(0), hours(6), hours(12), hours(18), hours(24)}), hours(24)), hours(0));
}

TEST(UserBudget, UnansweredDeniedAndWrongNumbersCountAlike) {
  UserBudget budget = after(UserBudget(), Asked::unanswered, kNow);
  budget = after(budget, Asked::denied, kNow);
  EXPECT_TRUE(may_notify(budget, kNow));
  budget = after(budget, Asked::wrong_number, kNow);
  EXPECT_FALSE(may_notify(budget, kNow));
}

TEST(UserBudget, EachTimeTheSilenceDoublesUpToADay) {
  UserBudget budget = after_all({minutes(0), minutes(0)});
  Instant now = kNow;
  std::vector<hours> silences;
  for (int i = 0; i < 8; ++i) {
    // Three each time, so that it comes to it whatever is forgotten meanwhile.
    for (int n = 0; n < 3 && may_notify(budget, now); ++n) budget = after(budget, Asked::unanswered, now);
    silences.push_back(std::chrono::duration_cast<hours>(budget.pull_only_until - now));
    now = budget.pull_only_until - minutes(1);
    budget = after(budget, Asked::unanswered, now);  // pulled and left: it goes on in a row
    EXPECT_EQ(budget.pull_only_until, now + minutes(1)) << "what is not sent does not lengthen the silence";
    now = budget.pull_only_until;
  }
  EXPECT_EQ(silences, (std::vector<hours>{hours(1), hours(2), hours(4), hours(8), hours(16), hours(24), hours(24),
                                          hours(24)}));
}

TEST(UserBudget, ADayOfQuietBeginsAtAnHourAgain) {
  UserBudget budget = after_all({minutes(0), minutes(0), minutes(0)});
  for (int n = 0; n < 3; ++n) budget = after(budget, Asked::unanswered, kNow + hours(25));
  EXPECT_EQ(silent(budget, hours(25)), hours(1));
}

TEST(UserBudget, AnApprovalResets) {
  UserBudget budget = after_all({minutes(0), minutes(0), minutes(0)});
  budget = after(budget, Asked::approved, kNow + minutes(1));
  EXPECT_EQ(budget, UserBudget());
  for (int n = 0; n < 3; ++n) budget = after(budget, Asked::unanswered, kNow + minutes(2));
  EXPECT_EQ(silent(budget, minutes(2)), hours(1));
}

TEST(UserBudget, TwoDenialsWithinADayProtect) {
  const UserBudget once = after_all({hours(0)}, Asked::denied);
  EXPECT_FALSE(denied_twice(once, kNow));
  EXPECT_TRUE(denied_twice(after(once, Asked::denied, kNow + hours(23)), kNow + hours(23)));
  EXPECT_FALSE(denied_twice(after(once, Asked::denied, kNow + hours(24)), kNow + hours(24)));
  EXPECT_FALSE(denied_twice(after_all({hours(0), hours(1)}, Asked::unanswered), kNow + hours(1)));
}

TEST(UserBudget, AfterTwoDenialsNothingIsSentForADay) {
  const UserBudget budget = after_all({hours(0), hours(1)}, Asked::denied);
  EXPECT_EQ(silent(budget, hours(1)), hours(0));
  EXPECT_FALSE(may_notify(budget, kNow + hours(24) - milliseconds(1)));
  EXPECT_TRUE(may_notify(budget, kNow + hours(24)));
}

TEST(UserBudget, AnApprovalBetweenTwoDenialsDoesNotHideThem) {
  UserBudget budget = after_all({hours(0)}, Asked::denied);
  budget = after(budget, Asked::approved, kNow + hours(1));
  budget = after(budget, Asked::denied, kNow + hours(2));
  EXPECT_TRUE(denied_twice(budget, kNow + hours(2)));
}

TEST(UserBudget, StaysSmallWhateverHappens) {
  UserBudget budget;
  for (int i = 0; i < 1'000; ++i) {
    budget = after(budget, Asked::denied, kNow + seconds(i));
    const auto read = decode_user_budget(encode(budget));
    ASSERT_TRUE(read) << i;
    ASSERT_EQ(*read, budget);
  }
  EXPECT_LT(encode(budget).size(), 4'096u);
}

SourceBudget asked(int users, milliseconds apart) {
  SourceBudget budget;
  for (int i = 0; i < users; ++i) budget = after(budget, "DU" + std::to_string(i), kNow + i * apart);
  return budget;
}

TEST(SourceBudget, TwentyUsersInTenMinutesAreACampaign) {
  EXPECT_EQ(asked(19, seconds(1)).blocked_until, Instant());
  const SourceBudget campaign = asked(20, seconds(1));
  EXPECT_EQ(campaign.blocked_until, kNow + seconds(19) + hours(1));
  EXPECT_TRUE(blocked(campaign, kNow + hours(1)));
  EXPECT_FALSE(blocked(campaign, campaign.blocked_until));
}

TEST(SourceBudget, TwentyUsersInMoreThanTenMinutesAreNone) {
  EXPECT_EQ(asked(20, seconds(32)).blocked_until, Instant());  // the first was 608 s ago
  EXPECT_NE(asked(20, seconds(31)).blocked_until, Instant());  // 589 s
}

TEST(SourceBudget, OneUserCountsOnce) {
  SourceBudget budget;
  for (int i = 0; i < 100; ++i) budget = after(budget, i % 2 ? "DU1" : "DU2", kNow + seconds(i));
  EXPECT_EQ(budget.uses.size(), 2u);
  EXPECT_FALSE(blocked(budget, kNow + seconds(100)));
}

TEST(SourceBudget, GoesOnBlockedWhileTheCampaignGoesOn) {
  SourceBudget budget = asked(20, seconds(1));
  const Instant first = budget.blocked_until;
  budget = after(budget, "DU99", kNow + seconds(30));
  EXPECT_GE(budget.blocked_until, first);
  EXPECT_TRUE(blocked(budget, first - milliseconds(1)));
}

TEST(SourceBudget, StaysReadableWhateverHappens) {
  SourceBudget budget;
  for (int i = 0; i < 1'000; ++i) {
    std::string user = std::to_string(i);
    budget = after(budget, user.insert(0, kIdLengthMax - user.size(), 'U'), kNow);
    ASSERT_TRUE(decode_source_budget(encode(budget))) << i;
  }
}

TEST(SourceBudget, ForgetsAUserWhoShouldNotCount) {
  SourceBudget budget = asked(19, seconds(1));
  budget = after(without(budget, "DU3"), "DU99", kNow + seconds(20));
  EXPECT_FALSE(blocked(budget, kNow + seconds(20)));
  EXPECT_TRUE(blocked(after(budget, "DU100", kNow + seconds(20)), kNow + seconds(20)));
}

TEST(SourceNetwork, IsTheNeighbourhoodOfAnAddress) {
  EXPECT_EQ(source_network("192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(source_network("::ffff:192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(source_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
  EXPECT_EQ(source_network("2001:db8:1:ffff::"), "2001:db8:1::/48");
  for (const char* other : {"", "host.example", "192.0.2.7/16", "192.0.2", "unix"}) {
    EXPECT_EQ(source_network(other), other);
  }
}

TEST(StoredBudget, ReadsBackWhatItWrites) {
  const UserBudget user = after_all({hours(0), hours(1), hours(1), hours(1)}, Asked::denied);
  for (const UserBudget& budget : {UserBudget(), user}) EXPECT_EQ(*decode_user_budget(encode(budget)), budget);
  SourceBudget odd = asked(20, seconds(1));
  odd.uses[0].user = "3:x;";
  for (const SourceBudget& budget : {SourceBudget(), odd}) EXPECT_EQ(*decode_source_budget(encode(budget)), budget);
}

TEST(StoredBudget, IsRefusedWithAByteMoreOrLess) {
  const std::string user = encode(after_all({hours(0), hours(1)}, Asked::denied));
  const std::string source = encode(asked(3, seconds(1)));
  for (std::size_t size = 0; size < user.size(); ++size) {
    EXPECT_EQ(decode_user_budget(user.substr(0, size)).error().code, Errc::malformed) << size;
  }
  for (std::size_t size = 0; size < source.size(); ++size) {
    EXPECT_EQ(decode_source_budget(source.substr(0, size)).error().code, Errc::malformed) << size;
  }
  EXPECT_EQ(decode_user_budget(user + "0:;").error().code, Errc::malformed);
  EXPECT_EQ(decode_source_budget(source + "0:;").error().code, Errc::malformed);
  EXPECT_EQ(decode_user_budget(source).error().code, Errc::malformed);
  EXPECT_EQ(decode_source_budget(user).error().code, Errc::malformed);
}

TEST(StoredBudget, IsRefusedWithMoreThanABudgetHolds) {
  UserBudget user;
  user.failed.assign(65, kNow);
  EXPECT_EQ(decode_user_budget(encode(user)).error().code, Errc::malformed);
  user.failed.clear();
  user.denials.assign(65, kNow);
  EXPECT_EQ(decode_user_budget(encode(user)).error().code, Errc::malformed);
  SourceBudget source;
  source.uses.assign(257, {"DU1", kNow});
  EXPECT_EQ(decode_source_budget(encode(source)).error().code, Errc::malformed);
  source.uses.assign(1, {std::string(40'000, 'u'), kNow});
  EXPECT_EQ(decode_source_budget(encode(source)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::policy
