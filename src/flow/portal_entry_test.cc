// Ways into the device portal, and those that are none.
#include "flow/portal_world_test.h"
#include "testing/fault_store.h"

namespace countersign::flow {
namespace {

TEST_F(PortalTest, AVisitLeadsHereInPlaceOfTheApplication) {
  world.add_totp(ada);
  enter_by_visit(ada);
  const PortalView view = seen();
  EXPECT_EQ(view.username, "ada");
  EXPECT_EQ(view.tenant_name, "acme");
  ASSERT_EQ(view.factors.size(), 1u);
  EXPECT_EQ(view.factors[0].kind, PortalFactor::Kind::token);
  EXPECT_EQ(view.freshness, Freshness::fresh);
}

TEST_F(PortalTest, ACodeCountsOnceAndForAMinute) {
  world.add_totp(ada);
  const std::string code = code_of_visit(ada);
  ASSERT_TRUE(enter(code));
  EXPECT_EQ(enter(code).error().code, Errc::refused);
  world.clock.advance(seconds(60));
  const std::string late = code_of_visit(ada);
  world.clock.advance(signin::kCodeLifetime);
  EXPECT_EQ(enter(late).error().code, Errc::refused);
}

TEST_F(PortalTest, ACodeCountsInItsOwnBrowserAndTenantOnly) {
  world.add_totp(ada);
  const std::string code = code_of_visit(ada);
  const std::string own = browser;
  browser.clear();
  EXPECT_EQ(enter(code).error().code, Errc::refused);
  browser = own;
  const Tenant other = world.add_tenant("other");
  EXPECT_EQ(enter(other.id, code).error().code, Errc::refused);
  EXPECT_TRUE(enter(code));
}

TEST_F(PortalTest, AnApplicationsCodeIsNoneOfThePortals) {
  world.add_totp(ada);
  VisitRequest request;
  request.app = world.app;
  request.username = "ada";
  // An application that knows our address and names it as its own.
  request.back = {portal_entry_uri(ports, world.tenant.id), "state-of-the-application", "", "code", "localhost:8443"};
  const auto visit = testing::finish<VisitId>([&](auto done) { begin_visit(ports, request, done); });
  const auto here = [&] { return Caller{*visit, Secret(browser), "192.0.2.7", ""}; };
  const auto shown = testing::finish<View>([&](auto done) { look_at_visit(ports, here(), done); });
  browser = shown->set_cookie;
  const auto end = testing::finish<View>(
      [&](auto done) { visit_passcode(ports, here(), Secret(world.totp_now()), signin::Remember::no, done); });
  browser = end->set_cookie;
  const std::string url = std::get<GoBack>(end->shows).url;
  EXPECT_EQ(enter(url.substr(url.find("code=") + 5)).error().code, Errc::refused);
}

TEST_F(PortalTest, APasskeyLetsItsUserIn) {
  give_passkey(ada);
  enter_by_passkey();
  const PortalView view = seen();
  EXPECT_EQ(view.username, "ada");
  EXPECT_EQ(view.freshness, Freshness::fresh);
  ASSERT_EQ(view.sign_ins.size(), 1u);
  EXPECT_EQ(view.sign_ins[0].factor, "webauthn");
  EXPECT_EQ(view.sign_ins[0].access_device.browser, "Firefox");
}

TEST_F(PortalTest, AChallengeCountsOnce) {
  give_passkey(ada);
  authenticator.counts = false;  // nothing but the challenge tells the two apart
  const auto door = portal_door(ports, world.tenant.id);
  const std::string response = answer(door->options);
  ASSERT_TRUE(sign_in(*door, response));
  EXPECT_EQ(sign_in(*door, response).error().code, Errc::refused);
  EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused);
  const auto next = portal_door(ports, world.tenant.id);
  EXPECT_EQ(sign_in(*next, response).error().code, Errc::refused);  // for another challenge
}

TEST_F(PortalTest, ARefusedAnswerUsesUpItsChallenge) {
  give_passkey(ada);
  const auto door = portal_door(ports, world.tenant.id);
  authenticator.lies.no_user_verified = true;
  EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused);
  authenticator.lies = {};
  EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused);
  const auto events = world.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(testing::says(events[0], "result", "denied"));
}

TEST_F(PortalTest, EachLieOfAnAuthenticatorIsRefused) {
  give_passkey(ada);
  const User eve = world.add_user("eve");
  const auto refused = [&](const char* what) {
    const auto door = portal_door(ports, world.tenant.id);
    EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused) << what;
    authenticator.lies = {};
  };
  authenticator.lies.no_user_verified = true;
  refused("without user verification");
  authenticator.lies.user_handle = Bytes();
  refused("without a user handle");
  authenticator.lies.user_handle = user_handle(eve.id);
  refused("in another's name");
  authenticator.lies.origin = "https://localhost.evil.example";
  refused("from another origin");
  authenticator.lies.other_signer = true;
  refused("by another key");
  enter_by_passkey();  // and the truth is taken
}

