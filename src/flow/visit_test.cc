// A visit to the prompt, from the application's request to its code, without HTTP: SmallWorld is the server.
#include "flow/visit.h"
#include "flow/application_visit.h"

#include <gtest/gtest.h>

#include "core/codec/json_read.h"
#include "flow/enrol.h"
#include "flow/notices.h"
#include "flow/push.h"
#include "flow/stored_visit.h"
#include "store/protection.h"
#include "store/visits.h"
#include "testing/phone.h"
#include "testing/small_world.h"
#include "testing/virtual_authenticator.h"

namespace countersign::flow {
namespace {

using testing::finish;
using testing::SmallWorld;

class VisitTest : public ::testing::Test {
 protected:
  SmallWorld world;
  const Ports& ports = *world.ports;
  std::string cookie;  // what the browser holds
  std::string address = "192.0.2.7";
  std::string agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

  VisitId begin(std::string username) {
    VisitRequest request;
    request.app = world.app;
    request.username = std::move(username);
    request.back = {"https://app.example/callback", "state-of-the-application", "", "duo_code", "localhost:8443"};
    const auto begun = finish<VisitId>([&](auto done) { begin_visit(ports, request, done); });
    EXPECT_TRUE(begun) << begun.error().what;
    return *begun;
  }
  Caller caller(const VisitId& visit) const { return Caller{visit, Secret(cookie), address, agent}; }
  Result<View> kept(Result<View> view) {
    if (view && !view->set_cookie.empty()) cookie = view->set_cookie;
    return view;
  }
  Result<View> look(const VisitId& visit) {
    return kept(finish<View>([&](auto done) { look_at_visit(ports, caller(visit), done); }));
  }
  Result<View> type(const VisitId& visit, const std::string& code, signin::Remember remember = signin::Remember::no) {
    return kept(finish<View>([&](auto done) { visit_passcode(ports, caller(visit), Secret(code), remember, done); }));
  }
  Result<View> push(const VisitId& visit, const PhoneId& phone) {
    return kept(finish<View>([&](auto done) { visit_push(ports, caller(visit), phone, signin::Remember::no, done); }));
  }

  // An activated authenticator of this user.
  testing::FakePhone add_phone(const User& user, Phone& phone) {
    testing::FakePhone fake(world.random, "localhost:8443");
    const auto made = phone_for_activation(ports, user, seconds(600));
    EXPECT_TRUE(made);
    world.write([&](store::Txn& txn) -> Result<void> {
      TRY(store::insert_phone(txn, made->phone));
      return store::insert_activation(txn, made->activation);
    });
    const auto bound =
        finish<Activated>([&](auto done) { activate(ports, {Secret(made->code), fake.public_key(), "Test"}, done); });
    EXPECT_TRUE(bound);
    phone = bound->phone;
    fake.named(phone.id);
    return fake;
  }
  // Signs in once, so that the browser is known.
  void make_known(const User& user) {
    const VisitId visit = begin(user.username);
    ASSERT_TRUE(look(visit));
    const auto view = type(visit, world.totp_now());
    ASSERT_TRUE(view) << view.error().what;
    ASSERT_TRUE(shows<GoBack>(*view));
    world.clock.advance(seconds(60));  // the next code is another
  }
  // What the phone's owner was told since the authenticator was set up, newest first.
  std::vector<std::string> kinds_told(const Phone& phone) {
    std::vector<std::string> out;
    const auto notices = notices_of(ports, phone);
    EXPECT_TRUE(notices);
    for (const Notice& notice : *notices) {
      if (notice.kind != "factor_added") out.push_back(notice.kind);
    }
    return out;
  }
  template <class Shown>
  static const Shown* shows(const View& view) {
    return std::get_if<Shown>(&view.shows);
  }

