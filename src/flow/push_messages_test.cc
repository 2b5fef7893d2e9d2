// Subscriptions, the outbox and notices, as flows see them.
#include <gtest/gtest.h>

#include "core/crypto/sign.h"
#include "flow/notices.h"
#include "flow/outbox.h"
#include "flow/subscribe.h"
#include "store/users.h"
#include "testing/house.h"

namespace countersign::flow {
namespace {

using testing::need;
using testing::outcome;

struct PushMessages : ::testing::Test {
  testing::House house;
  PushMessages() { house.ports.settings.push_services = need(webpush::Services::parse({"push.example.org"})); }

  webpush::Subscription to(std::string endpoint) {
    return {.endpoint = std::move(endpoint),
            .p256dh = crypto::Es256Key::generate(house.random).public_key().point(),
            .auth = Secret(ByteView(random_bytes(house.random, webpush::kAuthSize)))};
  }
  // A phone with an authenticator.
  Phone bound_phone() {
    const Phone phone = house.add_phone(house.user);
    ActivateRequest request;
    request.code = Secret(house.activation_code(phone));
    request.public_key = crypto::Es256Key::generate(house.random).public_key().point();
    return need(outcome<Activated>(
                    [&](Done<Activated> done) { activate(house.ports, std::move(request), std::move(done)); }))
        .phone;
  }
  Result<void> subscribed(const Phone& phone, std::string endpoint = "https://push.example.org/1") {
    return outcome<void>(
        [&](Done<void> done) { subscribe(house.ports, {phone, to(std::move(endpoint))}, std::move(done)); });
  }
  Phone subscriber() {
    Phone phone = bound_phone();
    need(subscribed(phone));
    need(claim_looks(house.ports, 100, seconds(0)));
    return phone;
  }
  void queue(const Phone& phone, LookFor why = LookFor::sign_in) {
    need(outcome<void>([&](Done<void> done) {
      house.store->write([&](store::Txn& txn) { return queue_look(house.ports, txn, phone, why); }, std::move(done));
    }));
  }
  std::vector<store::OutboxRow> claim() { return need(claim_looks(house.ports, 100, seconds(20))); }
  void settle(const store::OutboxRow& look, Settled settled) {
    const auto open = open_subscription(house.ports, look.tenant, look.phone);
    settle_at(look, open ? &open->stored : nullptr, settled);
  }
  void settle_at(const store::OutboxRow& look, const store::StoredSubscription* at, Settled settled) {
    need(outcome<void>([&](Done<void> done) { settle_look(house.ports, look, at, settled, std::move(done)); }));
  }
  Errc subscription_error(const Phone& phone) {
    const auto open = open_subscription(house.ports, phone.tenant, phone.id);
    return open ? Errc::conflict : open.error().code;
  }
};

TEST_F(PushMessages, ASubscriptionIsSealedAndOpensForSending) {
  const Phone phone = subscriber();
  const auto open = open_subscription(house.ports, phone.tenant, phone.id);
  ASSERT_TRUE(open) << open.error().what;
  EXPECT_EQ(open->subscription.endpoint, "https://push.example.org/1");
  EXPECT_EQ(text_of(open->stored.sealed).find("push.example.org"), std::string_view::npos);
}

TEST_F(PushMessages, ASubscriptionElsewhereIsRefused) {
  const Phone phone = bound_phone();
  const auto done = subscribed(phone, "https://169.254.169.254/latest");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::refused);
  EXPECT_EQ(subscribed(phone, "ftp://push.example.org/").error().code, Errc::malformed);
}

TEST_F(PushMessages, APhoneThatIsGoneCannotSubscribe) {
  const Phone phone = bound_phone();
  need(delete_phone(house.by(), phone));
  EXPECT_EQ(subscribed(phone).error().code, Errc::not_found);
}

TEST_F(PushMessages, ASubscriptionEndsOnRequestAndWithANewAuthenticator) {
  const Phone phone = subscriber();
  need(outcome<void>([&](Done<void> done) { unsubscribe(house.ports, phone, std::move(done)); }));
  EXPECT_EQ(subscription_error(phone), Errc::not_found);
  need(subscribed(phone));
  ActivateRequest request;
  request.code = Secret(house.activation_code(phone));
  request.public_key = crypto::Es256Key::generate(house.random).public_key().point();
  need(outcome<Activated>([&](Done<Activated> done) { activate(house.ports, std::move(request), std::move(done)); }));
  EXPECT_EQ(subscription_error(phone), Errc::not_found) << "the old authenticator must not hear of the new one";
}

TEST_F(PushMessages, APhoneWithoutSubscriptionIsNotLookedFor) {
  queue(bound_phone());
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, ALookIsClaimedOnceAndWorthSendingWhileItsRequestWaits) {
  queue(subscriber());
  const auto looks = claim();
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].expires, house.clock.now() + house.ports.settings.push_lifetime);
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, ALookWhoseSenderDiedComesBackAfterTheLease) {
  queue(subscriber());
  ASSERT_EQ(claim().size(), 1U);
  house.clock.advance(seconds(20));
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(PushMessages, ALookThatHasRunOutIsNotSent) {
  queue(subscriber());
  house.clock.advance(house.ports.settings.push_lifetime);
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, ALookSentIsDone) {
  queue(subscriber());
  settle(claim().at(0), {.end = LookEnd::sent});
  house.clock.advance(seconds(30));
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, ALookComesAgainAfterABackOffThatGrows) {
  queue(subscriber());
  settle(claim().at(0), {.end = LookEnd::later});
  EXPECT_TRUE(claim().empty());
  house.clock.advance(seconds(1));
  settle(claim().at(0), {.end = LookEnd::later});
  house.clock.advance(seconds(1));
  EXPECT_TRUE(claim().empty());
  house.clock.advance(seconds(1));
  EXPECT_EQ(claim().size(), 1U);
  EXPECT_EQ(back_off(4), seconds(8));
  EXPECT_EQ(back_off(1'000), seconds(30));
}

TEST_F(PushMessages, ALookWaitsAsLongAsTheServiceAskedForAlsoWithANewerOne) {
  const Phone phone = subscriber();
  queue(phone);
  settle(claim().at(0), {.end = LookEnd::later, .not_before = seconds(10)});
  queue(phone);
  house.clock.advance(seconds(9));
  EXPECT_TRUE(claim().empty());
  house.clock.advance(seconds(1));
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(PushMessages, ALookThatCouldOnlyComeTooLateIsGivenUp) {
  queue(subscriber());
  settle(claim().at(0), {.end = LookEnd::later, .not_before = seconds(60)});
  house.clock.advance(seconds(59));
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, AGoneSubscriptionIsDropped) {
  const Phone phone = subscriber();
  queue(phone);
  settle(claim().at(0), {.end = LookEnd::gone});
  EXPECT_EQ(subscription_error(phone), Errc::not_found);
  house.clock.advance(seconds(30));
  EXPECT_TRUE(claim().empty());
}

TEST_F(PushMessages, ASubscriptionMadeWhileTheOldOneWasFoundGoneStaysAndGetsTheLook) {
  const Phone phone = subscriber();
  queue(phone);
  const auto look = claim().at(0);
  const auto old = need(open_subscription(house.ports, phone.tenant, phone.id));
  need(subscribed(phone, "https://push.example.org/2"));
  settle_at(look, &old.stored, {.end = LookEnd::gone});
  ASSERT_EQ(claim().size(), 1U);
  EXPECT_EQ(need(open_subscription(house.ports, phone.tenant, phone.id)).subscription.endpoint,
            "https://push.example.org/2");
}

TEST_F(PushMessages, ALookQueuedWhileAnotherIsSentIsSentToo) {
  const Phone phone = subscriber();
  queue(phone);
  const auto look = claim().at(0);
  queue(phone);
  settle(look, {.end = LookEnd::sent});
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(PushMessages, ANewAuthenticatorIsNotedAndTheOtherPhonesLook) {
  const Phone first = subscriber();
  const Phone second = bound_phone();
  const auto looks = claim();
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].phone, first.id);
  EXPECT_GT(looks[0].expires, house.clock.now() + std::chrono::hours(23));
  EXPECT_NE(std::find(house.woken.begin(), house.woken.end(), kOutboxKey), house.woken.end());
  const auto notices = need(notices_of(house.ports, first));
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].kind, "factor_added");
  EXPECT_NE(notices[0].text.find("set up on one of your phones"), std::string::npos);
  EXPECT_EQ(need(notices_of(house.ports, second)).size(), 2U);
}

TEST_F(PushMessages, WhatAnAdministratorChangesIsNoted) {
  const Phone phone = subscriber(), lost = bound_phone();
  TokenDraft draft;
  draft.kind = TokenKind::hotp;
  const CreatedToken token = need(create_token(house.by(), house.user, draft));
  need(delete_token(house.by(), token.token));
  need(issue_bypass(house.by(), house.user, {}));
  need(delete_phone(house.by(), lost));
  const auto notices = need(notices_of(house.ports, phone));
  ASSERT_EQ(notices.size(), 6U) << "two phones, token, no token, codes, no phone";
  EXPECT_EQ(std::count_if(notices.begin(), notices.end(), [](const Notice& n) { return n.kind == "factor_removed"; }),
            2);
  ASSERT_EQ(claim().size(), 1U) << "one look for all of them";
}

TEST_F(PushMessages, WhoHasNoAuthenticatorIsNotToldAnything) {
  TokenDraft draft;
  draft.kind = TokenKind::hotp;
  need(create_token(house.by(), house.user, draft));
  const Phone phone = bound_phone();
  EXPECT_EQ(need(notices_of(house.ports, phone)).size(), 1U) << "its own";
}

}  // namespace
}  // namespace countersign::flow
