#include "faces/prompt/serve.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/codec/base64.h"
#include "core/codec/form.h"
#include "flow/application_visit.h"
#include "flow/visit.h"
#include "testing/phone.h"
#include "testing/reply.h"
#include "testing/small_world.h"
#include "testing/virtual_authenticator.h"

namespace countersign::prompt {
namespace {

using testing::finish;
using testing::SmallWorld;

bool has(const net::HttpResponse& response, std::string_view text) {
  return response.body.find(text) != std::string::npos;
}

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const net::Header& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

// What stands between two texts of a page, with its entities read.
std::string between(const net::HttpResponse& page, std::string_view before, std::string_view after) {
  const std::size_t from = page.body.find(before);
  if (from == std::string::npos) return {};
  const std::size_t begin = from + before.size();
  std::string out = page.body.substr(begin, page.body.find(after, begin) - begin);
  for (std::size_t at; (at = out.find("&quot;")) != std::string::npos;) out.replace(at, 6, "\"");
  return out;
}

// A browser with its cookies, in front of the face.
class Browser {
  const flow::Ports& ports_;
  const web::Templates& templates_;

 public:
  std::map<std::string, std::string> cookies;
  std::vector<net::Header> extra{{"sec-fetch-site", "same-origin"}};

  Browser(const flow::Ports& ports, const web::Templates& templates) : ports_(ports), templates_(templates) {}

  net::Reply raw(std::string method, std::string address, std::string body = "",
                 std::string type = "application/x-www-form-urlencoded") {
    net::HttpRequest request;
    const std::size_t mark = address.find('?');
    request.method = std::move(method);
    request.path = address.substr(0, mark);
    if (mark != std::string::npos) request.query = address.substr(mark + 1);
    request.host = "localhost:8443";
    request.peer = "192.0.2.7";
    request.body = std::move(body);
    request.headers = extra;
    request.headers.push_back({"user-agent", "Firefox"});
    if (request.method == "POST") request.headers.push_back({"content-type", std::move(type)});
    std::string jar;
    for (const auto& [name, value] : cookies) jar += (jar.empty() ? "" : "; ") + name + "=" + value;
    if (!jar.empty()) request.headers.push_back({"cookie", jar});
    return serve(ports_, templates_, request);
  }
  net::HttpResponse settled(net::Reply reply) {
    reply = testing::run(std::move(reply));
    EXPECT_TRUE(std::holds_alternative<net::HttpResponse>(reply)) << "the reply waits";
    if (!std::holds_alternative<net::HttpResponse>(reply)) return {};
    net::HttpResponse response = std::get<net::HttpResponse>(std::move(reply));
    for (const net::Header& one : response.headers) {
      if (one.name != "set-cookie") continue;
      const std::size_t equals = one.value.find('=');
      cookies[one.value.substr(0, equals)] = one.value.substr(equals + 1, one.value.find(';') - equals - 1);
    }
    return response;
  }
  net::HttpResponse get(const std::string& address) { return settled(raw("GET", address)); }
  net::HttpResponse post(const std::string& address, const codec::Form& form = {}) {
    return settled(raw("POST", address, codec::write_form(form)));
  }
  // Sends a form and reads the page it leads to.
  net::HttpResponse press(const std::string& address, const codec::Form& form = {}) {
    const net::HttpResponse answer = post(address, form);
    EXPECT_EQ(answer.status, 303) << answer.body;
    return get(header(answer, "location"));
  }
};

class PromptTest : public ::testing::Test {
 protected:
  SmallWorld world;
  const flow::Ports& ports = *world.ports;
  const web::Templates templates = *web::Templates::load();
  Browser browser{ports, templates};
  User ada = world.add_user("ada");