  std::string code_in(const View& view) {
    const auto* back = shows<GoBack>(view);
    if (!back) return {};
    const std::size_t at = back->url.find("duo_code=");
    return back->url.substr(at + 9);
  }
  Result<Redeemed> redeem(const std::string& code, std::string uri = "https://app.example/callback",
                          std::string jti = "") {
    CodeRequest request;
    request.app = world.app;
    request.code = code;
    request.return_uri = std::move(uri);
    request.client_token = {jti.empty() ? "jti-" + std::to_string(++tokens_) : jti, world.clock.now() + seconds(300)};
    return finish<Redeemed>([&](auto done) { redeem_code(ports, request, done); });
  }

 private:
  int tokens_ = 0;
};

TEST_F(VisitTest, EndsWithACodeThatWorksOnce) {
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  const VisitId visit = begin("ada");
  const auto first = look(visit);
  ASSERT_TRUE(first) << first.error().what;
  ASSERT_TRUE(shows<Choose>(*first));
  EXPECT_EQ(first->cancel_url.find("https://app.example/callback?state=state-of-the-application&error=access_denied"),
            0u);
  EXPECT_EQ(shows<Choose>(*first)->first.way, Way::passcode);
  const auto done = type(visit, world.totp_now());
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(shows<GoBack>(*done));
  EXPECT_TRUE(done->cancel_url.empty());
  EXPECT_EQ(shows<GoBack>(*done)->url.find("https://app.example/callback?state=state-of-the-application&duo_code="),
            0u);
  const std::string code = code_in(*done);
  const auto redeemed = redeem(code);
  ASSERT_TRUE(redeemed) << redeemed.error().what;
  EXPECT_EQ(redeemed->visit.username, "ada");
  EXPECT_EQ(redeemed->event.result, "success");
  EXPECT_EQ(redeemed->event.reason, "valid_passcode");
  EXPECT_EQ(redeemed->event.access_device.browser, "Firefox");
  const auto again = redeem(code);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::refused);
  const auto shown = look(visit);
  ASSERT_TRUE(shown);
  ASSERT_TRUE(shows<Refused>(*shown));
  EXPECT_EQ(shows<Refused>(*shown)->reason, "already_signed_in");
}

TEST_F(VisitTest, TheTokenTellsTheLoggedEvent) {
  world.add_totp(world.add_user("ada"));
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  const auto done = type(visit, world.totp_now());
  ASSERT_TRUE(done);
  const auto redeemed = redeem(code_in(*done));
  ASSERT_TRUE(redeemed);
  ASSERT_EQ(world.events().size(), 1u);
  EXPECT_EQ(record::to_log_json(redeemed->event), world.events().front());
}

TEST_F(VisitTest, TheCodeBelongsToItsAddressItsApplicationAndItsMinute) {
  world.add_totp(world.add_user("ada"));
  const auto fresh_code = [&] {
    world.clock.advance(seconds(60));
    const VisitId visit = begin("ada");
    EXPECT_TRUE(look(visit));
    const auto done = type(visit, world.totp_now());
    EXPECT_TRUE(done);
    return code_in(*done);
  };
  const std::string elsewhere = fresh_code();
  EXPECT_EQ(redeem(elsewhere, "https://app.example/callback/").error().code, Errc::refused);
  EXPECT_TRUE(redeem(elsewhere));
  std::string forged = fresh_code();
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(redeem(forged).error().code, Errc::refused);
  const std::string late = fresh_code();
  world.clock.advance(signin::kCodeLifetime);
  EXPECT_EQ(redeem(late).error().code, Errc::refused);
  const std::string foreign = fresh_code();
  const Application own = world.app;
  world.app = world.add_app(world.tenant, AppType::websdk);
  EXPECT_EQ(redeem(foreign).error().code, Errc::refused);
  world.app = world.add_app(world.add_tenant("other"), AppType::websdk);
  EXPECT_EQ(redeem(foreign).error().code, Errc::refused);
  world.app = own;
  EXPECT_TRUE(redeem(foreign));
}

TEST_F(VisitTest, AClientTokenCountsOnce) {
  world.add_totp(world.add_user("ada"));
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  const auto done = type(visit, world.totp_now());
  ASSERT_TRUE(done);
  const auto spent = finish<bool>(
      [&](auto end) { spend_client_token(ports, world.app, {"the-token", world.clock.now() + seconds(60)}, end); });
  ASSERT_TRUE(spent);
  const auto refused = redeem(code_in(*done), "https://app.example/callback", "the-token");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_TRUE(redeem(code_in(*done)));  // the code itself was not used up
}

TEST_F(VisitTest, BelongsToTheBrowserThatOpenedIt) {
  world.add_totp(world.add_user("ada"));
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  const std::string own = cookie;
  cookie.clear();
  EXPECT_EQ(look(visit).error().code, Errc::not_found);
  EXPECT_EQ(type(visit, world.totp_now()).error().code, Errc::not_found);
  const VisitId other = begin("ada");
  ASSERT_TRUE(look(other));  // another browser now
  EXPECT_EQ(look(visit).error().code, Errc::not_found);
  cookie = own;
  cookie.back() = cookie.back() == '0' ? '1' : '0';
  EXPECT_EQ(look(visit).error().code, Errc::not_found);
  cookie = own;
  EXPECT_TRUE(look(visit));
}

TEST_F(VisitTest, IsOverAfterAQuarterOfAnHour) {
  world.add_totp(world.add_user("ada"));
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  world.clock.advance(signin::kVisitLifetime);
  EXPECT_EQ(look(visit).error().code, Errc::not_found);
  EXPECT_EQ(type(visit, world.totp_now()).error().code, Errc::not_found);
}

TEST_F(VisitTest, SaysAWrongCodeAndLocksAfterTen) {
  world.add_totp(world.add_user("ada"));
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  for (int i = 0; i < 9; ++i) {
    const auto view = type(visit, "000000");
    ASSERT_TRUE(view) << view.error().what;
    ASSERT_TRUE(shows<Choose>(*view));
    EXPECT_EQ(shows<Choose>(*view)->problem, "invalid_passcode");
  }
  const auto locked = type(visit, "000000");
  ASSERT_TRUE(locked) << locked.error().what;
  ASSERT_TRUE(shows<Refused>(*locked));
  EXPECT_EQ(shows<Refused>(*locked)->reason, "locked_out");
  EXPECT_EQ(shows<Refused>(*locked)->reference.size(), 8u);
  EXPECT_NE(shows<Refused>(*locked)->back_url.find("error=access_denied"), std::string::npos);
}

TEST_F(VisitTest, APushFromAnUnknownBrowserNotifiesNobodyAndAsksForSixDigits) {
  Phone phone;
  const testing::FakePhone fake = add_phone(world.add_user("ada"), phone);
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  const auto view = push(visit, phone.id);
  ASSERT_TRUE(view) << view.error().what;
  ASSERT_TRUE(shows<Waiting>(*view));
  EXPECT_EQ(shows<Waiting>(*view)->notified, Waiting::Notified::no);
  EXPECT_EQ(shows<Waiting>(*view)->number.size(), 6u);
  EXPECT_EQ(shows<Waiting>(*view)->phone, "Test");  // what nobody has named goes by its kind
  const auto pending = pending_requests(ports, phone);
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->size(), 1u);  // it waits in the authenticator for whoever opens it
  const auto answered = finish<Standing>([&](auto done) {
    answer_push(
        ports,
        fake.flow_answer(phone, pending->front().id, shows<Waiting>(*view)->number, factor::push::Decision::approve),
        done);
  });
  ASSERT_TRUE(answered) << answered.error().what;
  const auto done = look(visit);
  ASSERT_TRUE(done);
  ASSERT_TRUE(shows<GoBack>(*done));
  const auto redeemed = redeem(code_in(*done));
  ASSERT_TRUE(redeemed);
  EXPECT_EQ(redeemed->event.factor, "verified_duo_push");
}

