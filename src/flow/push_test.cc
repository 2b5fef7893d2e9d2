#include "flow/push.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/crypto/sign.h"
#include "flow/enrol.h"
#include "flow/preauth.h"
#include "store/protection.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using factor::push::Decision;
using testing::finish;
using testing::says;
using testing::SmallWorld;

// A user with an activated phone, and what one can do with both.
class Push : public ::testing::Test {
 protected:
  SmallWorld world;
  crypto::Es256Key device = crypto::Es256Key::generate(world.random);
  User alice = world.add_user("alice");
  Phone phone = bind(alice);

  Phone bind(const User& user) {
    Phone made;
    made.tenant = user.tenant;
    made.id = PhoneId::make(world.random);
    made.user = user.id;
    world.write([&](store::Txn& txn) { return store::insert_phone(txn, made); });
    const auto link = finish<ActivationLink>([&](Done<ActivationLink> done) {
      new_activation(*world.ports, user.tenant, made.id, seconds(60), std::move(done));
    });
    return redeem(link->code)->phone;
  }

  Result<Activated> redeem(const std::string& code) {
    return finish<Activated>([&](Done<Activated> done) {
      ActivateRequest request;
      request.code = Secret(code);
      request.public_key = device.public_key().point();
      activate(*world.ports, std::move(request), std::move(done));
    });
  }

  Result<Standing> begin(std::string ip = "192.0.2.1", Screen screen = Screen::number) {
    return finish<Standing>([&](Done<Standing> done) {
      PushRequest request;
      request.app = world.app;
      request.user = "alice";
      request.access.ip = std::move(ip);
      request.screen = screen;
      begin_push(*world.ports, std::move(request), std::move(done));
    });
  }

  Result<Standing> reply(const AttemptId& attempt, Decision decision, const std::string& number) {
    return finish<Standing>([&](Done<Standing> done) {
      Answer answer;
      answer.phone = phone;
      answer.attempt = attempt;
      answer.decision = decision;
      answer.number = number;
      answer.signature =
          device.sign(bytes_of(factor::push::answer_message(attempt.text(), number, decision)));
      answer_push(*world.ports, std::move(answer), std::move(done));
    });
  }

  Result<Standing> standing(const AttemptId& attempt) {
    return finish<Standing>(
        [&](Done<Standing> done) { attempt_standing(*world.ports, world.app, attempt, std::move(done)); });
  }
};

TEST_F(Push, IsApprovedByTypingTheNumber) {
  const Standing begun = *begin();
  ASSERT_EQ(begun.number.size(), 3u);
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number)->reason, "user_approved");
  EXPECT_EQ(standing(begun.attempt)->state, signin::State::allowed);
  const auto events = world.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(says(events[0], "factor", "verified_duo_push"));
  EXPECT_TRUE(says(events[0], "txid", begun.attempt.text()));
}

TEST_F(Push, OneWrongNumberEndsIt) {
  const Standing begun = *begin();
  const std::string wrong = begun.number == "000" ? "001" : "000";
  EXPECT_EQ(reply(begun.attempt, Decision::approve, wrong)->reason, "user_mistake");
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number).error().code, Errc::conflict);
  EXPECT_EQ(standing(begun.attempt)->state, signin::State::denied);
}

TEST_F(Push, FraudIsLoggedAsFraud) {
  const Standing begun = *begin();
  EXPECT_EQ(reply(begun.attempt, Decision::fraud, "")->state, signin::State::fraud);
  EXPECT_TRUE(says(world.events()[0], "result", "fraud"));
  EXPECT_TRUE(says(world.events()[0], "reason", "user_marked_fraud"));
}

TEST_F(Push, OnlyThePhoneItWasSentToCanAnswer) {
  const Standing begun = *begin();
  const Phone hers = phone;
  phone = bind(world.add_user("mallory"));
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number).error().code, Errc::not_found);
  phone = hers;
  device = crypto::Es256Key::generate(world.random);
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number).error().code, Errc::refused);
  EXPECT_EQ(standing(begun.attempt)->state, signin::State::open);
}

TEST_F(Push, EndsWhenNobodyAnswers) {
  const Standing begun = *begin();
  world.clock.advance(seconds(60));
  EXPECT_EQ(*finish<int>([&](Done<int> done) { expire_attempts(*world.ports, std::move(done)); }), 1);
  EXPECT_EQ(standing(begun.attempt)->reason, "no_response");
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number).error().code, Errc::conflict);
  EXPECT_EQ(world.events().size(), 1u);
}

