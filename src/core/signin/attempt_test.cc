#include "core/signin/attempt.h"

#include <gtest/gtest.h>

#include <random>

namespace countersign::signin {
namespace {

const Instant kNow = from_unix_s(1'700'000'000);
const Instant kEnd = kNow + seconds(60);

Attempt attempt_in(State state) {
  Attempt attempt;
  attempt.state = state;
  attempt.expires = kEnd;
  return attempt;
}

// What became of it: "state reason", or the error's code.
std::string after(const Attempt& attempt, const Event& event, Instant now = kNow) {
  const Result<Attempt> next = step(attempt, event, now);
  if (!next) return countersign::name(next.error().code);
  return std::string(name(next->state)) + (next->reason.empty() ? "" : " " + next->reason);
}

const PhoneId kPhone = PhoneId::trusted("DP1");
const Sent kSent{kPhone, kEnd};
const Approved kRight{"482", "482"}, kWrong{"483", "482"};
constexpr State kEveryState[] = {State::prepared, State::open,      State::allowed,  State::denied,
                                 State::fraud,    State::timed_out, State::cancelled};

struct Case {
  const char* event;
  Event value;
  const char* prepared;       // what becomes of a prepared attempt in time
  const char* open;           // and of an open one
  const char* prepared_late;  // and of either after its end
  const char* open_late;
};
const Case kCases[] = {
    {"sent", kSent, "open", "conflict", "conflict", "conflict"},
    {"right number", kRight, "conflict", "allowed user_approved", "conflict", "conflict"},
    {"wrong number", kWrong, "conflict", "denied user_mistake", "conflict", "conflict"},
    {"denied", Denied{false}, "conflict", "denied user_cancelled", "conflict", "conflict"},
    {"not me", Denied{true}, "conflict", "fraud user_marked_fraud", "conflict", "conflict"},
    {"refused", Refused{"user_disabled"}, "conflict", "denied user_disabled", "conflict", "conflict"},
    {"extended", Extended{kEnd + seconds(60)}, "conflict", "open", "conflict", "conflict"},
    {"expired", Expired{}, "conflict", "conflict", "timed_out no_response", "timed_out no_response"},
    {"cancelled", Cancelled{}, "cancelled user_cancelled", "cancelled user_cancelled", "conflict", "conflict"},
};

TEST(Attempt, EveryStateMeetsEveryEvent) {
  for (const Case& c : kCases) {
    for (const State state : kEveryState) {
      const bool prepared = state == State::prepared, open = state == State::open;
      EXPECT_EQ(after(attempt_in(state), c.value), prepared ? c.prepared : open ? c.open : "conflict")
          << name(state) << " meets " << c.event;
      EXPECT_EQ(after(attempt_in(state), c.value, kEnd), prepared ? c.prepared_late : open ? c.open_late : "conflict")
          << name(state) << " meets " << c.event << " late";
    }
  }
}

TEST(Attempt, AFinalStateNeverChanges) {
  std::mt19937_64 chance(7);
  int ends = 0;
  for (int round = 0; round < 2000; ++round) {
    Attempt attempt = attempt_in(State::prepared);
    attempt.number = chance() % 2 ? Number::shown : Number::nowhere;
    Instant now = kNow;
    std::optional<State> end;
    for (int i = 0; i < 12; ++i) {
      now += seconds(static_cast<int>(chance() % 20));
      const Result<Attempt> next = step(attempt, kCases[chance() % std::size(kCases)].value, now);
      if (end) ASSERT_FALSE(next) << "a final attempt took another event";
      if (next) attempt = *next;
      if (final(attempt.state)) end = attempt.state;
      if (end) ASSERT_EQ(attempt.state, *end);
    }
    ends += end ? 1 : 0;
  }
  EXPECT_GT(ends, 1000);
}

TEST(Attempt, SentNamesThePhoneAndTheNewEnd) {
  const Attempt open = *step(attempt_in(State::prepared), Sent{kPhone, kEnd + seconds(5)}, kNow);
  EXPECT_EQ(open.phone, kPhone);
  EXPECT_EQ(open.expires, kEnd + seconds(5));
}

TEST(Attempt, CannotBeSentToEndInThePast) {
  EXPECT_EQ(after(attempt_in(State::prepared), Sent{kPhone, kNow}), "conflict");
}

TEST(Attempt, IsGivenMoreTimeTenTimes) {
  Attempt attempt = attempt_in(State::open);
  for (int time = 1; time <= 10; ++time) {
    attempt = *step(attempt, Extended{kEnd + seconds(60 * time)}, kNow);
    EXPECT_EQ(attempt.expires, kEnd + seconds(60 * time));
    EXPECT_EQ(attempt.extensions, time);
  }
  EXPECT_EQ(after(attempt, Extended{kEnd + seconds(900)}), "conflict");
  EXPECT_EQ(after(attempt, kRight, kEnd + seconds(599)), "allowed user_approved");
  EXPECT_EQ(after(attempt, kRight, kEnd + seconds(600)), "conflict");
}

TEST(Attempt, MoreTimeIsNeverLess) {
  EXPECT_EQ(after(attempt_in(State::open), Extended{kEnd}), "conflict");
  EXPECT_EQ(after(attempt_in(State::open), Extended{kNow}), "conflict");
}

TEST(Attempt, WithoutANumberAnyApprovalCounts) {
  Attempt plain = attempt_in(State::open);
  plain.number = Number::nowhere;
  EXPECT_EQ(after(plain, Approved{"", "482"}), "allowed user_approved");
}

TEST(Attempt, WithANumberOnlyThatNumberCounts) {
  for (const char* typed : {"", "48", "4822", " 482", "000"}) {
    EXPECT_EQ(after(attempt_in(State::open), Approved{typed, "482"}), "denied user_mistake") << typed;
  }
  EXPECT_EQ(after(attempt_in(State::open), Approved{"", ""}), "denied user_mistake");
}

TEST(Attempt, OnlyAllowedIsLoggedAsSuccess) {
  for (const State state : kEveryState) EXPECT_EQ(log_result(state) == "success", state == State::allowed);
  EXPECT_EQ(log_result(State::fraud), "fraud");
  EXPECT_EQ(log_result(State::timed_out), "denied");
}

TEST(AttemptState, ReadsBackWhatItWrites) {
  for (const State s : kEveryState) EXPECT_EQ(state(name(s)), s);
  EXPECT_FALSE(state("Open"));
}

Attempt full() {
  Attempt attempt;
  attempt.number = Number::nowhere;
  attempt.digits = 6;
  attempt.factor = "verified_duo_push";
  attempt.reason = "user_approved";
  attempt.app_name = "Web; shop: 1";
  attempt.type = "Überweisung";
  attempt.display_username = "alice\n";
  attempt.pushinfo = {{"from", "web"}, {"", "5:abcde;"}, {"from", ""}};
  attempt.access = {"2001:db8::1", "host", "Chrome", "141", "Windows", "10"};
  attempt.visit = VisitId::trusted("DV1");
  attempt.notify = Notify::no;
  attempt.extensions = 2;
  return attempt;
}

TEST(AttemptContext, ReadsBackWhatItWrites) {
  for (const Attempt& attempt : {full(), Attempt()}) {
    Attempt read;
    read.id = AttemptId::trusted("1");
    read.pushinfo = {{"left", "over"}};
    ASSERT_TRUE(decode_context(encode_context(attempt), read));
    EXPECT_EQ(encode_context(read), encode_context(attempt));
    EXPECT_EQ(read.pushinfo, attempt.pushinfo);
    EXPECT_EQ(read.access.ip, attempt.access.ip);
    EXPECT_EQ(read.access.os_version, attempt.access.os_version);
    EXPECT_EQ(read.visit, attempt.visit);
    EXPECT_EQ(read.notify, attempt.notify);
    EXPECT_EQ(read.extensions, attempt.extensions);
    EXPECT_EQ(read.id.text(), "1");
  }
}

TEST(AttemptContext, ReadsWhatWasWrittenBeforeThereWereVisits) {
  Attempt read = full();
  ASSERT_TRUE(
      decode_context("1;5:shown;1:3;8:duo_push;0:;3:VPN;0:;5:alice;9:192.0.2.1;4:host;1:1;4:from;3:web;", read));
  EXPECT_EQ(read.number, Number::shown);
  EXPECT_EQ(read.display_username, "alice");
  EXPECT_EQ(read.access.ip, "192.0.2.1");
  EXPECT_EQ(read.access.hostname, "host");
  EXPECT_EQ(read.pushinfo.size(), 1u);
  EXPECT_TRUE(read.access.browser.empty());
  EXPECT_TRUE(read.visit.empty());
  EXPECT_EQ(read.notify, Notify::yes);
  EXPECT_EQ(read.extensions, 0);
}

TEST(AttemptContext, IsRefusedWithMoreExtensionsThanThereCanBe) {
  Attempt attempt = full();
  attempt.extensions = kExtensionsMax + 1;
  Attempt read;
  EXPECT_EQ(decode_context(encode_context(attempt), read).error().code, Errc::malformed);
}

TEST(AttemptContext, IsRefusedWithAByteMoreOrLess) {
  const std::string whole = encode_context(full());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Attempt read = full();
    EXPECT_EQ(decode_context(whole.substr(0, size), read).error().code, Errc::malformed) << size;
  }
  Attempt read;
  EXPECT_EQ(decode_context(whole + "0:;", read).error().code, Errc::malformed);
}

TEST(AttemptContext, ARefusedOneChangesNothing) {
  Attempt read = full();
  const std::string before = encode_context(read);
  EXPECT_FALSE(decode_context("1;5:shown;1:3;0:;", read));
  EXPECT_EQ(encode_context(read), before);
}

TEST(AttemptContext, HoldsTheMostPairsThatPushinfoCanHave) {
  Attempt attempt;
  attempt.pushinfo.assign(10'000, {"a", ""});  // 20,000 bytes of "a&"
  Attempt read;
  ASSERT_TRUE(decode_context(encode_context(attempt), read));
  EXPECT_EQ(read.pushinfo.size(), 10'000u);
}

}  // namespace
}  // namespace countersign::signin