TEST_F(VisitTest, APushFromAKnownBrowserNotifies) {
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  Phone phone;
  add_phone(ada, phone);
  make_known(ada);
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  const auto view = push(visit, phone.id);
  ASSERT_TRUE(view) << view.error().what;
  ASSERT_TRUE(shows<Waiting>(*view));
  EXPECT_EQ(shows<Waiting>(*view)->notified, Waiting::Notified::yes);
  EXPECT_EQ(shows<Waiting>(*view)->number.size(), 3u);
}

TEST_F(VisitTest, ARequestFromAnUnknownBrowserDoesNotDisplaceItsOwners) {
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  Phone phone;
  add_phone(ada, phone);
  make_known(ada);
  const VisitId owners = begin("ada");
  ASSERT_TRUE(look(owners));
  ASSERT_TRUE(shows<Waiting>(*push(owners, phone.id)));
  const std::string own = cookie;
  cookie.clear();  // somebody else, behind the same address
  const VisitId attackers = begin("ada");
  ASSERT_TRUE(look(attackers));
  const auto refused = push(attackers, phone.id);
  ASSERT_TRUE(refused && shows<Choose>(*refused));
  EXPECT_EQ(shows<Choose>(*refused)->problem, "another_request");
  cookie = own;
  EXPECT_TRUE(shows<Waiting>(*look(owners)));
  EXPECT_EQ(pending_requests(ports, phone)->size(), 1u);
}

