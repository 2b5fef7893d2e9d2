// A small world with somebody at the door of the device portal.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "flow/application_visit.h"
#include "flow/enrol.h"
#include "flow/passkeys.h"
#include "flow/portal.h"
#include "flow/portal_changes.h"
#include "store/visits.h"
#include "testing/phone.h"
#include "testing/small_world.h"
#include "testing/virtual_authenticator.h"

namespace countersign::flow {

constexpr const char* kPortalOrigin = "https://localhost:8443";

class PortalTest : public ::testing::Test {
 protected:
  testing::SmallWorld world;
  const Ports& ports = *world.ports;
  testing::VirtualAuthenticator authenticator;
  std::string session;  // the cookies of one browser
  std::string browser;
  User ada = world.add_user("ada");

  using Change = void (*)(const Ports&, PortalCaller, PortalForm, Done<PortalDone>);

  PortalCaller caller() const { return caller_of(world.tenant.id); }
  PortalCaller caller_of(const TenantId& tenant) const {
    return {tenant, Secret(session), Secret(browser), "192.0.2.7",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"};
  }
  Result<PortalView> look() {
    return testing::finish<PortalView>([&](auto done) { look_at_portal(ports, caller(), done); });
  }
  PortalView seen() {
    auto view = look();
    EXPECT_TRUE(view) << view.error().what;
    return view ? *view : PortalView();
  }
  Result<PortalDone> send(Change change, PortalForm form) {
    return testing::finish<PortalDone>([&](auto done) { change(ports, caller(), form, done); });
  }
  // A form of the page that is shown now.
  Result<PortalDone> press(Change change, PortalForm form = {}) {
    form.once = seen().once;
    return send(change, form);
  }
  static PortalOutcome outcome(const Result<PortalDone>& done) {
    EXPECT_TRUE(done) << done.error().what;
    return done ? done->outcome : PortalOutcome::look_again;
  }

  // A passkey of this user, made without a ceremony that is tested elsewhere.
  EnrolmentId give_passkey(const User& user) {
    factor::webauthn::Ceremony ceremony;
    ceremony.rp = {"localhost", {kPortalOrigin}, {}};
    ceremony.challenge = new_challenge(ports);
    ceremony.now = world.clock.now();
    factor::webauthn::CreationOptions options;
    options.person.handle = user_handle(user.id);
    const std::string json = factor::webauthn::creation_options_json(ceremony, options);
    auto made = register_passkey(ports, ceremony, user, {}, authenticator.create(json, kPortalOrigin));
    EXPECT_TRUE(made) << made.error().what;
    world.write([&](store::Txn& txn) { return write_passkey(txn, *made); });
    return made->enrolment.id;
  }
  std::string answer(const std::string& options) { return authenticator.get(options, kPortalOrigin); }

  Result<PortalEntered> sign_in(const PortalDoor& door, const std::string& response) {
    return sign_in(world.tenant.id, door, response);
  }
  Result<PortalEntered> sign_in(const TenantId& tenant, const PortalDoor& door, const std::string& response) {
    return testing::finish<PortalEntered>(
        [&](auto done) { portal_sign_in(ports, caller_of(tenant), Secret(door.cookie.reveal()), response, done); });
  }
  void enter_by_passkey() {
    const auto door = portal_door(ports, world.tenant.id);
    ASSERT_TRUE(door);
    const auto entered = sign_in(*door, answer(door->options));
    ASSERT_TRUE(entered) << entered.error().what;
    session = entered->cookie.reveal();
  }

  // A visit that was turned to the portal and ended with a passcode: the code it goes back with.
  std::string code_of_visit(const User& user) {
    VisitRequest request;
    request.app = world.app;
    request.username = user.username;
    request.back = {"https://app.example/callback", "state-of-the-application", "", "duo_code", "localhost:8443"};
    const auto visit = testing::finish<VisitId>([&](auto done) { begin_visit(ports, request, done); });
    const auto here = [&] { return Caller{*visit, Secret(browser), "192.0.2.7", ""}; };
    const auto keep = [&](const Result<View>& view) {
      EXPECT_TRUE(view) << view.error().what;
      if (view && !view->set_cookie.empty()) browser = view->set_cookie;
    };
    keep(testing::finish<View>([&](auto done) { look_at_visit(ports, here(), done); }));
    keep(testing::finish<View>([&](auto done) { visit_to_portal(ports, here(), done); }));
    const auto end = testing::finish<View>(
        [&](auto done) { visit_passcode(ports, here(), Secret(world.totp_now()), signin::Remember::no, done); });
    keep(end);
    const auto* const back = end ? std::get_if<GoBack>(&end->shows) : nullptr;
    const std::string start = portal_entry_uri(ports, world.tenant.id) + "?code=";
    EXPECT_TRUE(back && back->url.starts_with(start));
    return back ? back->url.substr(start.size()) : std::string();
  }
  Result<PortalEntered> enter(const std::string& code) { return enter(world.tenant.id, code); }
  Result<PortalEntered> enter(const TenantId& tenant, const std::string& code) {
    return testing::finish<PortalEntered>([&](auto done) { enter_portal(ports, caller_of(tenant), code, done); });
  }
  void enter_by_visit(const User& user) {
    const auto entered = enter(code_of_visit(user));
    ASSERT_TRUE(entered) << entered.error().what;
    session = entered->cookie.reveal();
    world.clock.advance(seconds(60));  // the next passcode is another
  }
  std::size_t enrolments(const User& user) {
    return store::read(*world.store, [&](store::Txn& txn) { return store::enrolments_of(txn, user.tenant, user.id); })
        ->size();
  }
};

}  // namespace countersign::flow