TEST_F(Push, AnotherPlaceMustWaitAndTheSamePlaceTakesOver) {
  const Standing first = *begin("192.0.2.1");
  EXPECT_EQ(begin("198.51.100.9").error().code, Errc::exhausted);
  const Standing second = *begin("192.0.2.1");
  EXPECT_EQ(standing(first.attempt)->reason, "user_cancelled");
  EXPECT_EQ(reply(second.attempt, Decision::approve, second.number)->reason, "user_approved");
}

TEST_F(Push, OnlyOneStandsOpenAlsoInParallel) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&, i] { (void)begin("192.0.2." + std::to_string(i)); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pending_requests(*world.ports, phone)->size(), 1u);
}

TEST_F(Push, WithoutANumberIsRefusedUnlessPolicyAllows) {
  EXPECT_EQ(begin("192.0.2.1", Screen::nothing)->reason, "denied_by_policy");
  world.set_policy({{"plain_push", "allow"}});
  const Standing begun = *begin("192.0.2.1", Screen::nothing);
  EXPECT_EQ(pending_requests(*world.ports, phone)->front().digits, 0);
  EXPECT_EQ(reply(begun.attempt, Decision::approve, "")->reason, "user_approved");
}

TEST_F(Push, APollerNeedsTheNumberUntilPolicyAllowsPlainPush) {
  EXPECT_FALSE(begin("192.0.2.1", Screen::perhaps)->number.empty());
  world.set_policy({{"plain_push", "allow"}});
  EXPECT_TRUE(begin("192.0.2.1", Screen::perhaps)->number.empty());
  EXPECT_FALSE(begin("192.0.2.1", Screen::number)->number.empty());
}

TEST_F(Push, AParallelAnswerCountsOnce) {
  const Standing begun = *begin();
  std::atomic<int> applied = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      if (reply(begun.attempt, Decision::approve, begun.number)) ++applied;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(world.events().size(), 1u);
}

TEST_F(Push, AnApprovalDoesNotHelpAUserDisabledMeanwhile) {
  const Standing begun = *begin();
  world.write([&](store::Txn& txn) -> Result<void> {
    auto user = TRY(store::user_by_id(txn, alice.tenant, alice.id));
    user->status = UserStatus::disabled;
    TRY(store::update_user(txn, *user));
    return {};
  });
  const auto answered = reply(begun.attempt, Decision::approve, begun.number);
  EXPECT_FALSE(answered && answered->state == signin::State::allowed);
  EXPECT_NE(standing(begun.attempt)->state, signin::State::allowed);
}

TEST_F(Push, AnApprovalDoesNotHelpAUserProtectedMeanwhile) {
  const Standing begun = *begin();
  world.write([&](store::Txn& txn) { return store::protect_user(txn, alice.tenant, alice.id, world.clock.now()); });
  EXPECT_EQ(reply(begun.attempt, Decision::approve, begun.number)->state, signin::State::denied);
  EXPECT_EQ(standing(begun.attempt)->reason, "account_protected");
}

TEST_F(Push, AnActivationCodeWorksOnceAndNotForever) {
  const auto link = finish<ActivationLink>([&](Done<ActivationLink> done) {
    new_activation(*world.ports, world.tenant.id, phone.id, seconds(60), std::move(done));
  });
  EXPECT_TRUE(redeem(link->code));
  EXPECT_EQ(redeem(link->code).error().code, Errc::refused);
  const auto late = finish<ActivationLink>([&](Done<ActivationLink> done) {
    new_activation(*world.ports, world.tenant.id, phone.id, seconds(60), std::move(done));
  });
  world.clock.advance(seconds(60));
  EXPECT_EQ(redeem(late->code).error().what, redeem("NOSUCHCODE").error().what);
}

TEST_F(Push, VerifiedPushStartsWhatPreauthPrepared) {
  const auto prepared = finish<Preauth>([&](Done<Preauth> done) {
    PreauthRequest request;
    request.app = world.app;
    request.user = "alice";
    request.verified_push = VerifiedPush::supported;
    preauth(*world.ports, std::move(request), std::move(done));
  });
  ASSERT_FALSE(prepared->number.empty());
  EXPECT_TRUE(pending_requests(*world.ports, phone)->empty());  // nothing reaches the phone before the client asks
  const auto begun = finish<Standing>([&](Done<Standing> done) {
    PushRequest request;
    request.app = world.app;
    request.user = "alice";
    request.prepared = prepared->prepared;
    begin_push(*world.ports, std::move(request), std::move(done));
  });
  EXPECT_EQ(begun->attempt, prepared->prepared);
  EXPECT_EQ(reply(begun->attempt, Decision::approve, prepared->number)->reason, "user_approved");
}

}  // namespace
}  // namespace countersign::flow