TEST_F(VisitTest, AWrongNumberIsSaidAndAnotherRequestMayFollow) {
  Phone phone;
  const testing::FakePhone fake = add_phone(world.add_user("ada"), phone);
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  ASSERT_TRUE(push(visit, phone.id));
  const auto pending = pending_requests(ports, phone);
  const auto answered = finish<Standing>([&](auto done) {
    answer_push(ports, fake.flow_answer(phone, pending->front().id, "000000", factor::push::Decision::approve), done);
  });
  ASSERT_TRUE(answered);
  const auto view = look(visit);
  ASSERT_TRUE(view);
  ASSERT_TRUE(shows<Choose>(*view));
  EXPECT_EQ(shows<Choose>(*view)->problem, "user_mistake");
  EXPECT_TRUE(shows<Waiting>(*push(visit, phone.id)));
}

TEST_F(VisitTest, NotMeProtectsTheAccountAndOpensAnIncident) {
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  Phone phone;
  const testing::FakePhone fake = add_phone(ada, phone);
  make_known(ada);
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  ASSERT_TRUE(push(visit, phone.id));
  const auto pending = pending_requests(ports, phone);
  const auto answered = finish<Standing>([&](auto done) {
    answer_push(ports, fake.flow_answer(phone, pending->front().id, "", factor::push::Decision::fraud), done);
  });
  ASSERT_TRUE(answered);
  const auto view = look(visit);
  ASSERT_TRUE(view);
  ASSERT_TRUE(shows<Refused>(*view));
  EXPECT_EQ(shows<Refused>(*view)->reason, "user_marked_fraud");
  const auto incidents = store::read(*world.store, [&](store::Txn& txn) {
    return store::incidents_page(txn, world.tenant.id, world.clock.now() + seconds(1), 10);
  });
  ASSERT_TRUE(incidents);
  ASSERT_EQ(incidents->size(), 1u);
  EXPECT_EQ(incidents->front().kind, "not_me");
  EXPECT_EQ(incidents->front().user, ada.id);
  // A code is worth nothing now, nor is the browser that was known.
  const VisitId later = begin("ada");
  const auto refused = look(later);
  ASSERT_TRUE(refused);
  ASSERT_TRUE(shows<Refused>(*refused));
  EXPECT_EQ(shows<Refused>(*refused)->reason, "account_protected");
}

