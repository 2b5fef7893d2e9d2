// The device portal over HTTP as values: whose request is taken, what cookies are set, what a page says.
#include "faces/portal/serve.h"

#include <gtest/gtest.h>


#include "core/codec/form.h"
#include "flow/portal_world_test.h"
#include "testing/reply.h"

namespace countersign::portal {
namespace {

class PortalFace : public flow::PortalTest {
 protected:
  const web::Templates templates = *web::Templates::load();
  std::string door;  // a cookie too
  const std::string base = "/portal/" + world.tenant.id.text();

  static net::HttpResponse settle(net::Reply reply) {
    reply = testing::run(std::move(reply));
    auto* const response = std::get_if<net::HttpResponse>(&reply);
    EXPECT_TRUE(response);
    return response ? *response : net::HttpResponse();
  }
  net::HttpRequest request(std::string method, std::string target) const {
    net::HttpRequest out;
    out.method = std::move(method);
    const std::size_t query = target.find('?');
    out.path = target.substr(0, query);
    if (query != std::string::npos) out.query = target.substr(query + 1);
    out.host = "localhost:8443";
    out.peer = "192.0.2.7";
    const std::string tenant = world.tenant.id.text();
    std::string cookies = "lang=en";
    if (!session.empty()) cookies += "; __Host-portal-" + tenant + "=" + session;
    if (!door.empty()) cookies += "; __Host-portal-door-" + tenant + "=" + door;
    out.headers = {{"cookie", cookies}};
    return out;
  }
  net::HttpRequest form(const std::string& action, const codec::Form& fields) const {
    net::HttpRequest out = request("POST", base + "/" + action);
    out.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
    out.headers.push_back({"sec-fetch-site", "same-origin"});
    out.body = codec::write_form(fields);
    return out;
  }
  net::HttpResponse answer_to(const net::HttpRequest& asked) { return settle(serve(ports, templates, asked)); }
  net::HttpResponse get(const std::string& path) { return answer_to(request("GET", path)); }
  net::HttpResponse post(const std::string& action, codec::Form fields) {
    fields.emplace_back("once", seen().once);
    return answer_to(form(action, fields));
  }
  static std::string header(const net::HttpResponse& reply, std::string_view name) {
    for (const net::Header& h : reply.headers) {
      if (h.name == name) return h.value;
    }
    return {};
  }
  static bool has(const net::HttpResponse& reply, std::string_view text) {
    return reply.body.find(text) != std::string::npos;
  }
  // What a page writes into an attribute.
  static std::string attribute(const net::HttpResponse& reply, const std::string& name) {
    const std::size_t at = reply.body.find(name + "=\"") + name.size() + 2;
    std::string out = reply.body.substr(at, reply.body.find('"', at) - at);
    for (std::size_t quote; (quote = out.find("&quot;")) != std::string::npos;) out.replace(quote, 6, "\"");
    return out;
  }
};

TEST_F(PortalFace, SignsInByPasskeyAndShowsTheList) {
  give_passkey(ada);
  const net::HttpResponse page = get(base);
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "autocomplete=\"username webauthn\""));
  const std::string set = header(page, "set-cookie");
  EXPECT_NE(set.find("HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("SameSite=Strict"), std::string::npos);
  door = set.substr(set.find('=') + 1, set.find(';') - set.find('=') - 1);
  const net::HttpResponse in = answer_to(form("sign-in", {{"response", answer(attribute(page, "data-options"))}}));
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(header(in, "location"), base);
  const std::string cookie = header(in, "set-cookie");
  EXPECT_TRUE(cookie.starts_with("__Host-portal-" + world.tenant.id.text() + "=portal."));
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  session = cookie.substr(cookie.find('=') + 1, cookie.find(';') - cookie.find('=') - 1);
  const net::HttpResponse list = get(base);
  EXPECT_EQ(list.status, 200);
  EXPECT_TRUE(has(list, "Signed in as ada"));
  EXPECT_TRUE(has(list, "Your only way to sign in"));
  EXPECT_TRUE(has(list, "This was not me"));
  EXPECT_EQ(header(list, "cache-control"), "no-store");
}

TEST_F(PortalFace, AVisitsCodeSetsTheSession) {
  world.add_totp(ada);
  const std::string code = code_of_visit(ada);
  net::HttpRequest asked = request("GET", base + "/enter?code=" + code);
  asked.headers = {{"cookie", "__Host-browser-" + world.tenant.id.text() + "=" + browser}};
  const net::HttpResponse in = answer_to(asked);
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(header(in, "location"), base);
  EXPECT_FALSE(header(in, "set-cookie").empty());
  const net::HttpResponse again = answer_to(asked);
  EXPECT_EQ(header(again, "location"), base + "?said=not_entered");
  EXPECT_TRUE(header(again, "set-cookie").empty());
}

TEST_F(PortalFace, AnotherSitePressesNoButton) {
  world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  const std::string once = seen().once;
  for (const auto& header : std::vector<net::Header>{{"sec-fetch-site", "cross-site"},
                                                     {"sec-fetch-site", "same-site"},
                                                     {"sec-fetch-site", "none"},
                                                     {"origin", "https://evil.example"},
                                                     {"origin", "null"},
                                                     {"x-nothing", ""}}) {
    net::HttpRequest asked = form("recovery", {{"once", once}});
    asked.headers[2] = header;
    EXPECT_EQ(answer_to(asked).status, 403) << header.name << " " << header.value;
  }
  EXPECT_EQ(enrolments(ada), 2u);
  EXPECT_EQ(answer_to(form("recovery", {{"once", once}})).status, 200);  // ours is taken
  EXPECT_EQ(enrolments(ada), 3u);
}

TEST_F(PortalFace, AReplayedFormShowsNoCodesAgain) {
  give_passkey(ada);
  enter_by_passkey();
  const net::HttpRequest asked = form("recovery", {{"once", seen().once}});
  const net::HttpResponse codes = answer_to(asked);
  EXPECT_EQ(codes.status, 200);
  EXPECT_TRUE(has(codes, "Your new recovery codes"));
  const net::HttpResponse again = answer_to(asked);
  EXPECT_EQ(again.status, 303);
  EXPECT_EQ(header(again, "location"), base + "?said=look_again");
}

TEST_F(PortalFace, RemovesAfterOneQuestion) {
  const std::string token = world.add_totp(ada).id.text();
  give_passkey(ada);
  enter_by_passkey();
  const net::HttpResponse question = get(base + "/remove?id=" + token);
  EXPECT_TRUE(has(question, "Remove “Token for passcodes”?"));
  EXPECT_EQ(enrolments(ada), 2u);
  const net::HttpResponse done = post("remove", {{"id", token}});
  EXPECT_EQ(header(done, "location"), base + "?said=removed");
  EXPECT_EQ(header(get(base + "/remove?id=" + token), "location"), base);  // nothing is there to remove
  const std::string last = seen().factors[0].id;
  EXPECT_EQ(header(post("remove", {{"id", last}}), "location"), base + "?said=last_factor");
}

TEST_F(PortalFace, AStaleSessionIsAskedForThePasskeyAndGoesOn) {
  const std::string token = world.add_totp(ada).id.text();
  give_passkey(ada);
  enter_by_passkey();
  world.clock.advance(seconds(590));
  ASSERT_TRUE(look());
  world.clock.advance(seconds(20));
  EXPECT_EQ(header(post("remove", {{"id", token}}), "location"), base + "/prove");
  const net::HttpResponse page = get(base + "/prove");
  const net::HttpResponse proved = post("prove", {{"response", answer(attribute(page, "data-options"))}});
  EXPECT_EQ(header(proved, "location"), base + "/remove?id=" + token);
  EXPECT_EQ(header(post("remove", {{"id", token}}), "location"), base + "?said=removed");
}

TEST_F(PortalFace, NotMeAsksOnceThenSaysWhatHappened) {
  give_passkey(ada);
  enter_by_passkey();
  const std::string event = seen().sign_ins.at(0).id.text();
  const net::HttpResponse question = get(base + "/not-me?id=" + event);
  EXPECT_TRUE(has(question, "Was this not you?"));
  EXPECT_TRUE(has(question, "Firefox"));
  const net::HttpResponse done = post("not-me", {{"id", event}});
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(has(done, "Your account is protected"));
  EXPECT_TRUE(has(done, "Change your password now"));
  EXPECT_NE(header(done, "set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_TRUE(has(get(base), "Sign in with a passkey"));
}

TEST_F(PortalFace, ShowsAPhonesLinkUntilItIsBound) {
  give_passkey(ada);
  enter_by_passkey();
  EXPECT_EQ(header(post("add-phone", {}), "location"), base + "/phone");
  const net::HttpResponse page = get(base + "/phone");
  EXPECT_TRUE(has(page, *seen().activation_url));
  EXPECT_TRUE(has(page, "<path d=\"M"));
  const net::Reply waiting = serve(ports, templates, request("GET", base + "/wait"));
  const auto* const wait = std::get_if<net::Wait>(&waiting);
  ASSERT_TRUE(wait);
  EXPECT_TRUE(wait->key.starts_with("phone/"));
  EXPECT_TRUE(has(settle(wait->over()), "\"changed\":false"));
  ASSERT_EQ(header(post("drop-phone", {}), "location"), base);
  EXPECT_TRUE(has(settle(wait->again()), "\"changed\":true"));
  EXPECT_EQ(header(get(base + "/phone"), "location"), base + "?said=phone_added");
}

TEST_F(PortalFace, NamesAreEscapedAndWordsOfTheAddressAreKnownOnes) {
  const std::string id = give_passkey(ada).text();
  enter_by_passkey();
  ASSERT_EQ(header(post("rename", {{"id", id}, {"name", "<script>"}}), "location"), base + "?said=renamed");
  const net::HttpResponse list = get(base + "?said=renamed&id=%22%3E%3Cscript%3E");
  EXPECT_TRUE(has(list, "&lt;script&gt;"));
  EXPECT_FALSE(has(list, "<script>"));
  EXPECT_TRUE(has(list, "The new name is saved."));
  EXPECT_FALSE(has(get(base + "?said=anything"), "role=\"status\">a"));
  EXPECT_EQ(header(post("rename", {{"id", id}, {"name", ""}}), "location"),
            base + "/rename?id=" + id + "&said=bad_name");
}

TEST_F(PortalFace, ATenantThatIsNotThereLooksLikeOneThatIs) {
  const net::HttpResponse page = get("/portal/DAZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "Sign in with a passkey"));
  EXPECT_EQ(header(get("/portal/DAZZZZZZZZZZZZZZZZZZ/phone"), "location"), "/portal/DAZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(get("/portal/not an id").status, 404);
  EXPECT_EQ(get(base + "/nothing").status, 404);
  EXPECT_EQ(get(base + "/recovery").status, 405);
  EXPECT_EQ(answer_to(request("POST", base)).status, 405);
}

TEST_F(PortalFace, WithoutATenantASingleOneIsMeant) {
  EXPECT_EQ(header(get("/portal/"), "location"), base);
  world.add_tenant("other");
  EXPECT_TRUE(has(get("/portal/"), "Open one of your applications"));
}

TEST_F(PortalFace, SpeaksEachLanguage) {
  world.add_totp(ada);
  give_passkey(ada);
  enter_by_passkey();
  for (const std::string& language : web::languages()) {
    net::HttpRequest asked = request("GET", base);
    asked.headers[0].value.replace(0, 7, "lang=" + language);
    const net::HttpResponse page = answer_to(asked);
    EXPECT_TRUE(has(page, web::message(language, "portal.sign_ins"))) << language;
    EXPECT_EQ(has(page, "dir=\"rtl\""), language == "ar");
  }
  const net::HttpResponse chosen = get(base + "/rename?id=x&lang=ja");
  EXPECT_EQ(header(chosen, "location"), base + "/rename?id=x");
  EXPECT_TRUE(header(chosen, "set-cookie").starts_with("lang=ja"));
}

}  // namespace
}  // namespace countersign::portal
