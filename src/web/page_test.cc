#include "web/page.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::web {
namespace {

std::string header(const net::HttpResponse& response, std::string_view name) {
  std::string out;
  for (const net::Header& one : response.headers) {
    if (one.name == name) out += (out.empty() ? "" : " | ") + one.value;
  }
  return out;
}

net::HttpRequest get(std::string path) {
  net::HttpRequest out;
  out.method = "GET";
  out.path = std::move(path);
  out.host = "mfa.example";
  return out;
}

TEST(Templates, AreAllWhole) {
  const Result<Templates> templates = Templates::load();
  EXPECT_TRUE(templates) << templates.error().what;
}

TEST(Templates, FillMessagesFromTheValues) {
  const Templates templates = *Templates::load();
  const Value values = Value::object({{"app", "<VPN>"}, {"user", "ada"}});
  EXPECT_EQ(templates.render("prompt/who", "en", values), "<p class=\"who\">Signing in to &lt;VPN&gt; as ada</p>\n");
  EXPECT_EQ(templates.render("prompt/nothing", "en", values), "");
}

TEST(Page, HoldsTheBrowserToOurOwn) {
  PageOptions options;
  options.form_action = "https://app.example:444";
  const net::HttpResponse out = page("<p>", options);
  const std::string policy = header(out, "content-security-policy");
  for (const char* part : {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                           "require-trusted-types-for 'script'", "form-action 'self' https://app.example:444"}) {
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(header(out, "cache-control"), "no-store");
  EXPECT_EQ(header(out, "x-content-type-options"), "nosniff");
  EXPECT_EQ(header(out, "cross-origin-opener-policy"), "unsafe-none");  // it may be an application's popup
  EXPECT_EQ(header(page("<p>", {}), "cross-origin-opener-policy"), "same-origin");
  EXPECT_EQ(header(out, "referrer-policy"), "same-origin");
  EXPECT_NE(header(out, "permissions-policy").find("publickey-credentials-get=(self)"), std::string::npos);
}

TEST(Page, LetsNothingElseIntoItsPolicy) {
  for (const char* odd : {"https://a.example; script-src *", "https://a.example\r\nx: y", "javascript:x", "*",
                          "https://a.example *", "https://*"}) {
    PageOptions options;
    options.form_action = odd;
    EXPECT_TRUE(header(page("", options), "content-security-policy").ends_with("form-action 'self'")) << odd;
  }
}

TEST(StillPage, RunsNothingAndTellsItsAddressToNobody) {
  const net::HttpResponse out = still_page("<p>");
  EXPECT_EQ(out.body, "<p>");
  EXPECT_EQ(header(out, "content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'");
  EXPECT_EQ(header(out, "referrer-policy"), "no-referrer");
  EXPECT_EQ(header(out, "cache-control"), "no-store");
  EXPECT_EQ(header(out, "x-content-type-options"), "nosniff");
}

TEST(ProblemPage, SaysWhatHappenedAndWhatToDo) {
  const net::HttpResponse out = problem_page("en", "problem.gone", "7QX4-22KM", 404);
  EXPECT_EQ(out.status, 404);
  EXPECT_NE(out.body.find("This sign-in is over"), std::string::npos);
  EXPECT_NE(out.body.find("Go back to the application"), std::string::npos);
  EXPECT_NE(out.body.find("7QX4-22KM"), std::string::npos);
}

TEST(ProblemPage, ShowsASentenceAsItIs) {
  const net::HttpResponse out = problem_page("de", "redirect_uri: <too long>", "");
  EXPECT_EQ(out.status, 400);
  EXPECT_NE(out.body.find("redirect_uri: &lt;too long&gt;"), std::string::npos);
  EXPECT_NE(out.body.find("Etwas ist schiefgegangen"), std::string::npos);
  EXPECT_EQ(out.body.find("class=\"reference\""), std::string::npos);
}

TEST(SeeOther, LeadsOn) {
  const net::HttpResponse out = see_other("/prompt/DV1");
  EXPECT_EQ(out.status, 303);
  EXPECT_EQ(header(out, "location"), "/prompt/DV1");
  EXPECT_EQ(header(out, "cache-control"), "no-store");
}

TEST(Cookie, IsFoundByItsWholeName) {
  net::HttpRequest request = get("/");
  request.headers = {{"cookie", "a=1; __Host-b=two ;c=3"}, {"cookie", "d=4=5"}};
  EXPECT_EQ(cookie(request, "__Host-b"), "two");
  EXPECT_EQ(cookie(request, "a"), "1");
  EXPECT_EQ(cookie(request, "d"), "4=5");
  EXPECT_EQ(cookie(request, "b"), "");
  EXPECT_EQ(cookie(request, "A"), "");
}

TEST(Cookie, ThatStandsTwiceIsNone) {
  net::HttpRequest request = get("/");
  request.headers = {{"cookie", "a=1; a=2"}};
  EXPECT_EQ(cookie(request, "a"), "");
  request.headers = {{"cookie", "a=1"}, {"cookie", "a=1"}};
  EXPECT_EQ(cookie(request, "a"), "");
}

TEST(Cookie, IsSetForOurHostAlone) {
  const net::Header set = set_cookie("__Host-x", "v", seconds(60), SameSite::lax);
  EXPECT_EQ(set.name, "set-cookie");
  EXPECT_EQ(set.value, "__Host-x=v; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
  EXPECT_TRUE(set_cookie("x", "v", seconds(1), SameSite::strict).value.ends_with("SameSite=Strict"));
  EXPECT_NE(drop_cookie("x").value.find("Max-Age=0"), std::string::npos);
}

TEST(Asset, WithItsHashInItsNameIsKeptForEver) {
  for (const char* entry : {"prompt.js", "prompt.css", "mark.svg"}) {
    const std::string path(asset_path(entry));
    ASSERT_TRUE(path.starts_with("/assets/")) << entry;
    EXPECT_TRUE(serves_asset(path));
    const net::HttpResponse out = asset(get(path));
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(header(out, "cache-control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(header(out, "x-content-type-options"), "nosniff");
    EXPECT_FALSE(out.body.empty());
  }
  EXPECT_EQ(asset(get(std::string(asset_path("prompt.js")))).content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(asset(get(std::string(asset_path("prompt.css")))).content_type, "text/css; charset=utf-8");
  EXPECT_EQ(asset(get(std::string(asset_path("mark.svg")))).content_type, "image/svg+xml");
  EXPECT_EQ(asset_path("nothing"), "");
}

TEST(Asset, OfTheAuthenticatorIsAskedForAgain) {
  EXPECT_EQ(header(asset(get("/authenticator")), "location"), "/authenticator/");
  net::HttpRequest request = get("/authenticator/");
  const net::HttpResponse shell = asset(request);
  EXPECT_EQ(shell.status, 200);
  EXPECT_EQ(shell.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header(shell, "cache-control"), "no-cache");
  EXPECT_NE(header(shell, "content-security-policy").find("script-src 'self'"), std::string::npos);
  EXPECT_EQ(header(shell, "content-security-policy").find("unsafe"), std::string::npos);
  request.headers = {{"if-none-match", header(shell, "etag")}};
  const net::HttpResponse again = asset(request);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  request.headers = {{"if-none-match", "\"0\""}};
  EXPECT_EQ(asset(request).status, 200);
}

TEST(Asset, LetsTheWorkerRuleItsFolder) {
  const net::HttpResponse out = asset(get("/authenticator/sw.js"));
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(header(out, "service-worker-allowed"), "/authenticator/");
  EXPECT_EQ(header(out, "cache-control"), "no-cache");
  EXPECT_EQ(out.content_type, "text/javascript; charset=utf-8");
}

TEST(Asset, IsNothingElse) {
  EXPECT_EQ(asset(get("/assets/manifest.json")).status, 404);
  EXPECT_EQ(asset(get("/assets/../root.key")).status, 404);
  EXPECT_EQ(asset(get("/authenticator/nothing")).status, 404);
  EXPECT_FALSE(serves_asset("/authenticators"));
  EXPECT_FALSE(serves_asset("/prompt/x"));
  net::HttpRequest post = get("/authenticator/");
  post.method = "POST";
  EXPECT_EQ(asset(post).status, 405);
  EXPECT_EQ(header(asset(post), "allow"), "GET, HEAD");
}

}  // namespace
}  // namespace countersign::web