  VisitId begin(const std::string& username = "ada") {
    flow::VisitRequest request;
    request.app = world.app;
    request.username = username;
    request.back = {"https://app.example/callback", "state-of-the-application", "", "duo_code", "localhost:8443"};
    const auto begun = finish<VisitId>([&](auto done) { flow::begin_visit(ports, request, done); });
    EXPECT_TRUE(begun) << begun.error().what;
    return *begun;
  }
  std::string open(const std::string& username = "ada") { return path_of(begin(username)); }
  static std::string path_of(const VisitId& visit) { return "/prompt/" + visit.text(); }

  testing::FakePhone add_phone(const User& user, Phone& phone) {
    testing::FakePhone fake(world.random, "localhost:8443");
    const auto made = flow::phone_for_activation(ports, user, seconds(600));
    EXPECT_TRUE(made);
    world.write([&](store::Txn& txn) -> Result<void> {
      TRY(store::insert_phone(txn, made->phone));
      return store::insert_activation(txn, made->activation);
    });
    const auto bound = finish<flow::Activated>(
        [&](auto done) { flow::activate(ports, {Secret(made->code), fake.public_key(), "Test"}, done); });
    EXPECT_TRUE(bound);
    phone = bound->phone;
    fake.named(phone.id);
    return fake;
  }
  // Begins a push and returns the page that shows its number.
  net::HttpResponse push(const std::string& visit, const Phone& phone) {
    return browser.press(visit + "/push", {{"phone", phone.id.text()}});
  }
  void answer(const testing::FakePhone& fake, const Phone& phone, const std::string& number) {
    const auto pending = flow::pending_requests(ports, phone);
    ASSERT_TRUE(pending);
    ASSERT_EQ(pending->size(), 1u);
    const auto decision = number.empty() ? factor::push::Decision::deny : factor::push::Decision::approve;
    const auto given = fake.flow_answer(phone, pending->front().id, number, decision);
    EXPECT_TRUE(finish<flow::Standing>([&](auto done) { flow::answer_push(ports, given, done); }));
  }
};

TEST_F(PromptTest, LeadsThroughAPasscodeToTheApplication) {
  world.add_totp(ada);
  const std::string visit = open();
  const net::HttpResponse page = browser.get(visit);
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "Enter a passcode"));
  EXPECT_NE(header(page, "content-security-policy").find("form-action 'self' https://app.example"), std::string::npos);
  const net::HttpResponse pressed = browser.post(visit + "/passcode", {{"passcode", world.totp_now()}});
  EXPECT_EQ(pressed.status, 303);
  EXPECT_EQ(header(pressed, "location"), visit);
  const net::HttpResponse back = browser.get(visit);
  EXPECT_EQ(back.status, 303);
  EXPECT_TRUE(header(back, "location").starts_with("https://app.example/callback?state=state-of-the-application"));
}

TEST_F(PromptTest, LeadsToThePortalInPlaceOfTheApplicationWhereThatIsChosen) {
  world.add_totp(ada);
  const std::string visit = open();
  EXPECT_TRUE(has(browser.get(visit), "action=\"" + visit + "/manage\""));
  EXPECT_EQ(header(browser.post(visit + "/manage", {}), "location"), visit);
  browser.post(visit + "/passcode", {{"passcode", world.totp_now()}});
  const std::string portal = ports.settings.public_url + "/portal/" + world.tenant.id.text() + "/enter?code=";
  EXPECT_TRUE(header(browser.get(visit), "location").starts_with(portal));
}

TEST_F(PromptTest, SetsACookieOfOurHostForThisTenant) {
  world.add_totp(ada);
  const net::HttpResponse page = browser.get(open());
  const std::string cookie = header(page, "set-cookie");
  EXPECT_TRUE(cookie.starts_with(flow::browser_cookie_name(world.tenant.id) + "="));
  EXPECT_NE(cookie.find("; Path=/; "), std::string::npos);
  EXPECT_NE(cookie.find("Secure; HttpOnly; SameSite=Lax"), std::string::npos);
}

TEST_F(PromptTest, TypesAPasscodeInGroups) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  const std::string code = world.totp_now();
  EXPECT_EQ(browser.press(visit + "/passcode", {{"passcode", code.substr(0, 3) + " " + code.substr(3)}}).status, 303);
}

