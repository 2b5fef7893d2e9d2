#include "faces/oidc/face.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "faces/oidc/oidc_world_test.h"
#include "testing/fault_store.h"

namespace countersign::oidc {
namespace {

class Oidc : public ::testing::Test {
 protected:
  OidcWorld world;
  User ada = world.add_user("ada");

  codec::Form changed(codec::Form form, std::string_view name, std::string value) {
    for (auto& [key, old] : form) {
      if (key == name) old = std::move(value);
    }
    return form;
  }
  codec::Form without(codec::Form form, std::string_view name) {
    std::erase_if(form, [&](const auto& pair) { return pair.first == name; });
    return form;
  }
  codec::Form with(codec::Form form, std::string name, std::string value) {
    form.emplace_back(std::move(name), std::move(value));
    return form;
  }
  void disable(Application& app) {
    app.enabled = false;
    world.write([&](store::Txn& txn) { return store::update_app(txn, app); });
  }
  // The last line of the operator's log names the number that was answered with.
  void expect_logged(const std::string& answer) {
    const auto lines = world.lines.lines();
    ASSERT_FALSE(lines.empty());
    const auto line = nlohmann::json::parse(lines.back());
    EXPECT_EQ(line["event"], "oidc.refused");
    const std::string reference = line["reference"];
    EXPECT_EQ(reference.size(), 8u);
    EXPECT_EQ(reference.find_first_not_of(kIdAlphabet), reference.npos);
    EXPECT_NE(answer.find(reference), answer.npos) << answer << " " << reference;
  }
  // A page, and nothing that leads anywhere.
  std::string page(const Said& said) {
    EXPECT_EQ(said.status(), 400);
    EXPECT_EQ(said.raw.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(said.header("location"), "");
    EXPECT_NE(said.header("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
    expect_logged(said.raw.body);
    const std::size_t from = said.raw.body.find("<p>", said.raw.body.find("<h1")) + 3;
    return said.raw.body.substr(from, said.raw.body.find("</p>", from) - from);
  }
  std::string back(const Said& said) {
    EXPECT_EQ(said.status(), 303);
    EXPECT_TRUE(said.header("location").starts_with("https://app.example/cb?error="));
    EXPECT_EQ(said.brought_back("state"), "0123456789abcdefghijklmnopqrstuvwxyz");
    expect_logged(said.brought_back("error_description"));
    return said.brought_back("error") + ": " + Said::without_reference(said.brought_back("error_description"));
  }
  std::string token_error(const codec::Form& form) {
    const Said said = world.token(form);
    EXPECT_EQ(said.status(), 400);
    EXPECT_EQ(said.raw.content_type, "application/json");
    EXPECT_EQ(said.body().size(), 2u) << said.raw.body;
    EXPECT_EQ(said.header("cache-control"), "no-store");
    expect_logged(said.raw.body);
    return said.error();
  }
  std::string health_failure(const codec::Form& form) {
    const Said said = world.health(form);
    EXPECT_EQ(said.status(), 400);
    EXPECT_EQ(said.body()["stat"], "FAIL");
    EXPECT_EQ(said.body()["timestamp"], world.now());
    expect_logged(said.raw.body);
    return said.failure();
  }
};

TEST_F(Oidc, ServesItsOwnPathsAlone) {
  EXPECT_TRUE(OidcFace::serves("/oauth/v1/token"));
  EXPECT_FALSE(OidcFace::serves("/oauth/v2/token"));
  EXPECT_FALSE(OidcFace::serves("/auth/v2/auth"));
  EXPECT_EQ(world.say(OidcWorld::post_request("/oauth/v1/userinfo", {})).status(), 404);
}

TEST_F(Oidc, SaysWhichMethodsAPathTakes) {
  for (const char* path : {"/oauth/v1/token", "/oauth/v1/health_check"}) {
    const Said said = world.say(OidcWorld::get_request(path, {}));
    EXPECT_EQ(said.status(), 405);
    EXPECT_EQ(said.header("allow"), "POST");
  }
  net::HttpRequest put = OidcWorld::get_request("/oauth/v1/authorize", {});
  put.method = "PUT";
  EXPECT_EQ(world.say(put).header("allow"), "GET, POST");
}

// --- health_check

TEST_F(Oidc, IsHealthy) {
  const Said said = world.health(world.health_form());
  EXPECT_EQ(said.status(), 200);
  EXPECT_EQ(said.raw.content_type, "application/json");
  EXPECT_EQ(said.body(), (nlohmann::json{{"stat", "OK"}, {"response", {{"timestamp", world.now()}}}}));
  EXPECT_EQ(world.health(without(world.health_form(), "client_id")).status(), 200);
}

TEST_F(Oidc, TakesAnAssertionOnce) {
  const codec::Form form = world.health_form();
  EXPECT_EQ(world.health(form).status(), 200);
  EXPECT_EQ(health_failure(form), "40002 invalid_client: client_assertion: its jti was used before.");
}

TEST_F(Oidc, SaysWhyItIsNotHealthy) {
  EXPECT_EQ(health_failure({}), "40002 invalid_request: client_assertion: it is missing.");
  EXPECT_EQ(health_failure(with(world.health_form(), "client_id", "x")),
            "40002 invalid_request: client_id: it is given twice.");
  const nlohmann::json claims = world.assertion_claims("/oauth/v1/health_check");
  EXPECT_EQ(health_failure({{"client_assertion", OidcWorld::sign(claims, "another secret")}}),
            "40002 invalid_client: The signature is not right; check the client_secret.");
  EXPECT_EQ(health_failure({{"client_assertion", OidcWorld::sign(world.assertion_claims("/oauth/v1/token"))}}),
            "40002 invalid_client: client_assertion: aud: it must be https://HOST/oauth/v1/health_check with the host "
            "name of this server.");
  world.web = world.app;  // of another type
  EXPECT_EQ(health_failure(world.health_form()),
            "40301 unauthorized_client: This application is of type authapi; this API takes websdk and partner.");
}

// --- authorize

TEST_F(Oidc, OpensAVisit) {
  for (const bool post : {false, true}) {
    const codec::Form form = world.authorize_form(world.request_claims());
    const Said said = world.say(post ? OidcWorld::post_request("/oauth/v1/authorize", form)
                                     : OidcWorld::get_request("/oauth/v1/authorize", form));
    EXPECT_EQ(said.status(), 303);
    EXPECT_TRUE(said.header("location").starts_with("/prompt/DV")) << said.header("location");
    EXPECT_EQ(said.header("cache-control"), "no-store");
  }
  EXPECT_TRUE(world.lines.lines().empty());
}

TEST_F(Oidc, ShowsAPageToWhomItCannotSendBack) {
  const auto authorize = [&](const codec::Form& form) {
    return page(world.say(OidcWorld::get_request("/oauth/v1/authorize", form)));
  };
  const codec::Form good = world.authorize_form(world.request_claims());
  EXPECT_EQ(authorize({}), "client_id: it is missing.");
  EXPECT_EQ(authorize(without(good, "request")), "request: it is missing.");
  EXPECT_EQ(authorize(with(good, "request", "x")), "request: it is given twice.");
  EXPECT_EQ(authorize(with(good, "request_uri", "https://x")), "request_uri: send the request itself.");
  EXPECT_EQ(authorize(changed(good, "client_id", "DIXXXXXXXXXXXXXXXXXX")),
            "client_id: no application of this server has it.");
  EXPECT_EQ(authorize(changed(good, "client_id", "<script>")), "client_id: no application of this server has it.");
  EXPECT_EQ(authorize(changed(good, "request", "a.b")),
            "The token cannot be used: the token has not exactly three parts.");
  EXPECT_EQ(authorize(changed(good, "request", OidcWorld::sign(world.request_claims(), "another secret"))),
            "The signature is not right; check the client_secret.");
  nlohmann::json claims = world.request_claims();
  claims["redirect_uri"] = "http://app.example/cb";
  EXPECT_TRUE(page(world.authorize(claims)).starts_with("redirect_uri: it must be https://HOST/PATH"));
  disable(world.web);
  EXPECT_EQ(authorize(good), "client_id: this application is disabled.");
}

TEST_F(Oidc, ShowsThePageInTheLanguageThatWasChosen) {
  net::HttpRequest request = OidcWorld::get_request("/oauth/v1/authorize", {});
  request.headers = {{"accept-language", "en"}, {"cookie", "lang=de"}};
  EXPECT_NE(world.say(request).raw.body.find("<html lang=\"de\""), std::string::npos);
}

TEST_F(Oidc, NamesOnThePageWhoMayCall) {
  nlohmann::json claims = world.request_claims();
  claims["client_id"] = claims["iss"] = world.app.id.text();  // an authapi application with the same secret
  const codec::Form form = {{"client_id", world.app.id.text()}, {"request", OidcWorld::sign(claims)}};
  EXPECT_EQ(page(world.say(OidcWorld::get_request("/oauth/v1/authorize", form))),
            "This application is of type authapi; this API takes websdk and partner.");
}

TEST_F(Oidc, TakesNoAlgorithmButHs512AndNoOtherKindOfToken) {
  const auto with_header = [&](const std::string& header) {
    const auto part = [](std::string_view text) { return codec::to_base64(codec::Base64::url, bytes_of(text)); };
    const std::string input = part(header) + "." + part(world.request_claims().dump());
    codec::Form form = world.authorize_form(world.request_claims());
    return page(world.say(OidcWorld::get_request(
        "/oauth/v1/authorize", changed(form, "request", codec::jwt(input, OidcWorld::mac(input))))));
  };
  EXPECT_EQ(with_header(R"({"alg":"none"})"), "The token cannot be used: the token&#39;s algorithm is not HS512.");
  EXPECT_EQ(with_header(R"({"alg":"HS256"})"), "The token cannot be used: the token&#39;s algorithm is not HS512.");
  EXPECT_EQ(with_header(R"({"alg":"HS512","jwk":{}})"), "The token cannot be used: the token&#39;s header has jwk.");
  EXPECT_EQ(with_header(R"({"alg":"HS512","typ":"logout+jwt"})"), "The token cannot be used: its typ is not JWT.");
}

//= test rfc6749#4.1.2.1 "MUST NOT automatically redirect the user-agent to the invalid redirection URI."
TEST_F(Oidc, SendsNobodyToAnAddressThatIsNotListed) {
  world.web.redirect_uris = {"https://app.example/other"};
  world.write([&](store::Txn& txn) { return store::update_app(txn, world.web); });
  EXPECT_TRUE(page(world.authorize(world.request_claims())).starts_with("redirect_uri: it is none of those"));
  nlohmann::json claims = world.request_claims();
  claims["redirect_uri"] = "https://app.example/other";
  EXPECT_EQ(world.authorize(claims).header("location").substr(0, 8), "/prompt/");
}

TEST_F(Oidc, TellsTheApplicationWhatIsWrongWhereItIsKnown) {
  const auto asked = [&](const char* claim, nlohmann::json value) {
    nlohmann::json claims = world.request_claims();
    claims[claim] = std::move(value);
    return back(world.authorize(claims));
  };
  EXPECT_EQ(asked("response_type", "token"),
            "invalid_request_object: response_type: it is one thing in the request and another beside it.");
  nlohmann::json claims = world.request_claims();
  claims["response_type"] = "token";
  EXPECT_EQ(back(world.say(OidcWorld::get_request("/oauth/v1/authorize",
                                                  without(world.authorize_form(claims), "response_type")))),
            "unsupported_response_type: response_type: it must be code.");
  EXPECT_EQ(asked("scope", "profile"), "invalid_scope: scope: it must hold openid.");
  EXPECT_EQ(asked("prompt", "none"), "login_required: prompt: a second factor cannot be asked for silently.");
  EXPECT_EQ(asked("duo_uname", "a\nb"), "invalid_request_object: duo_uname: no user can have this name.");
  EXPECT_EQ(asked("exp", world.now() - 100),
            "invalid_request_object: exp: the token was good until 100 s ago (60 s are allowed); sign in anew, or "
            "check the clocks.");
  EXPECT_EQ(asked("aud", "https://other.example"),
            "invalid_request_object: aud: its host name is not one that this server is configured with.");
}

TEST_F(Oidc, IsReachedUnderItsOwnNamesAlone) {
  world.host = "evil.example";
  EXPECT_EQ(page(world.authorize(world.request_claims())),
            "The host name of this request is not one that this server is configured with.");
  EXPECT_EQ(token_error(world.token_form("x")),
            "invalid_request: The host name of this request is not one that this server is configured with.");
  EXPECT_EQ(health_failure(world.health_form()),
            "40002 invalid_request: The host name of this request is not one that this server is configured with.");
}

// --- token

TEST_F(Oidc, RefusesAnExchangeWithItsCause) {
  const auto row = [&](codec::Form form, const char* expected) { EXPECT_EQ(token_error(form), expected); };
  row({}, "invalid_request: client_assertion_type: it is missing.");
  row(without(world.token_form("x"), "client_assertion"), "invalid_request: client_assertion: it is missing.");
  row(changed(world.token_form("x"), "client_assertion_type", "basic"),
      "invalid_request: client_assertion_type: it must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.");
  row(without(world.token_form("x"), "grant_type"), "invalid_request: grant_type: it is missing.");
  row(changed(world.token_form("x"), "grant_type", "password"),
      "unsupported_grant_type: grant_type: it must be authorization_code.");
  row(without(world.token_form("x"), "code"), "invalid_request: code: it is missing.");
  row(without(world.token_form("x"), "redirect_uri"), "invalid_request: redirect_uri: it is missing.");
  row(with(world.token_form("x"), "code", "x"), "invalid_request: code: it is given twice.");
  row(changed(world.token_form("x"), "client_id", world.app.id.text()),
      "invalid_client: client_id: it is not the iss of the client_assertion.");
  row(changed(world.token_form("x"), "client_assertion", "a.b.c"),
      "invalid_client: The token cannot be used: a part of the token is not base64url without padding.");
  row(changed(world.token_form("x"), "client_assertion",
              OidcWorld::sign(world.assertion_claims("/oauth/v1/token"), "another secret")),
      "invalid_client: The signature is not right; check the client_secret.");
  nlohmann::json claims = world.assertion_claims("/oauth/v1/token");
  claims["exp"] = world.now() - 61;
  row(changed(world.token_form("x"), "client_assertion", OidcWorld::sign(claims)),
      "invalid_client: client_assertion: exp: the token was good until 61 s ago (60 s are allowed); sign in anew, or "
      "check the clocks.");
}

TEST_F(Oidc, NamesAnUnknownOrDisabledClient) {
  nlohmann::json claims = world.assertion_claims("/oauth/v1/token");
  claims["iss"] = claims["sub"] = "DIXXXXXXXXXXXXXXXXXX";
  const codec::Form form = without(world.token_form("x"), "client_id");
  EXPECT_EQ(token_error(changed(form, "client_assertion", OidcWorld::sign(claims))),
            "invalid_client: client_id: no application of this server has it.");
  disable(world.web);
  EXPECT_EQ(token_error(world.token_form("x")), "invalid_client: client_id: this application is disabled.");
}

TEST_F(Oidc, RefusesACodeThatNobodyGave) {
  for (const std::string& code : {std::string("x"), std::string("DVXXXXXXXXXXXXXXXXXX"), std::string(1024, 'x')}) {
    EXPECT_EQ(token_error(world.token_form(code)), "invalid_grant: code: unknown, or of another application.");
  }
}

TEST_F(Oidc, SaysThatItIsAwayWhereItIs) {
  countersign::testing::FaultStore store(*world.store);
  flow::Ports ports{store, *world.keys, world.clock, world.random, [](std::string_view) {}, {}};
  ports.settings.public_url = world.ports->settings.public_url;
  OidcFace face(ports, world.log, {{"mfa.example.test"}, "/prompt/"});
  store.fail_from(1, Errc::unavailable);
  const std::string cause = "The service is busy or its database is away; try again.";
  const Said token = world.say(OidcWorld::post_request("/oauth/v1/token", world.token_form("x")), face);
  EXPECT_EQ(token.status(), 503);
  EXPECT_EQ(token.header("retry-after"), "1");
  EXPECT_EQ(token.error(), "temporarily_unavailable: " + cause);
  const Said health = world.say(OidcWorld::post_request("/oauth/v1/health_check", world.health_form()), face);
  EXPECT_EQ(health.status(), 503);
  EXPECT_EQ(health.failure(), "50301 temporarily_unavailable: " + cause);
  const codec::Form form = world.authorize_form(world.request_claims());
  EXPECT_EQ(world.say(OidcWorld::get_request("/oauth/v1/authorize", form), face).status(), 503);
  // From here on the application is found, and nothing can be written.
  store.heal();
  store.fail_commits(Errc::unavailable);
  EXPECT_EQ(back(world.say(OidcWorld::get_request("/oauth/v1/authorize", form), face)),
            "temporarily_unavailable: " + cause);
  EXPECT_EQ(world.say(OidcWorld::post_request("/oauth/v1/health_check", world.health_form()), face).failure(),
            "50301 temporarily_unavailable: " + cause);
}

TEST_F(Oidc, KeepsSecretsAndNamesOutOfTheOperatorsLog) {
  nlohmann::json claims = world.request_claims();
  claims["scope"] = "profile";
  world.authorize(claims);
  const codec::Form form = world.token_form("the-code");
  world.token(form);
  for (const std::string& line : world.lines.lines()) {
    for (const std::string& kept :
         std::initializer_list<std::string>{"ada", "the-code", "app.example", form[4].second}) {
      EXPECT_EQ(line.find(kept), line.npos) << line;
    }
  }
  EXPECT_EQ(nlohmann::json::parse(world.lines.lines().front())["app_id"], world.web.id.text());
}

}  // namespace
}  // namespace countersign::oidc