TEST_F(VisitTest, RemembersABrowserAndOnlyWhereItWasWanted) {
  world.set_policy({{"remembered_devices_days", "30"}});
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  make_known(ada);  // known, not remembered
  const VisitId asked = begin("ada");
  const auto choice = look(asked);
  ASSERT_TRUE(choice);
  ASSERT_TRUE(shows<Choose>(*choice));
  EXPECT_EQ(shows<Choose>(*choice)->remember_days, 30);
  ASSERT_TRUE(type(asked, world.totp_now(), signin::Remember::yes));
  const auto through = look(begin("ada"));
  ASSERT_TRUE(through) << through.error().what;
  EXPECT_TRUE(shows<GoBack>(*through));
  const std::string own = cookie;
  cookie.clear();
  EXPECT_TRUE(shows<Choose>(*look(begin("ada"))));  // another browser
  cookie = own;
  world.clock.advance(std::chrono::hours(24 * 30));
  EXPECT_TRUE(shows<Choose>(*look(begin("ada"))));
}

TEST_F(VisitTest, ACopiedCookieIsFoundOutAndForgotten) {
  world.set_policy({{"remembered_devices_days", "30"}});
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  make_known(ada);
  const VisitId visit = begin("ada");
  ASSERT_TRUE(look(visit));
  ASSERT_TRUE(type(visit, world.totp_now(), signin::Remember::yes));
  const std::string stolen = cookie;
  EXPECT_TRUE(shows<GoBack>(*look(begin("ada"))));  // its owner signs in: the secret changes
  EXPECT_TRUE(shows<GoBack>(*look(begin("ada"))));  // and the change is confirmed
  const std::string owners = cookie;
  cookie = stolen;
  EXPECT_TRUE(shows<Choose>(*look(begin("ada"))));  // the copy is worth nothing
  cookie = owners;
  EXPECT_TRUE(shows<Choose>(*look(begin("ada"))));  // and has cost the browser its name
  const auto activity = world.events(store::Stream::activity);
  ASSERT_FALSE(activity.empty());
  EXPECT_NE(activity.back().find("browser_cookie_reused"), std::string::npos);
}

TEST_F(VisitTest, ACopiedCookieIsToldToWhoeverSignedInFromThatBrowserAndToTheOperator) {
  const User ada = world.add_user("ada"), ben = world.add_user("ben");
  world.add_totp(ada);
  world.add_totp(ben);
  Phone adas, bens;
  add_phone(ada, adas);
  add_phone(ben, bens);
  std::vector<std::string> told;
  world.ports->tell = [&](std::string_view what, std::string_view) { told.emplace_back(what); };
  make_known(ada);
  const std::string stolen = cookie;
  make_known(ada);
  make_known(ada);
  cookie = stolen;
  ASSERT_TRUE(look(begin("ben")));  // as whoever the thief likes
  EXPECT_EQ(kinds_told(adas), std::vector<std::string>{"cookie_copied"});
  EXPECT_TRUE(kinds_told(bens).empty()) << "he never signed in from there";
  EXPECT_EQ(told, std::vector<std::string>{"browser.cookie_reused"});
}

TEST_F(VisitTest, ABrowserThatHasShownAKeyMustShowItAgain) {
  world.set_policy({{"remembered_devices_days", "30"}});
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  const auto key = crypto::Es256Key::generate(world.random);
  const auto prove = [&](const VisitId& visit, const crypto::Es256Key& with) {
    return kept(finish<View>([&](auto done) {
      prove_browser(ports, caller(visit), with.public_key().point(), with.sign(bytes_of(browser_message(visit))), done);
    }));
  };
  const VisitId first = begin("ada");
  ASSERT_TRUE(look(first));
  ASSERT_TRUE(prove(first, key));
  ASSERT_TRUE(shows<GoBack>(*type(first, world.totp_now(), signin::Remember::yes)));
  const VisitId second = begin("ada");
  const auto unproved = look(second);
  ASSERT_TRUE(shows<Choose>(*unproved));  // the cookie alone is not enough
  EXPECT_FALSE(unproved->prove_browser.empty());
  const auto proved = prove(second, key);
  ASSERT_TRUE(proved) << proved.error().what;
  EXPECT_TRUE(shows<GoBack>(*proved));
  const VisitId third = begin("ada");
  ASSERT_TRUE(look(third));
  const auto thief = prove(third, crypto::Es256Key::generate(world.random));
  ASSERT_TRUE(thief);
  EXPECT_TRUE(shows<Choose>(*thief));
}