TEST_F(PromptTest, SaysAWrongPasscodeAtItsField) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  const net::HttpResponse page = browser.press(visit + "/passcode", {{"passcode", "000000"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "aria-invalid=\"true\""));
  EXPECT_TRUE(has(page, "This passcode does not work"));
  const net::HttpResponse empty = browser.press(visit + "/passcode", {{"passcode", "  "}});
  EXPECT_TRUE(has(empty, "aria-invalid=\"true\""));
}

TEST_F(PromptTest, RefusesAPasscodeThatIsTooLong) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  EXPECT_EQ(browser.post(visit + "/passcode", {{"passcode", std::string(33, '1')}}).status, 400);
  EXPECT_EQ(browser.post(visit + "/passcode", {{"passcode", std::string(40'000, '1')}}).status, 400);
  EXPECT_EQ(browser.post(visit + "/passkey", {{"response", std::string(32'000, 'x')}}).status, 303);
  EXPECT_EQ(browser.post(visit + "/push", {{"phone", "no id"}}).status, 400);
}

TEST_F(PromptTest, ShowsTheNumberThenTheWayBack) {
  Phone phone;
  const testing::FakePhone fake = add_phone(ada, phone);
  const std::string visit = open();
  EXPECT_TRUE(has(browser.get(visit), "Confirm on your phone"));
  const net::HttpResponse page = push(visit, phone);
  const std::string number = between(page, "aria-hidden=\"true\">", "</p>\n<p class=\"unseen\"");
  ASSERT_EQ(number.size(), 6u) << page.body;
  answer(fake, phone, number);
  EXPECT_TRUE(header(browser.get(visit), "location").starts_with("https://app.example/"));
}

TEST_F(PromptTest, WaitsUntilThePhoneHasAnswered) {
  Phone phone;
  const testing::FakePhone fake = add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  const net::HttpResponse page = push(visit, phone);
  const std::string address = between(page, "data-wait=\"", "\"");
  net::Reply reply = browser.raw("GET", address);
  ASSERT_TRUE(std::holds_alternative<net::Wait>(reply));
  const net::Wait wait = std::get<net::Wait>(reply);
  EXPECT_EQ(wait.until, world.clock.now() + seconds(25));
  EXPECT_TRUE(std::holds_alternative<net::Wait>(wait.again()));
  EXPECT_EQ(std::get<net::HttpResponse>(wait.over()).body, R"({"changed":false})");
  world.woken.clear();
  answer(fake, phone, "");
  EXPECT_NE(std::find(world.woken.begin(), world.woken.end(), wait.key), world.woken.end());
  EXPECT_EQ(std::get<net::HttpResponse>(wait.again()).body, R"({"changed":true})");
  EXPECT_TRUE(has(browser.get(visit), "The request was declined on the phone"));
}

TEST_F(PromptTest, EndsAWaitWithoutNews) {
  Phone phone;
  add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  const std::string address = between(push(visit, phone), "data-wait=\"", "\"");
  const net::Wait wait = std::get<net::Wait>(browser.raw("GET", address));
  world.clock.advance(seconds(25));
  EXPECT_EQ(std::get<net::HttpResponse>(wait.again()).body, R"({"changed":false})");
}

TEST_F(PromptTest, TellsAWaiterOfAnotherBrowserNothing) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  Browser other(ports, templates);
  EXPECT_EQ(other.get(visit + "/wait?since=1.open.0.1").body, R"({"changed":true})");
  EXPECT_EQ(other.get("/prompt/DV23456789ABCDEFGHJK/wait").status, 404);
}

TEST_F(PromptTest, GivesMoreTime) {
  Phone phone;
  add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  push(visit, phone);
  world.clock.advance(seconds(50));
  EXPECT_TRUE(has(browser.get(visit), ">0:10<"));
  const net::HttpResponse page = browser.press(visit + "/more-time");
  EXPECT_TRUE(has(page, ">1:10<")) << between(page, "class=\"time\"", "</p>");
}

TEST_F(PromptTest, TakesAnotherWayWithOnePress) {
  world.add_totp(ada);
  Phone phone;
  add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  push(visit, phone);
  const net::HttpResponse page = browser.press(visit + "/other-way", {{"way", "passcode"}, {"phone", ""}});
  EXPECT_TRUE(has(page, "Enter a passcode"));
  EXPECT_FALSE(has(page, "declined")) << "nobody declined anything";
  const auto pending = flow::pending_requests(ports, phone);
  EXPECT_TRUE(pending && pending->empty());
}

TEST_F(PromptTest, SaysThatNobodyAnswered) {
  Phone phone;
  add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  push(visit, phone);
  world.clock.advance(seconds(61));
  EXPECT_TRUE(has(browser.get(visit), "Nobody answered on the phone in time."));
}

TEST_F(PromptTest, ShowsOthersTheSamePageForEveryVisitThatIsNotTheirs) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  Browser other(ports, templates);
  const net::HttpResponse foreign = other.get(visit);
  EXPECT_EQ(foreign.status, 404);
  EXPECT_TRUE(has(foreign, "This sign-in is over"));
  EXPECT_TRUE(other.cookies.empty());
  const net::HttpResponse unknown = other.get("/prompt/DV23456789ABCDEFGHJK");
  const net::HttpResponse nonsense = other.get("/prompt/%2e%2e");
  world.clock.advance(signin::kVisitLifetime);
  const net::HttpResponse expired = browser.get(visit);
  for (const net::HttpResponse* out : {&unknown, &nonsense, &expired}) {
    EXPECT_EQ(out->status, 404);
    EXPECT_EQ(out->body, foreign.body);
    EXPECT_EQ(out->headers.size(), foreign.headers.size());
  }
}

TEST_F(PromptTest, TakesNoFormFromAnotherBrowser) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  Browser other(ports, templates);
  EXPECT_EQ(other.post(visit + "/passcode", {{"passcode", world.totp_now()}}).status, 404);
  other.cookies[flow::browser_cookie_name(world.tenant.id)] = "DB23456789ABCDEFGHJK.0123456789";
  EXPECT_EQ(other.post(visit + "/passcode", {{"passcode", world.totp_now()}}).status, 404);
}

TEST_F(PromptTest, TakesNoCookieOfAnotherTenant) {
  world.add_totp(ada);
  const std::string signed_in = open();
  browser.get(signed_in);
  browser.press(signed_in + "/passcode", {{"passcode", world.totp_now()}});
  const std::string value = browser.cookies[flow::browser_cookie_name(world.tenant.id)];
  const Tenant other = world.add_tenant("other");
  world.app = world.add_app(other, AppType::websdk);
  const std::string visit = open();
  browser.cookies[flow::browser_cookie_name(other.id)] = value;
  EXPECT_EQ(browser.get(visit).status, 200);
  EXPECT_NE(browser.cookies[flow::browser_cookie_name(other.id)], value) << "a new browser there";
}

TEST_F(PromptTest, RepeatsNothingWhereAFormIsSentAgain) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  const codec::Form form{{"passcode", world.totp_now()}};
  const std::string first = header(browser.press(visit + "/passcode", form), "location");
  EXPECT_TRUE(first.starts_with("https://app.example/"));
  EXPECT_EQ(header(browser.press(visit + "/passcode", form), "location"), first);
  EXPECT_EQ(world.events().size(), 1u);
}

TEST_F(PromptTest, ShowsTwoTabsTheSame) {
  Phone phone;
  add_phone(ada, phone);
  const std::string visit = open();
  browser.get(visit);
  const net::HttpResponse first = push(visit, phone);
  const net::HttpResponse second = browser.get(visit);
  const auto number = [](const net::HttpResponse& page) {
    return between(page, "aria-hidden=\"true\">", "</p>\n<p cl");
  };
  EXPECT_EQ(number(first), number(second));
  EXPECT_EQ(browser.get(visit + "/other").status, 303);  // a tab that stood at the list sees what goes on
}

TEST_F(PromptTest, SaysThatItIsDoneToWhoComesBackAfterTheCodeWasFetched) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  const std::string place = header(browser.press(visit + "/passcode", {{"passcode", world.totp_now()}}), "location");
  flow::CodeRequest fetch;
  fetch.app = world.app;
  fetch.code = place.substr(place.find("duo_code=") + 9);
  fetch.return_uri = "https://app.example/callback";
  fetch.client_token = {"jti", world.clock.now() + seconds(60)};
  ASSERT_TRUE(finish<flow::Redeemed>([&](auto done) { flow::redeem_code(ports, fetch, done); }));
  const net::HttpResponse page = browser.get(visit);
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "You are signed in already"));
}

TEST_F(PromptTest, RefusesWithAReasonAReferenceAndAWayBack) {
  world.add_user("gone", UserStatus::disabled);
  const net::HttpResponse page = browser.get(open("gone"));
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "Your account is switched off."));
  EXPECT_EQ(between(page, "class=\"quote\" dir=\"ltr\">", "<").size(), 8u);
  EXPECT_TRUE(has(page, "error=access_denied"));
}

