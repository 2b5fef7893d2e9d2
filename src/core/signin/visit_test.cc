#include "core/signin/visit.h"

#include <gtest/gtest.h>

#include "core/record/stored_event.h"

namespace countersign::signin {
namespace {

const Instant kNow = from_unix_s(1'700'000'000);
const Instant kEnd = kNow + kVisitLifetime;
constexpr VisitState kEveryState[] = {VisitState::open, VisitState::allowed, VisitState::redeemed, VisitState::denied};

Visit visit_in(VisitState state) {
  Visit visit;
  visit.state = state;
  visit.created = kNow;
  visit.expires = kEnd;
  visit.ended = kNow;
  return visit;
}

record::AuthEvent event() {
  record::AuthEvent event;
  event.id = EventId::trusted("e-1");
  event.txid = AttemptId::trusted("t-1");
  event.at = kNow;
  event.result = "success";
  event.reason = "user_approved";
  event.groups = {"staff"};
  return event;
}

// What became of it: the state's name, or the error's code.
std::string said(const Result<Visit>& next) {
  return next ? std::string(name(next->state)) : std::string(countersign::name(next.error().code));
}

Visit full() {
  Visit visit = visit_in(VisitState::open);
  visit.planned_user = UserId::trusted("DU1");
  visit.username = "Zoë; 1:x";
  visit.back = {"https://app.example/cb", "state;:", "nonce", "duo_code", "localhost:8443"};
  visit.browser = BrowserId::trusted("DB1");
  visit.cookie_digest = {0, 1, ';'};
  visit.browser_key = {4, 0, 255};
  visit.access = {"192.0.2.1", "host", "Chrome", "141", "Windows", "10"};
  visit.challenge = {9, 0, 9};
  visit.push = AttemptId::trusted("t-2");
  visit.failed = {"webauthn-platform", ""};
  visit.problem = "user_mistake";
  visit.binding = Binding{PhoneId::trusted("DP1"), "CODE"};
  visit.remember = Remember::yes;
  visit.reason = "user_approved";
  visit.reference = "R1";
  visit.event_id = EventId::trusted("e-1");
  visit.event = "a2;0:;";
  visit.ended = kNow + milliseconds(7);
  return visit;
}

TEST(Visit, EveryStateMeetsEveryStep) {
  struct Case {
    VisitState state;
    const char *allow, *deny, *redeem;
  };
  const Case cases[] = {
      {VisitState::open, "allowed", "denied", "refused"},
      {VisitState::allowed, "conflict", "conflict", "redeemed"},
      {VisitState::redeemed, "conflict", "conflict", "refused"},
      {VisitState::denied, "conflict", "conflict", "refused"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(said(allow(visit_in(c.state), event(), kNow)), c.allow) << name(c.state);
    EXPECT_EQ(said(deny(visit_in(c.state), "no_response", "R", kNow)), c.deny) << name(c.state);
    EXPECT_EQ(said(redeem(visit_in(c.state), kNow)), c.redeem) << name(c.state);
  }
}

TEST(Visit, AfterItsTimeNothingEndsIt) {
  EXPECT_EQ(said(allow(visit_in(VisitState::open), event(), kEnd - milliseconds(1))), "allowed");
  EXPECT_EQ(said(allow(visit_in(VisitState::open), event(), kEnd)), "conflict");
  EXPECT_EQ(said(deny(visit_in(VisitState::open), "no_response", "R", kEnd)), "conflict");
}

TEST(Visit, AnAllowedOneKeepsItsEventForTheToken) {
  const Visit allowed = *allow(full(), event(), kNow + seconds(5));
  EXPECT_EQ(allowed.reason, "user_approved");
  EXPECT_EQ(allowed.event_id.text(), "e-1");
  EXPECT_EQ(allowed.ended, kNow + seconds(5));
  EXPECT_EQ(allowed.expires, kNow + seconds(65));
  record::AuthEvent back;
  back.id = allowed.event_id;
  ASSERT_TRUE(record::decode(allowed.event, back));
  EXPECT_EQ(back.txid.text(), "t-1");
  EXPECT_EQ(back.groups, std::vector<std::string>{"staff"});
}

TEST(Visit, ADeniedOneSaysWhyAndWhatToQuote) {
  const Visit denied = *deny(full(), "account_protected", "K7", kNow);
  EXPECT_EQ(denied.reason, "account_protected");
  EXPECT_EQ(denied.reference, "K7");
  EXPECT_EQ(denied.ended, kNow);
}

TEST(Visit, AnEndedOneHoldsNoChallengeAndNoActivationCode) {
  for (const Visit& over : {*allow(full(), event(), kNow), *deny(full(), "no_response", "R", kNow)}) {
    EXPECT_TRUE(over.challenge.empty());
    EXPECT_FALSE(over.binding);
  }
}

TEST(Visit, ItsCodeIsFetchedOnceWithinAMinute) {
  const Visit allowed = *allow(visit_in(VisitState::open), event(), kNow);
  EXPECT_EQ(said(redeem(allowed, kNow + kCodeLifetime - milliseconds(1))), "redeemed");
  EXPECT_EQ(said(redeem(allowed, kNow + kCodeLifetime)), "refused");
  EXPECT_EQ(said(redeem(*redeem(allowed, kNow), kNow)), "refused");
}

TEST(VisitStates, ReadBackWhatTheyWrite) {
  for (const VisitState state : kEveryState) EXPECT_EQ(visit_state(name(state)), state);
  EXPECT_FALSE(visit_state("Open"));
  EXPECT_FALSE(visit_state(""));
}

TEST(VisitContext, ReadsBackWhatItWrites) {
  for (const Visit& visit : {full(), Visit()}) {
    Visit read = full();
    read.id = VisitId::trusted("DV9");
    ASSERT_TRUE(decode_context(encode_context(visit), read));
    EXPECT_EQ(encode_context(read).reveal(), encode_context(visit).reveal());
    EXPECT_EQ(read.id.text(), "DV9");
    EXPECT_EQ(read.username, visit.username);
    EXPECT_EQ(read.back.issuer, visit.back.issuer);
    EXPECT_EQ(read.browser, visit.browser);
    EXPECT_EQ(read.cookie_digest, visit.cookie_digest);
    EXPECT_EQ(read.browser_key, visit.browser_key);
    EXPECT_EQ(read.access.os_version, visit.access.os_version);
    EXPECT_EQ(read.challenge, visit.challenge);
    EXPECT_EQ(read.push, visit.push);
    EXPECT_EQ(read.failed, visit.failed);
    EXPECT_EQ(read.binding.has_value(), visit.binding.has_value());
    EXPECT_EQ(read.remember, visit.remember);
    EXPECT_EQ(read.event, visit.event);
    EXPECT_EQ(read.ended, visit.ended);
  }
  Visit read;
  ASSERT_TRUE(decode_context(encode_context(full()), read));
  EXPECT_EQ(read.binding->phone.text(), "DP1");
  EXPECT_EQ(read.binding->activation_code, "CODE");
}

TEST(VisitContext, HoldsTheLargestEventThereIs) {
  Visit visit = full();
  visit.event = std::string(record::kStoredEventMax, 'e');
  Visit read;
  ASSERT_TRUE(decode_context(encode_context(visit), read));
  EXPECT_EQ(read.event, visit.event);
}

TEST(VisitContext, HasALimit) {
  Visit visit = full();
  visit.event = std::string(2 * record::kStoredEventMax, 'e');
  Visit read;
  EXPECT_EQ(decode_context(encode_context(visit), read).error().code, Errc::malformed);
}

TEST(VisitContext, IsRefusedWithAByteMoreOrLessAndChangesNothing) {
  const std::string whole(encode_context(full()).reveal());
  Visit read;
  const std::string before(encode_context(read).reveal());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_context(Secret(whole.substr(0, size)), read).error().code, Errc::malformed) << size;
  }
  EXPECT_EQ(decode_context(Secret(whole + "0:;"), read).error().code, Errc::malformed);
  EXPECT_EQ(encode_context(read).reveal(), before);
}

}  // namespace
}  // namespace countersign::signin