TEST_F(VisitTest, PolicyMayNeedNoFactorOrLetNobodyIn) {
  world.add_user("free", UserStatus::bypass);
  world.add_user("gone", UserStatus::disabled);
  const auto through = look(begin("free"));
  ASSERT_TRUE(through) << through.error().what;
  EXPECT_TRUE(shows<GoBack>(*through));
  const auto refused = look(begin("gone"));
  ASSERT_TRUE(refused);
  ASSERT_TRUE(shows<Refused>(*refused));
  EXPECT_EQ(shows<Refused>(*refused)->reason, "user_disabled");
  EXPECT_EQ(world.events().size(), 2u);
}

TEST_F(VisitTest, AnUnknownNameEnrolsAnAuthenticatorAndThenProvesIt) {
  const VisitId visit = begin("new person");
  const auto first = look(visit);
  ASSERT_TRUE(first) << first.error().what;
  ASSERT_TRUE(shows<BindFirst>(*first));
  const auto binding = kept(finish<View>([&](auto done) { visit_bind_phone(ports, caller(visit), done); }));
  ASSERT_TRUE(binding) << binding.error().what;
  ASSERT_TRUE(shows<BindPhone>(*binding));
  const std::string url = shows<BindPhone>(*binding)->url;
  EXPECT_EQ(shows<BindPhone>(*look(visit))->url, url);  // a reload shows the same
  testing::FakePhone fake(world.random, "localhost:8443");
  const auto bound = finish<Activated>(
      [&](auto done) { activate(ports, {Secret(url.substr(url.rfind('/') + 1)), fake.public_key(), "Test"}, done); });
  ASSERT_TRUE(bound) << bound.error().what;
  const auto next = look(visit);
  ASSERT_TRUE(next);
  ASSERT_TRUE(shows<Choose>(*next));
  EXPECT_EQ(shows<Choose>(*next)->first.way, Way::push);
  EXPECT_EQ(bound->username, "new person");
}

TEST_F(VisitTest, TwentyPeoplePromptedFromOnePlaceAreACampaign) {
  std::vector<std::pair<std::string, PhoneId>> people;
  std::vector<Phone> phones;
  for (int i = 0; i < 25; ++i) {
    Phone phone;
    const User user = world.add_user("user" + std::to_string(i));
    add_phone(user, phone);
    people.emplace_back(user.username, phone.id);
    phones.push_back(phone);
  }
  address = "198.51.100.9";
  int waiting = 0, refused = 0;
  for (const auto& [name, phone] : people) {
    cookie.clear();
    const VisitId visit = begin(name);
    ASSERT_TRUE(look(visit));
    const auto view = push(visit, phone);
    ASSERT_TRUE(view) << view.error().what;
    if (shows<Waiting>(*view)) ++waiting;
    if (const auto* choose = shows<Choose>(*view)) refused += choose->problem == "anomalous_push";
  }
  EXPECT_EQ(waiting, 20);
  EXPECT_EQ(refused, 5);
  for (int i = 0; i < 25; ++i) {
    const bool prompted = i < 20;
    EXPECT_EQ(kinds_told(phones[static_cast<std::size_t>(i)]).size(), prompted ? 1u : 0u) << i;
  }
}

constexpr const char* kOrigin = "https://localhost:8443";

class PasskeyVisitTest : public VisitTest {
 protected:
  testing::VirtualAuthenticator authenticator;