TEST_F(PromptTest, TakesNoFormFromAnotherSite) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.get(visit);
  const std::vector<std::vector<net::Header>> foreign{{{"sec-fetch-site", "cross-site"}},
                                                      {{"sec-fetch-site", "same-site"}},
                                                      {{"origin", "https://evil.example"}},
                                                      {{"origin", "null"}},
                                                      {}};
  for (const auto& headers : foreign) {
    browser.extra = headers;
    const net::HttpResponse out = browser.post(visit + "/passcode", {{"passcode", world.totp_now()}});
    EXPECT_EQ(out.status, 403);
    EXPECT_EQ(browser.settled(browser.raw("POST", visit + "/browser", "{}", "application/json")).status, 403);
  }
  browser.extra = {{"origin", "https://localhost:8443"}};
  EXPECT_EQ(browser.press(visit + "/passcode", {{"passcode", world.totp_now()}}).status, 303);
}

TEST_F(PromptTest, KnowsItsMethodsAndPaths) {
  const std::string visit = open();
  for (const char* action : {"", "/other", "/wait"}) {
    const net::HttpResponse out = browser.post(visit + action);
    EXPECT_EQ(out.status, 405) << action;
    EXPECT_EQ(header(out, "allow"), "GET");
  }
  for (const char* action : {"/push", "/more-time", "/other-way", "/passcode", "/passkey", "/passkey-failed",
                             "/browser", "/bind-passkey", "/bind-phone", "/unbind"}) {
    const net::HttpResponse out = browser.get(visit + action);
    EXPECT_EQ(out.status, 405) << action;
    EXPECT_EQ(header(out, "allow"), "POST");
  }
  EXPECT_EQ(browser.settled(browser.raw("DELETE", visit)).status, 405);
  EXPECT_EQ(browser.get(visit + "/nothing").status, 404);
  EXPECT_EQ(browser.get(visit + "/").status, 200);
  EXPECT_EQ(browser.get("/prompt/").status, 404);
  EXPECT_EQ(browser.get(visit + "/other?way=fax").status, 400);
}

