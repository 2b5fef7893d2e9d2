#include "faces/prompt/call.h"

#include <gtest/gtest.h>

namespace countersign::prompt {
namespace {

net::HttpRequest form(std::string body, std::string type = "application/x-www-form-urlencoded") {
  net::HttpRequest out;
  out.method = "POST";
  out.host = "MFA.example:8443";
  out.body = std::move(body);
  out.headers = {{"content-type", std::move(type)}};
  return out;
}

bool same(std::vector<net::Header> headers) {
  net::HttpRequest request = form("");
  request.headers = std::move(headers);
  return same_origin(request);
}

TEST(PromptTarget, IsAVisitAndAnAction) {
  EXPECT_EQ(parse_target("/prompt/DV1")->visit.text(), "DV1");
  EXPECT_EQ(parse_target("/prompt/DV1")->action, "");
  EXPECT_EQ(parse_target("/prompt/DV1/more-time")->action, "more-time");
  EXPECT_EQ(parse_target("/prompt/DV1/a/b")->action, "a/b");
  EXPECT_EQ(parse_target("/prompt/").error().code, Errc::not_found);
  EXPECT_EQ(parse_target("/prompt/%44V1").error().code, Errc::not_found);
  EXPECT_EQ(parse_target("/prompt/" + std::string(65, 'A')).error().code, Errc::not_found);
}

TEST(PromptOrigin, IsOursByWhatTheBrowserSays) {
  EXPECT_TRUE(same({{"sec-fetch-site", "same-origin"}}));
  EXPECT_FALSE(same({{"sec-fetch-site", "same-site"}}));
  EXPECT_FALSE(same({{"sec-fetch-site", "cross-site"}, {"origin", "https://mfa.example:8443"}}));
  EXPECT_FALSE(same({{"sec-fetch-site", "none"}}));
}

TEST(PromptOrigin, IsOursByOriginInOlderBrowsers) {
  EXPECT_TRUE(same({{"origin", "https://mfa.example:8443"}}));
  EXPECT_FALSE(same({{"origin", "https://mfa.example"}}));
  EXPECT_FALSE(same({{"origin", "https://mfa.example:8443.evil.example"}}));
  EXPECT_FALSE(same({{"origin", "null"}}));
  EXPECT_FALSE(same({}));
}

TEST(PromptFields, AreReadFromAForm) {
  const Result<Fields> fields = Fields::of_form(form("passcode=123+456&remember=yes"));
  EXPECT_EQ(fields->get("passcode"), "123 456");
  EXPECT_EQ(fields->get("remember"), "yes");
  EXPECT_EQ(fields->get("phone"), "");
}

TEST(PromptFields, AreRefusedWhereTheyAreNone) {
  EXPECT_EQ(Fields::of_form(form("a=1&a=2")).error().code, Errc::malformed);
  EXPECT_EQ(Fields::of_form(form("a=%zz")).error().code, Errc::malformed);
  EXPECT_EQ(Fields::of_form(form("a=1", "text/plain")).error().code, Errc::malformed);
  EXPECT_EQ(Fields::of_form(form("a=" + std::string(kBodyMax, 'x'))).error().code, Errc::exhausted);
}

TEST(PromptPasscode, MayBeTypedInGroups) {
  EXPECT_EQ(plain_passcode(" 123 456"), "123456");
  EXPECT_EQ(plain_passcode("123-456-789"), "123456789");
  EXPECT_EQ(plain_passcode(" - "), "");
}

TEST(BrowserProof, IsReadStrictly) {
  const Result<BrowserProof> proof = read_browser_proof(R"({"key":"AQI","signature":"Aw","shown":"x"})");
  EXPECT_EQ(proof->public_key, (Bytes{1, 2}));
  EXPECT_EQ(proof->signature, Bytes{3});
  EXPECT_EQ(proof->shown, "x");
  for (const char* text : {"", "[]", "{}", R"({"key":"AQI"})", R"({"key":"AQI=","signature":"Aw"})",
                           R"({"key":"AQI","key":"AQI","signature":"Aw"})", R"({"key":1,"signature":"Aw"})",
                           R"({"key":"AQI","signature":"Aw"} x)", R"({"key":"AQI","signature":"Aw","shown":1})"}) {
    EXPECT_EQ(read_browser_proof(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(read_browser_proof(R"({"key":")" + std::string(3000, 'A') + R"("})").error().code, Errc::exhausted);
}

}  // namespace
}  // namespace countersign::prompt