TEST_F(PortalTest, ADoorIsOfOneTenantAndOfFiveMinutes) {
  give_passkey(ada);
  const Tenant other = world.add_tenant("other");
  const auto theirs = portal_door(ports, other.id);
  EXPECT_EQ(sign_in(*theirs, answer(theirs->options)).error().code, Errc::refused);
  EXPECT_EQ(sign_in(other.id, *theirs, answer(theirs->options)).error().code, Errc::refused);  // no user of theirs
  const auto door = portal_door(ports, world.tenant.id);
  world.clock.advance(signin::kDoorLifetime);
  EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused);
  const auto ahead = portal_door(ports, world.tenant.id);
  world.clock.advance(-seconds(3600));
  EXPECT_EQ(sign_in(*ahead, answer(ahead->options)).error().code, Errc::refused);
}

TEST_F(PortalTest, ADoorThatWeDidNotMakeIsNone) {
  give_passkey(ada);
  const auto door = portal_door(ports, world.tenant.id);
  const std::string response = answer(door->options);
  std::string forged(door->cookie.reveal());
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const std::string& text :
       {forged, std::string(), std::string(".."), std::string("1.2"), std::string(300, '.')}) {
    PortalDoor made{Secret(std::string_view(text)), ""};
    EXPECT_EQ(sign_in(made, response).error().code, Errc::refused) << text;
  }
  EXPECT_TRUE(sign_in(*door, response));
}

TEST_F(PortalTest, ThePageOfNoTenantIsLikeThatOfOne) {
  const auto known = portal_door(ports, world.tenant.id);
  const auto unknown = portal_door(ports, TenantId::make(world.random));
  ASSERT_TRUE(unknown);
  auto one = nlohmann::json::parse(known->options), other = nlohmann::json::parse(unknown->options);
  one.erase("challenge"), other.erase("challenge");
  EXPECT_EQ(one, other);
  EXPECT_EQ(known->cookie.size(), unknown->cookie.size());
}

TEST_F(PortalTest, ADisabledOrLockedUserIsLetInNowhere) {
  give_passkey(ada);
  enter_by_passkey();
  auto row = store::read(*world.store, [&](store::Txn& txn) { return store::user_by_id(txn, ada.tenant, ada.id); });
  User gone = **row;
  gone.status = UserStatus::disabled;
  world.write([&](store::Txn& txn) -> Result<void> {
    TRY(store::update_user(txn, gone));
    return {};
  });
  EXPECT_EQ(look().error().code, Errc::refused);
  EXPECT_EQ(look().error().what, "user_disabled");
  const auto door = portal_door(ports, world.tenant.id);
  EXPECT_EQ(sign_in(*door, answer(door->options)).error().code, Errc::refused);
}

TEST_F(PortalTest, ASessionIsOfOneTenantAndFace) {
  give_passkey(ada);
  enter_by_passkey();
  const Tenant other = world.add_tenant("other");
  EXPECT_EQ(
      testing::finish<PortalView>([&](auto done) { look_at_portal(ports, caller_of(other.id), done); }).error().code,
      Errc::not_found);
  session = "console." + session.substr(session.find('.') + 1);
  EXPECT_EQ(look().error().code, Errc::not_found);
}

TEST_F(PortalTest, ASessionEndsIdleAfterHalfAnHourAndWhenTheClockIsWrong) {
  give_passkey(ada);
  enter_by_passkey();
  world.clock.advance(signin::kPortalIdle);
  EXPECT_EQ(look().error().code, Errc::not_found);
  enter_by_passkey();
  for (int i = 0; i < 5; ++i) {
    world.clock.advance(seconds(350));
    EXPECT_TRUE(look()) << i;  // busy, so it goes on …
  }
  world.clock.advance(seconds(50));
  EXPECT_EQ(look().error().code, Errc::not_found);  // … for half an hour
  enter_by_passkey();
  world.clock.advance(-seconds(3600));
  EXPECT_EQ(look().error().code, Errc::not_found);
}

TEST_F(PortalTest, EachSignInMakesAnotherSessionAndEndsTheOneBefore) {
  give_passkey(ada);
  session = "portal.chosen-by-somebody-else";
  enter_by_passkey();
  const std::string first = session;
  EXPECT_NE(first, "portal.chosen-by-somebody-else");
  enter_by_passkey();
  const std::string second = session;
  EXPECT_NE(first, second);
  session = first;
  EXPECT_EQ(look().error().code, Errc::not_found);
  session = second;
  EXPECT_TRUE(look());
  ASSERT_TRUE(testing::finish<bool>([&](auto done) { leave_portal(ports, caller(), done); }));
  EXPECT_EQ(look().error().code, Errc::not_found);
}

TEST_F(PortalTest, AFailingStoreLetsNobodyInAndSpendsNothing) {
  give_passkey(ada);
  testing::FaultStore fault(*world.store);
  Ports broken{fault, *world.keys, world.clock, world.random, [](std::string_view) {}, world.ports->settings};
  const auto door = portal_door(ports, world.tenant.id);
  const std::string response = answer(door->options);
  int failed = 0;
  for (int n = 1; n < 60; ++n) {
    fault.fail_from(n, Errc::unavailable);
    const auto entered = testing::finish<PortalEntered>(
        [&](auto done) { portal_sign_in(broken, caller(), Secret(door->cookie.reveal()), response, done); });
    if (entered) break;
    EXPECT_EQ(entered.error().code, Errc::unavailable) << n;
    ++failed;
  }
  EXPECT_GT(failed, 5);
  EXPECT_LT(failed, 59);  // in the end it went through, with the challenge of the first try
  const auto events = world.events();
  EXPECT_EQ(events.size(), 1u);
}

}  // namespace
}  // namespace countersign::flow