TEST_F(PromptTest, SpeaksTheLanguageThatWasChosen) {
  world.add_totp(ada);
  const std::string visit = open();
  browser.extra.push_back({"accept-language", "fr"});
  EXPECT_TRUE(has(browser.get(visit), "<html lang=\"fr\""));
  const net::HttpResponse chosen = browser.get(visit + "/other?way=passcode&lang=ar");
  EXPECT_EQ(header(chosen, "location"), visit + "/other?way=passcode");
  EXPECT_TRUE(has(browser.get(visit), "<html lang=\"ar\" dir=\"rtl\">"));
  browser.cookies["lang"] = "tlh";
  EXPECT_TRUE(has(browser.get(visit), "<html lang=\"fr\""));
}

TEST_F(PromptTest, ProvesTheBrowsersKeyAndReloadsOnlyForAReason) {
  world.add_totp(ada);
  const std::string visit = open();
  const net::HttpResponse page = browser.get(visit);
  const std::string message = between(page, "data-prove=\"", "\"");
  ASSERT_TRUE(message.starts_with("countersign browser v1\n"));
  const auto key = crypto::Es256Key::generate(world.random);
  const auto url = [](ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); };
  nlohmann::json proof{{"key", url(key.public_key().point())},
                       {"signature", url(key.sign(bytes_of(message)))},
                       {"shown", between(page, "data-shown=\"", "\"")}};
  const auto prove = [&] {
    return browser.settled(browser.raw("POST", visit + "/browser", proof.dump(), "application/json"));
  };
  EXPECT_EQ(prove().body, R"({"changed":false})");
  proof["shown"] = "something else";
  EXPECT_EQ(prove().body, R"({"changed":true})");
  proof["signature"] = url(key.sign(bytes_of("another message")));
  EXPECT_EQ(prove().status, 403);
  EXPECT_FALSE(has(browser.get(visit), "data-prove"));
}

