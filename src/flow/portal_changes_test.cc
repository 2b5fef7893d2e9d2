// What people change in the device portal, and what they cannot.
#include <future>
#include <thread>

#include "core/factor/bypass.h"
#include "flow/notices.h"
#include "flow/portal_world_test.h"
#include "flow/push.h"
#include "store/protection.h"
#include "testing/fault_store.h"

namespace countersign::flow {
namespace {

TEST_F(PortalTest, AddsAPasskeyThatThenSignsIn) {
  give_passkey(ada);
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::done);
  const PortalView asked = seen();
  EXPECT_EQ(asked.ceremony, signin::Ceremony::create);
  const auto options = nlohmann::json::parse(asked.options);
  EXPECT_EQ(options["excludeCredentials"].size(), 1u);  // the one that is there
  testing::VirtualAuthenticator second(7);
  world.clock.advance(seconds(1));
  const std::string response = second.create(asked.options, kPortalOrigin);
  ASSERT_EQ(outcome(press(portal_add_passkey, {"", "", "Blue key", response})), PortalOutcome::done);
  const PortalView view = seen();
  ASSERT_EQ(view.factors.size(), 2u);
  EXPECT_EQ(view.factors[1].name, "Blue key");
  EXPECT_EQ(view.factors[1].lives, PortalFactor::Lives::device);
  EXPECT_NE(world.events(store::Stream::activity).back().find("webauthncredential_create"), std::string::npos);
  authenticator.credentials = second.credentials;
  enter_by_passkey();
}

TEST_F(PortalTest, ARegistrationCountsOnceAndOnlyInItsCeremony) {
  give_passkey(ada);
  enter_by_passkey();
  testing::VirtualAuthenticator second(7);
  ASSERT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::done);
  const std::string response = second.create(seen().options, kPortalOrigin);
  const PortalForm form{seen().once, "", "", response};
  ASSERT_EQ(outcome(send(portal_add_passkey, form)), PortalOutcome::done);
  EXPECT_EQ(outcome(send(portal_add_passkey, form)), PortalOutcome::look_again);
  EXPECT_EQ(outcome(press(portal_add_passkey, form)), PortalOutcome::look_again);  // no ceremony is open
  ASSERT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::done);
  EXPECT_EQ(outcome(press(portal_add_passkey, form)), PortalOutcome::passkey_refused);  // another challenge
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, ChangesWantAFreshPasskeyOfWhoHasOne) {
  world.add_totp(ada);
  give_passkey(ada);
  world.set_policy({});
  enter_by_passkey();
  world.clock.advance(signin::kProofFresh - seconds(1));
  EXPECT_EQ(seen().freshness, Freshness::fresh);
  world.clock.advance(seconds(1));
  const PortalView stale = seen();
  EXPECT_EQ(stale.freshness, Freshness::passkey);
  const std::string id = stale.factors[0].id;
  EXPECT_EQ(outcome(press(portal_remove, {"", id, "", ""})), PortalOutcome::prove);
  EXPECT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::prove);
  EXPECT_EQ(outcome(press(portal_add_phone)), PortalOutcome::prove);
  EXPECT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::prove);
  EXPECT_EQ(enrolments(ada), 2u);
  ASSERT_EQ(outcome(press(portal_ask_proof, {"", id, "", ""})), PortalOutcome::prove);
  const auto proved = press(portal_prove, {"", "", "", answer(seen().options)});
  ASSERT_EQ(outcome(proved), PortalOutcome::done);
  EXPECT_EQ(proved->next, id);
  EXPECT_EQ(outcome(press(portal_remove, {"", id, "", ""})), PortalOutcome::done);
}

TEST_F(PortalTest, APasscodeIsNotEnoughForWhoHasAPasskey) {
  world.add_totp(ada);
  enter_by_visit(ada);
  EXPECT_EQ(seen().freshness, Freshness::fresh);
  give_passkey(ada);
  EXPECT_EQ(seen().freshness, Freshness::passkey);
  EXPECT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::prove);
}