  // A user whose passkey was bound in a first sign-in; the browser is not known yet.
  VisitId bound(const std::string& name) {
    const VisitId visit = begin(name);
    const auto first = look(visit);
    EXPECT_TRUE(first && shows<BindFirst>(*first));
    const std::string response = authenticator.create(shows<BindFirst>(*first)->passkey_options, kOrigin);
    const auto next = bind(visit, response);
    EXPECT_TRUE(next && shows<Choose>(*next));
    return visit;
  }
  Result<View> bind(const VisitId& visit, const std::string& response) {
    return kept(finish<View>([&](auto done) { visit_bind_passkey(ports, caller(visit), response, done); }));
  }
  std::string answer(const View& view) { return authenticator.get(shows<Choose>(view)->passkey_options, kOrigin); }
  Result<View> show_passkey(const VisitId& visit, const std::string& response) {
    return kept(
        finish<View>([&](auto done) { visit_passkey(ports, caller(visit), response, signin::Remember::no, done); }));
  }
};

TEST_F(PasskeyVisitTest, APasskeyIsBoundAndSignsIn) {
  const VisitId visit = bound("ada");
  const auto view = look(visit);
  ASSERT_TRUE(view);
  ASSERT_TRUE(shows<Choose>(*view));
  EXPECT_EQ(shows<Choose>(*view)->first.way, Way::passkey);
  EXPECT_TRUE(shows<Choose>(*view)->others.empty());
  const auto done = show_passkey(visit, answer(*view));
  ASSERT_TRUE(done) << done.error().what;
  const auto redeemed = redeem(code_in(*done));
  ASSERT_TRUE(redeemed) << redeemed.error().what;
  EXPECT_EQ(redeemed->event.factor, "webauthn");
  EXPECT_EQ(redeemed->event.reason, "user_approved");
}

TEST_F(PasskeyVisitTest, AnAnswerCountsOnce) {
  const VisitId visit = bound("ada");
  const std::string response = answer(*look(visit));
  ASSERT_TRUE(shows<GoBack>(*show_passkey(visit, response)));
  EXPECT_EQ(show_passkey(visit, response).error().code, Errc::refused);
  const VisitId later = begin("ada");
  ASSERT_TRUE(look(later));
  const auto replayed = show_passkey(later, response);
  ASSERT_TRUE(replayed) << replayed.error().what;
  ASSERT_TRUE(shows<Choose>(*replayed));
  EXPECT_EQ(shows<Choose>(*replayed)->problem, "passkey_failed");
}

TEST_F(PasskeyVisitTest, ARefusedAnswerUsesUpItsChallenge) {
  const VisitId visit = bound("ada");
  const auto view = look(visit);
  authenticator.lies.origin = "https://localhost.evil.example";
  EXPECT_TRUE(shows<Choose>(*show_passkey(visit, answer(*view))));
  authenticator.lies = {};
  EXPECT_TRUE(shows<Choose>(*show_passkey(visit, answer(*view))));  // honest, but for the challenge of before
  EXPECT_TRUE(shows<GoBack>(*show_passkey(visit, answer(*look(visit)))));
}

TEST_F(PasskeyVisitTest, AnothersPasskeyIsNotTaken) {
  bound("eve");
  cookie.clear();
  const testing::VirtualAuthenticator::Held eves = authenticator.credentials.back();
  const VisitId visit = bound("ada");
  const auto view = look(visit);
  authenticator.credentials = {eves};
  std::string options = shows<Choose>(*view)->passkey_options;
  nlohmann::json open = nlohmann::json::parse(options);
  open["allowCredentials"] = nlohmann::json::array();
  const auto refused = show_passkey(visit, authenticator.get(open.dump(), kOrigin));
  ASSERT_TRUE(refused);
  EXPECT_EQ(shows<Choose>(*refused)->problem, "passkey_failed");
}

TEST_F(PasskeyVisitTest, ACredentialIsRegisteredOnce) {
  const VisitId visit = begin("ada");
  const auto first = look(visit);
  const std::string response = authenticator.create(shows<BindFirst>(*first)->passkey_options, kOrigin);
  ASSERT_TRUE(shows<Choose>(*bind(visit, response)));
  EXPECT_EQ(bind(visit, response).error().code, Errc::refused);
}