TEST_F(PromptTest, BindsAPasskeyAndAsksForIt) {
  testing::VirtualAuthenticator authenticator;
  const std::string origin = "https://localhost:8443";
  const std::string visit = open("grace");
  const net::HttpResponse first = browser.get(visit);
  EXPECT_TRUE(has(first, "Set up a second step"));
  const std::string bad = R"({"id":"x"})";
  EXPECT_TRUE(has(browser.press(visit + "/bind-passkey", {{"response", bad}}), "No passkey was created"));
  const net::HttpResponse again = browser.get(visit);
  const std::string made = authenticator.create(between(again, "data-options=\"", "\" hidden"), origin);
  const net::HttpResponse asked = browser.press(visit + "/bind-passkey", {{"response", made}});
  EXPECT_TRUE(has(asked, "Confirm with your passkey"));
  const std::string options = between(asked, "data-options=\"", "\" data-auto");
  const net::HttpResponse back = browser.press(visit + "/passkey", {{"response", authenticator.get(options, origin)}});
  EXPECT_TRUE(header(back, "location").starts_with("https://app.example/")) << back.body;
}

TEST_F(PromptTest, BindsAPhoneByALink) {
  const std::string visit = open("grace");
  browser.get(visit);
  const net::HttpResponse page = browser.press(visit + "/bind-phone");
  EXPECT_TRUE(has(page, "Scan this code with your phone"));
  const std::string code = between(page, "/authenticator/#activate=", "\"");
  const net::Reply reply = browser.raw("GET", between(page, "data-wait=\"", "\""));
  ASSERT_TRUE(std::holds_alternative<net::Wait>(reply));
  const net::Wait wait = std::get<net::Wait>(reply);
  world.woken.clear();
  testing::FakePhone fake(world.random, "localhost:8443");
  const auto bound = finish<flow::Activated>(
      [&](auto done) { flow::activate(ports, {Secret(std::string_view(code)), fake.public_key(), "Test"}, done); });
  ASSERT_TRUE(bound) << bound.error().what;
  EXPECT_NE(std::find(world.woken.begin(), world.woken.end(), wait.key), world.woken.end());
  EXPECT_EQ(std::get<net::HttpResponse>(wait.again()).body, R"({"changed":true})");
  EXPECT_TRUE(has(browser.get(visit), "/push"));
}

TEST_F(PromptTest, GoesBackFromBindingAPhone) {
  const std::string visit = open("grace");
  browser.get(visit);
  browser.press(visit + "/bind-phone");
  EXPECT_TRUE(has(browser.press(visit + "/unbind"), "Set up a second step"));
}

}  // namespace
}  // namespace countersign::prompt