TEST_F(PortalTest, WithoutAPasskeyAStaleSessionLeadsToANewSignIn) {
  world.add_totp(ada);
  enter_by_visit(ada);
  world.clock.advance(signin::kProofFresh - seconds(61));
  EXPECT_EQ(seen().freshness, Freshness::fresh);
  world.clock.advance(seconds(61));
  EXPECT_EQ(seen().freshness, Freshness::sign_in_again);
  EXPECT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::sign_in_again);
  EXPECT_EQ(outcome(press(portal_ask_proof)), PortalOutcome::sign_in_again);
  EXPECT_EQ(enrolments(ada), 1u);
}

TEST_F(PortalTest, AProofIsOfThisUserAndCountsOnce) {
  give_passkey(ada);
  const User eve = world.add_user("eve");
  auto& held = authenticator.credentials;
  give_passkey(eve);
  const testing::VirtualAuthenticator::Held eves = held.back();
  held.pop_back();
  enter_by_passkey();
  world.clock.advance(seconds(599));
  ASSERT_TRUE(look());
  world.clock.advance(seconds(2));
  ASSERT_EQ(outcome(press(portal_ask_proof)), PortalOutcome::prove);
  auto open = nlohmann::json::parse(seen().options);
  open["allowCredentials"] = nlohmann::json::array();
  const testing::VirtualAuthenticator::Held adas = std::exchange(held, {eves}).front();
  EXPECT_EQ(outcome(press(portal_prove, {"", "", "", answer(open.dump())})), PortalOutcome::passkey_refused);
  held = {adas};
  EXPECT_EQ(outcome(press(portal_prove, {"", "", "", answer(open.dump())})), PortalOutcome::passkey_refused);
  const std::string good = answer(seen().options);
  EXPECT_EQ(outcome(press(portal_prove, {"", "", "", good})), PortalOutcome::done);
  EXPECT_EQ(outcome(press(portal_prove, {"", "", "", good})), PortalOutcome::look_again);
}

TEST_F(PortalTest, AnothersFactorIsNotTouched) {
  world.add_totp(ada);
  give_passkey(ada);
  const User eve = world.add_user("eve");
  const Enrolment eves = world.add_totp(eve);
  enter_by_passkey();
  EXPECT_EQ(outcome(press(portal_remove, {"", eves.id.text(), "", ""})), PortalOutcome::look_again);
  EXPECT_EQ(outcome(press(portal_rename, {"", eves.id.text(), "mine", ""})), PortalOutcome::look_again);
  EXPECT_EQ(outcome(press(portal_remove, {"", "", "", ""})), PortalOutcome::look_again);
  EXPECT_EQ(enrolments(eve), 1u);
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, TheLastFactorStaysWhateverRecoveryCodesThereAre) {
  const EnrolmentId passkey = give_passkey(ada);
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::done);
  ASSERT_EQ(seen().factors.size(), 1u);
  EXPECT_EQ(seen().factors[0].removable, PortalFactor::Removable::last);
  EXPECT_EQ(outcome(press(portal_remove, {"", passkey.text(), "", ""})), PortalOutcome::last_factor);
  const Enrolment token = world.add_totp(ada);
  EXPECT_EQ(outcome(press(portal_remove, {"", token.id.text(), "", ""})), PortalOutcome::done);
  EXPECT_NE(world.events(store::Stream::activity).back().find("hardtoken_delete"), std::string::npos);
  EXPECT_EQ(enrolments(ada), 2u);  // the passkey and the codes
}

