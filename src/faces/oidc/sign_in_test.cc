// Whole sign-ins: authorize, the prompt, token; and the golden trace of one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "core/codec/base64.h"
#include "faces/oidc/oidc_world_test.h"
#include "testing/source_dir.h"

namespace countersign::oidc {
namespace {

class OidcSignIn : public ::testing::Test {
 protected:
  OidcWorld world;
  User ada = world.add_user("ada");
  Enrolment totp = world.add_totp(ada);

  // Signs in at the prompt; the answer that brings the code.
  std::string way_back(const nlohmann::json& claims) {
    const Said said = world.authorize(claims);
    EXPECT_EQ(said.status(), 303);
    return world.sign_in_at(said.header("location"), world.totp_now());
  }
  static std::string parameter(const std::string& url, std::string_view name) {
    Said said;
    said.raw.headers = {{"location", url}};
    return said.brought_back(name);
  }
  std::string code() { return parameter(way_back(world.request_claims()), "duo_code"); }

  static nlohmann::json claims_of(const Said& said) {
    const auto token = codec::read_jwt(said.body().at("id_token").get<std::string>(), codec::JwtAlgorithm::hs512);
    EXPECT_TRUE(token);
    EXPECT_EQ(token->signature, OidcWorld::mac(token->signing_input));
    const Bytes payload = *codec::from_base64(codec::Base64::url,
                                              token->signing_input.substr(token->signing_input.find('.') + 1));
    return nlohmann::json::parse(text_of(payload));
  }
};

TEST_F(OidcSignIn, TellsTheApplicationWhoSignedIn) {
  const std::string back = way_back(world.request_claims());
  EXPECT_TRUE(back.starts_with("https://app.example/cb?")) << back;
  EXPECT_EQ(parameter(back, "state"), "0123456789abcdefghijklmnopqrstuvwxyz");
  const Said said = world.token(world.token_form(parameter(back, "duo_code")));
  ASSERT_EQ(said.status(), 200) << said.raw.body;
  EXPECT_EQ(said.raw.content_type, "application/json");
  EXPECT_EQ(said.header("cache-control"), "no-store");
  EXPECT_EQ(said.header("pragma"), "no-cache");
  const nlohmann::json body = said.body();
  EXPECT_EQ(body.size(), 4u);
  EXPECT_EQ(body["token_type"], "Bearer");
  EXPECT_TRUE(body["expires_in"].is_number_integer());
  EXPECT_FALSE(body["access_token"].get<std::string>().empty());
  const nlohmann::json claims = claims_of(said);
  EXPECT_EQ(claims["iss"], "https://mfa.example.test:8443/oauth/v1/token");
  EXPECT_EQ(claims["aud"], world.web.id.text());
  EXPECT_EQ(claims["preferred_username"], "ada");
  EXPECT_EQ(claims["sub"], "ada");
  EXPECT_EQ(claims["nonce"], "nonce-nonce-nonce-nonce");
  EXPECT_EQ(claims["auth_result"]["result"], "allow");
  ASSERT_EQ(world.events().size(), 1u);
  EXPECT_EQ(claims["auth_context"], nlohmann::json::parse(world.events().back()));
  EXPECT_EQ(claims["auth_context"]["result"], "success");
  EXPECT_EQ(claims["auth_context"]["user"]["name"], "ada");
  EXPECT_EQ(claims["auth_context"]["application"]["key"], world.web.id.text());
}

//= test rfc6749#4.1.2 "The client MUST NOT use the authorization code more than once."
TEST_F(OidcSignIn, GivesACodeThatCountsOnce) {
  const std::string once = code();
  EXPECT_EQ(world.token(world.token_form(once)).status(), 200);
  const Said again = world.token(world.token_form(once));
  EXPECT_EQ(again.status(), 400);
  EXPECT_EQ(again.error(), "invalid_grant: code: it was used before.");
}

TEST_F(OidcSignIn, GivesACodeForItsApplicationAndAddressAlone) {
  const std::string of_web = code();
  codec::Form elsewhere = world.token_form(of_web);
  elsewhere[2].second = "https://app.example/cb/";
  EXPECT_EQ(world.token(elsewhere).body()["error"], "invalid_grant");
  const Application mine = world.web;
  world.web = world.add_app(world.tenant, AppType::websdk);
  EXPECT_EQ(world.token(world.token_form(of_web)).body()["error"], "invalid_grant");
  world.web = mine;
  EXPECT_EQ(world.token(world.token_form(of_web)).status(), 200);
}

TEST_F(OidcSignIn, GivesACodeForAMinute) {
  const std::string late = code();
  world.clock.advance(seconds(61));
  EXPECT_EQ(world.token(world.token_form(late)).error(), "invalid_grant: code: it is older than 60 s.");
}

TEST_F(OidcSignIn, TakesAnAssertionOnce) {
  const std::string good = code();
  codec::Form form = world.token_form(good);
  nlohmann::json claims = world.assertion_claims("/oauth/v1/token");
  claims["aud"] = "https://" + world.host;  // good at both paths
  form[4].second = OidcWorld::sign(claims);
  EXPECT_EQ(world.health({{"client_assertion", form[4].second}}).status(), 200);
  EXPECT_EQ(world.token(form).status(), 400);
  EXPECT_EQ(world.token(world.token_form(good)).status(), 200);  // the code was not lost with it
}

TEST_F(OidcSignIn, TakesAnExchangeAsEachClientSendsIt) {
  net::HttpRequest python = OidcWorld::get_request("/oauth/v1/token", world.token_form(code()));
  python.method = "POST";
  EXPECT_EQ(world.say(python).status(), 200);

  world.clock.advance(seconds(30));
  net::HttpRequest php = OidcWorld::post_request("/oauth/v1/token", {});
  php.headers = {{"content-type", "multipart/form-data; boundary=------------------------d74496d66958873e"}};
  for (const auto& [name, value] : world.token_form(code())) {
    php.body += "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"" + name +
                "\"\r\n\r\n" + value + "\r\n";
  }
  php.body += "--------------------------d74496d66958873e--\r\n";
  EXPECT_EQ(world.say(php).status(), 200);

  world.clock.advance(seconds(30));
  codec::Form java = world.token_form(code());
  java.pop_back();
  EXPECT_EQ(world.token(java).status(), 200);
}

TEST_F(OidcSignIn, BringsTheCodeByTheNameAskedFor) {
  nlohmann::json claims = world.request_claims();
  claims["use_duo_code_attribute"] = false;
  const std::string back = way_back(claims);
  EXPECT_EQ(parameter(back, "duo_code"), "(none)");
  EXPECT_EQ(world.token(world.token_form(parameter(back, "code"))).status(), 200);
}

TEST_F(OidcSignIn, NamesItselfAsTheApplicationWroteIt) {
  codec::Form form = world.token_form(code());
  nlohmann::json assertion = world.assertion_claims("/oauth/v1/token");
  assertion["aud"] = "https://MFA.Example.test:8443/oauth/v1/token";
  form[4].second = OidcWorld::sign(assertion);
  EXPECT_EQ(claims_of(world.token(form))["iss"], "https://MFA.Example.test:8443/oauth/v1/token");
}

TEST_F(OidcSignIn, KeepsTheNameByteForByte) {
  nlohmann::json claims = world.request_claims();
  claims["duo_uname"] = "ADA";
  const std::string back = way_back(claims);
  const nlohmann::json told = claims_of(world.token(world.token_form(parameter(back, "duo_code"))));
  EXPECT_EQ(told["preferred_username"], "ADA");
  EXPECT_EQ(told["sub"], "ADA");
}

// Any change of visible behaviour is a change of traces/oidc_sign_in.txt; UPDATE_TRACES=1 rewrites it.
TEST_F(OidcSignIn, LeavesItsTrace) {
  std::string text;
  const auto told = [&](const Said& said) {
    text += "< " + std::to_string(said.status()) + " " + said.raw.content_type + said.header("location") + "\n";
  };
  const nlohmann::json request = world.request_claims();
  text += "> GET /oauth/v1/authorize request=" + request.dump() + "\n";
  const Said opened = world.authorize(request);
  told(opened);
  text += "- a code is typed at the prompt\n";
  const std::string back = world.sign_in_at(opened.header("location"), world.totp_now());
  text += "< 303 " + back + "\n";
  for (const char* what : {"", "- the same code again\n"}) {
    const codec::Form form = world.token_form(parameter(back, "duo_code"));
    text += std::string(what) + "> POST /oauth/v1/token";
    for (const auto& [name, value] : form) {
      if (name != "client_assertion") text += " " + name + "=" + value;
    }
    const Said said = world.token(form);
    text += "\n";
    told(said);
    text += "  " + (said.status() == 200 ? "id_token " + claims_of(said).dump() : said.error()) + "\n";
  }
  for (const std::string& event : world.events()) text += "log " + event + "\n";

  // Ids by the order in which they come up, so that a trace does not change with how much chance was drawn.
  static const std::regex kId("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|D[A-Z][2-9A-Z]{18}");
  std::map<std::string, std::string> names = {{parameter(back, "duo_code"), "<code>"}};
  text = std::regex_replace(text, std::regex(parameter(back, "duo_code")), "<code>");
  std::string now;
  auto from = text.cbegin();
  for (std::sregex_iterator at(text.begin(), text.end(), kId), end; at != end; ++at) {
    now.append(from, text.cbegin() + at->position());
    now += names.try_emplace(at->str(), "<id " + std::to_string(names.size()) + ">").first->second;
    from = text.cbegin() + at->position() + at->length();
  }
  now.append(from, text.cend());
  const std::string file = testing::source_dir() / "traces/oidc_sign_in.txt";
  if (std::getenv("UPDATE_TRACES")) std::ofstream(file) << now;
  std::ifstream in(file);
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(now, golden);
}

}  // namespace
}  // namespace countersign::oidc