TEST_F(PasskeyVisitTest, SomebodyWithAPasskeyIsNotLedToSomethingWeaker) {
  const VisitId visit = bound("ada");
  const auto user =
      store::read(*world.store, [&](store::Txn& txn) { return store::user_by_name(txn, world.tenant.id, "ada"); });
  world.add_totp(**user);
  EXPECT_TRUE(shows<Choose>(*look(visit))->others.empty());  // not from a browser he is not known from
  EXPECT_EQ(finish<View>([&](auto done) {
              visit_passcode(ports, caller(visit), Secret(world.totp_now()), signin::Remember::no, done);
            })->shows.index(),
            look(visit)->shows.index());  // nor by asking for it: nothing has ended
  EXPECT_TRUE(shows<Choose>(*look(visit)));
  ASSERT_TRUE(shows<GoBack>(*show_passkey(visit, answer(*look(visit)))));
  const VisitId known = begin("ada");
  EXPECT_EQ(shows<Choose>(*look(known))->others.size(), 1u);  // here he may
  const auto failed = kept(finish<View>([&](auto done) { visit_passkey_failed(ports, caller(known), done); }));
  ASSERT_TRUE(failed);
  EXPECT_TRUE(shows<Choose>(*failed)->others.empty());  // but not because the passkey did not work
}

TEST_F(PasskeyVisitTest, WhoSignsInWithoutHisPasskeyIsTold) {
  const VisitId visit = bound("ada");
  const auto user =
      *store::read(*world.store, [&](store::Txn& txn) { return store::user_by_name(txn, world.tenant.id, "ada"); });
  world.add_totp(*user);
  Phone phone;
  const testing::FakePhone fake = add_phone(*user, phone);
  ASSERT_TRUE(shows<GoBack>(*show_passkey(visit, answer(*look(visit)))));
  EXPECT_TRUE(kinds_told(phone).empty()) << "the passkey itself is no news";
  const VisitId typed = begin("ada");
  ASSERT_TRUE(look(typed));
  ASSERT_TRUE(shows<GoBack>(*type(typed, world.totp_now())));
  EXPECT_EQ(kinds_told(phone), std::vector<std::string>{"weaker_method"});
  const VisitId pushed = begin("ada");
  ASSERT_TRUE(look(pushed));
  const auto waiting = push(pushed, phone.id);
  ASSERT_TRUE(waiting && shows<Waiting>(*waiting));
  world.woken.clear();
  const auto pending = pending_requests(ports, phone);
  const auto answered = finish<Standing>([&](auto done) {
    answer_push(
        ports,
        fake.flow_answer(phone, pending->front().id, shows<Waiting>(*waiting)->number, factor::push::Decision::approve),
        done);
  });
  ASSERT_TRUE(answered) << answered.error().what;
  EXPECT_EQ(kinds_told(phone).size(), 2u);
  EXPECT_NE(std::find(world.woken.begin(), world.woken.end(), "outbox"), world.woken.end());
}

TEST_F(PasskeyVisitTest, AProtectedAccountTakesAPasskeyAndSaysItWasShown) {
  const VisitId visit = bound("ada");
  const auto user =
      *store::read(*world.store, [&](store::Txn& txn) { return store::user_by_name(txn, world.tenant.id, "ada"); });
  world.write([&](store::Txn& txn) { return store::protect_user(txn, world.tenant.id, user->id, world.clock.now()); });
  ASSERT_TRUE(shows<GoBack>(*show_passkey(visit, answer(*look(visit)))));
  const auto protection =
      store::read(*world.store, [&](store::Txn& txn) { return store::protection_of(txn, world.tenant.id, user->id); });
  EXPECT_TRUE(protection->since);
  EXPECT_TRUE(protection->passkey_shown);
}

}  // namespace
}  // namespace countersign::flow