// Two sessions, each taking away another of the last two: one of them is refused.
TEST_F(PortalTest, TwoAtOnceNeverTakeTheLastTwo) {
  for (int turn = 0; turn < 20; ++turn) {
    const User user = world.add_user("user" + std::to_string(turn));
    authenticator.credentials.clear();
    const std::string a = give_passkey(user).text();
    enter_by_passkey();
    const std::string first = session;
    session.clear();
    enter_by_passkey();
    const std::string second = session;
    const std::string b = give_passkey(user).text();
    const auto form = [&](const std::string& of, const std::string& id) {
      session = of;
      return std::pair(caller(), PortalForm{seen().once, id, "", ""});
    };
    auto [caller_a, form_a] = form(first, a);
    auto [caller_b, form_b] = form(second, b);
    std::promise<Result<PortalDone>> done_a, done_b;
    std::thread other([&, caller = std::move(caller_a), form = form_a]() mutable {
      portal_remove(ports, std::move(caller), form, [&](auto out) { done_a.set_value(std::move(out)); });
    });
    portal_remove(ports, std::move(caller_b), form_b, [&](auto out) { done_b.set_value(std::move(out)); });
    other.join();
    const auto out_a = outcome(done_a.get_future().get()), out_b = outcome(done_b.get_future().get());
    EXPECT_EQ((out_a == PortalOutcome::done) + (out_b == PortalOutcome::done), 1) << turn;
    EXPECT_EQ(enrolments(user), 1u) << turn;
  }
}

TEST_F(PortalTest, AFormCountsOnce) {
  world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  const PortalForm form{seen().once, "", "", ""};
  const auto first = send(portal_recovery_codes, form);
  ASSERT_EQ(outcome(first), PortalOutcome::done);
  EXPECT_EQ(first->codes.size(), 10u);
  const auto again = send(portal_recovery_codes, form);
  EXPECT_EQ(outcome(again), PortalOutcome::look_again);
  EXPECT_TRUE(again->codes.empty());
  EXPECT_EQ(outcome(send(portal_recovery_codes, {})), PortalOutcome::look_again);  // a form of no page
  EXPECT_EQ(seen().recovery->left, 10);
}

TEST_F(PortalTest, RecoveryCodesReplaceTheOlderOnesAndWork) {
  give_passkey(ada);
  enter_by_passkey();
  EXPECT_FALSE(seen().recovery->made);
  const auto old = press(portal_recovery_codes);
  const auto fresh = press(portal_recovery_codes);
  const auto state =
      store::read(*world.store, [&](store::Txn& txn) { return store::enrolments_of(txn, ada.tenant, ada.id); });
  ASSERT_EQ(state->size(), 2u);
  const Enrolment& bypass = state->at(1).kind == "bypass" ? state->at(1) : state->at(0);
  const auto check = [&](const std::string& code) {
    return world.keys->match_passcode({bypass}, Secret(std::string_view(code)), world.clock.now());
  };
  EXPECT_EQ(check(old->codes[0]).error().code, Errc::refused);
  EXPECT_TRUE(check(fresh->codes[0]));
  EXPECT_EQ(seen().recovery->made, world.clock.now());
  world.set_policy({{"allowed_auth_list", "webauthn-roaming,webauthn-platform"}});
  EXPECT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::look_again);
}

TEST_F(PortalTest, RenamesAPasskeyAndKeepsToALength) {
  const std::string id = give_passkey(ada).text();
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_rename, {"", id, "Laptop <b>", ""})), PortalOutcome::done);
  EXPECT_EQ(seen().factors[0].name, "Laptop <b>");
  for (const std::string& bad : {std::string(), std::string(61, 'x'), std::string("a\nb"), std::string("\xff")}) {
    EXPECT_EQ(outcome(press(portal_rename, {"", id, bad, ""})), PortalOutcome::bad_name) << bad;
  }
  const std::string token = world.add_totp(ada).id.text();
  EXPECT_EQ(outcome(press(portal_rename, {"", token, "Token", ""})), PortalOutcome::look_again);
  enter_by_passkey();  // the passkey still signs in under its new name
}

TEST_F(PortalTest, SetsUpAnAuthenticatorAndTellsTheOthers) {
  give_passkey(ada);
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_add_phone, {"", "", "Pixel", ""})), PortalOutcome::done);
  const PortalView waiting = seen();
  ASSERT_TRUE(waiting.activation_url);
  EXPECT_EQ(waiting.factors.size(), 1u);  // none yet
  EXPECT_FALSE(portal_wait(ports, caller())->bound);
  ASSERT_EQ(outcome(press(portal_add_phone)), PortalOutcome::done);
  EXPECT_EQ(seen().activation_url, waiting.activation_url);  // the same code, however often it is asked for
  testing::FakePhone fake(world.random, "localhost:8443");
  const std::string code = waiting.activation_url->substr(waiting.activation_url->rfind('/') + 1);
  const auto bound = testing::finish<Activated>(
      [&](auto done) { activate(ports, {Secret(std::string_view(code)), fake.public_key(), "Test"}, done); });
  ASSERT_TRUE(bound) << bound.error().what;
  EXPECT_TRUE(portal_wait(ports, caller())->bound);
  const PortalView view = seen();
  EXPECT_FALSE(view.activation_url);
  ASSERT_EQ(view.factors.size(), 2u);
  EXPECT_EQ(view.factors[1].name, "Pixel");
  // And what follows is told to it.
  ASSERT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::done);
  const auto notices = notices_of(ports, bound->phone);
  ASSERT_TRUE(notices);
  ASSERT_EQ(notices->size(), 2u);
  EXPECT_EQ(notices->front().kind, "factor_added");
  ASSERT_EQ(outcome(press(portal_remove, {"", bound->phone.id.text(), "", ""})), PortalOutcome::done);
  EXPECT_EQ(seen().factors.size(), 1u);
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, AnAuthenticatorThatIsGivenUpIsGone) {
  give_passkey(ada);
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_add_phone)), PortalOutcome::done);
  const std::string url = *seen().activation_url;
  ASSERT_EQ(outcome(press(portal_drop_phone)), PortalOutcome::done);
  testing::FakePhone fake(world.random, "localhost:8443");
  const auto bound = testing::finish<Activated>([&](auto done) {
    activate(ports, {Secret(std::string_view(url).substr(url.rfind('/') + 1)), fake.public_key(), "Test"}, done);
  });
  EXPECT_EQ(bound.error().code, Errc::refused);
}

TEST_F(PortalTest, ABrowserIsForgotten) {
  world.add_totp(ada);
  enter_by_visit(ada);
  const PortalView view = seen();
  ASSERT_EQ(view.browsers.size(), 1u);
  EXPECT_TRUE(view.browsers[0].this_one);
  EXPECT_EQ(view.browsers[0].browser, "Firefox");
  EXPECT_EQ(view.browsers[0].apps.size(), 1u);
  const std::string id = view.browsers[0].id.text();
  EXPECT_EQ(outcome(press(portal_forget_browser, {"", "DBUNKNOWN", "", ""})), PortalOutcome::look_again);
  ASSERT_EQ(outcome(press(portal_forget_browser, {"", id, "", ""})), PortalOutcome::done);
  EXPECT_TRUE(seen().browsers.empty());
}

TEST_F(PortalTest, NotMeProtectsTheAccountAndEndsEverySession) {
  world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  const std::string first = session;
  session.clear();
  enter_by_passkey();
  ASSERT_EQ(outcome(press(portal_add_phone)), PortalOutcome::done);  // a link that an attacker may hold
  const std::string link = *seen().activation_url;
  const std::string event = seen().sign_ins.at(0).id.text();
  EXPECT_EQ(outcome(press(portal_not_me, {"", "00000000-0000-4000-8000-000000000000", "", ""})),
            PortalOutcome::look_again);
  EXPECT_EQ(outcome(send(portal_not_me, {"no such form", event, "", ""})), PortalOutcome::look_again);
  ASSERT_EQ(outcome(press(portal_not_me, {"", event, "", ""})), PortalOutcome::done);
  EXPECT_EQ(look().error().code, Errc::not_found);
  session = first;
  EXPECT_EQ(look().error().code, Errc::not_found);
  const auto incidents = store::read(*world.store, [&](store::Txn& txn) {
    return store::incidents_page(txn, world.tenant.id, world.clock.now() + seconds(1), 10);
  });
  ASSERT_EQ(incidents->size(), 1u);
  EXPECT_EQ(incidents->front().kind, "not_me_portal");
  testing::FakePhone fake(world.random, "localhost:8443");
  const auto bound = testing::finish<Activated>([&](auto done) {
    activate(ports, {Secret(std::string_view(link).substr(link.rfind('/') + 1)), fake.public_key(), "Test"}, done);
  });
  EXPECT_EQ(bound.error().code, Errc::refused);
}

TEST_F(PortalTest, AProtectedAccountTakesItsPasskeyAndNoChange) {
  const Enrolment token = world.add_totp(ada);
  const std::string passkey = give_passkey(ada).text();
  world.write([&](store::Txn& txn) { return store::protect_user(txn, ada.tenant, ada.id, world.clock.now()); });
  enter_by_passkey();
  const auto protection =
      store::read(*world.store, [&](store::Txn& txn) { return store::protection_of(txn, ada.tenant, ada.id); });
  EXPECT_TRUE(protection->since);
  EXPECT_EQ(protection->passkey_shown, world.clock.now());
  EXPECT_EQ(seen().freshness, Freshness::is_protected);
  EXPECT_EQ(outcome(press(portal_remove, {"", token.id.text(), "", ""})), PortalOutcome::is_protected);
  EXPECT_EQ(outcome(press(portal_rename, {"", passkey, "x", ""})), PortalOutcome::is_protected);
  EXPECT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::is_protected);
  EXPECT_EQ(outcome(press(portal_add_phone)), PortalOutcome::is_protected);
  EXPECT_EQ(outcome(press(portal_recovery_codes)), PortalOutcome::is_protected);
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, ProtectionThatComesBetweenStopsAChange) {
  const Enrolment token = world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  const PortalForm form{seen().once, token.id.text(), "", ""};
  world.write([&](store::Txn& txn) { return store::protect_user(txn, ada.tenant, ada.id, world.clock.now()); });
  EXPECT_EQ(outcome(send(portal_remove, form)), PortalOutcome::is_protected);
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, AFailingStoreChangesNothingAndCostsNoForm) {
  const Enrolment token = world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  testing::FaultStore fault(*world.store);
  Ports broken{fault, *world.keys, world.clock, world.random, [](std::string_view) {}, world.ports->settings};
  const PortalForm form{seen().once, token.id.text(), "", ""};
  int failed = 0;
  for (int n = 1; n < 60; ++n) {
    fault.fail_from(n, Errc::unavailable);
    const auto done = testing::finish<PortalDone>([&](auto told) { portal_remove(broken, caller(), form, told); });
    if (done) {
      EXPECT_EQ(done->outcome, PortalOutcome::done);
      break;
    }
    EXPECT_EQ(done.error().code, Errc::unavailable) << n;
    ASSERT_EQ(enrolments(ada), 2u) << n;
    ++failed;
  }
  EXPECT_GT(failed, 8);
  EXPECT_EQ(enrolments(ada), 1u);
  fault.heal();
  fault.run_twice();
  const auto codes = testing::finish<PortalDone>(
      [&](auto told) { portal_recovery_codes(broken, caller(), {seen().once, "", "", ""}, told); });
  ASSERT_TRUE(codes) << codes.error().what;
  EXPECT_EQ(enrolments(ada), 2u);
}

TEST_F(PortalTest, ShowsTheLastSignInsOfThisUserAlone) {
  world.add_totp(ada);
  const User eve = world.add_user("eve");
  give_passkey(eve);
  enter_by_passkey();
  authenticator.credentials.clear();
  give_passkey(ada);
  for (int i = 0; i < 25; ++i) {
    world.clock.advance(seconds(60));
    enter_by_passkey();
  }
  const PortalView view = seen();
  ASSERT_EQ(view.sign_ins.size(), 20u);
  EXPECT_EQ(view.sign_ins.front().at, world.clock.now());
  EXPECT_EQ(view.sign_ins.back().at, world.clock.now() - seconds(19 * 60));
  for (const auto& event : view.sign_ins) EXPECT_EQ(event.user_name, "ada");
}

}  // namespace
}  // namespace countersign::flow
