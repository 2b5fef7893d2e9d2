#include "faces/oidc/request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "faces/oidc/assertion.h"

namespace countersign::oidc {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kState = "0123456789012345678901";

class Requests : public ::testing::Test {
 protected:
  Application app;
  HostNames hosts{{"mfa.example.test"}};
  Outside outside;
  nlohmann::json claims = {{"scope", "openid"},
                           {"redirect_uri", "https://app.example/cb"},
                           {"client_id", "DIXXXXXXXXXXXXXXXXXX"},
                           {"iss", "DIXXXXXXXXXXXXXXXXXX"},
                           {"aud", "https://mfa.example.test:8443"},
                           {"exp", kNow + 300},
                           {"state", kState},
                           {"response_type", "code"},
                           {"duo_uname", "ada"},
                           {"use_duo_code_attribute", true}};

  Requests() { app.id = AppId::trusted("DIXXXXXXXXXXXXXXXXXX"); }

  std::variant<SignInRequest, Refusal> read(const nlohmann::json& of) {
    return read_request(*codec::parse_json(of.dump()), outside, {app, hosts, "localhost:8443", from_unix_s(kNow)});
  }
  SignInRequest good(const nlohmann::json& of) {
    auto out = read(of);
    if (const auto* refusal = std::get_if<Refusal>(&out)) {
      ADD_FAILURE() << refusal->problem.cause << " " << of;
      return {};
    }
    return std::get<SignInRequest>(std::move(out));
  }
  // "word: cause", with "page " before it where nobody may be sent back.
  std::string refused(const nlohmann::json& of) {
    const auto out = read(of);
    const auto* refusal = std::get_if<Refusal>(&out);
    if (!refusal) return "(good)";
    if (!refusal->uri.empty()) {
      EXPECT_EQ(refusal->uri, "https://app.example/cb");
      EXPECT_EQ(refusal->state, kState);
    }
    return (refusal->uri.empty() ? "page " : "") + std::string(name(refusal->problem.word)) + ": " +
           refusal->problem.cause;
  }
  nlohmann::json with(const char* claim, nlohmann::json value) const {
    nlohmann::json out = claims;
    out[claim] = std::move(value);
    return out;
  }
  nlohmann::json without(std::initializer_list<const char*> names) const {
    nlohmann::json out = claims;
    for (const char* claim : names) out.erase(claim);
    return out;
  }
};

TEST_F(Requests, AreReadWhole) {
  const SignInRequest in = good(with("nonce", std::string(16, 'n')));
  EXPECT_EQ(in.username, "ada");
  EXPECT_EQ(in.back.uri, "https://app.example/cb");
  EXPECT_EQ(in.back.state, kState);
  EXPECT_EQ(in.back.nonce, std::string(16, 'n'));
  EXPECT_EQ(in.back.code_name, "duo_code");
  EXPECT_EQ(in.back.issuer, "mfa.example.test:8443");
}

TEST_F(Requests, KeepTheUsernameByteForByte) {
  EXPECT_EQ(good(with("duo_uname", " ADA\\Lovelace@Example ")).username, " ADA\\Lovelace@Example ");
  EXPECT_EQ(good(with("duo_uname", "Jos\u00e9")).username, "Jos\xc3\xa9");
}

TEST_F(Requests, OfEveryClientAreTaken) {
  good(with("exp", kNow + 299.5));                             // Python
  good(with("exp", std::to_string(kNow + 300)));                // C#
  good(with("iat", kNow + 0.5));                               // Node
  good(without({"iss", "aud", "client_id"}));                  // Java, older
  good(with("exp", kNow + 3600));                              // Java
  good(with("aud", "https://mfa.example.test:8443/oauth/v1/authorize"));  // C#
  good(with("aud", nlohmann::json::array({"https://localhost"})));
  good(with("dest_app_name", "x"));                            // names that nobody asked for
  EXPECT_EQ(good(without({"aud"})).back.issuer, "localhost:8443");
}

TEST_F(Requests, SayByWhichNameTheCodeIsWanted) {
  for (const nlohmann::json& yes : {nlohmann::json(true), nlohmann::json("true"), nlohmann::json("True")}) {
    EXPECT_EQ(good(with("use_duo_code_attribute", yes)).back.code_name, "duo_code");
  }
  for (const nlohmann::json& no : {nlohmann::json(false), nlohmann::json("false"), nlohmann::json("False"),
                                   nlohmann::json(nullptr)}) {
    EXPECT_EQ(good(with("use_duo_code_attribute", no)).back.code_name, "code");
  }
  EXPECT_EQ(good(without({"use_duo_code_attribute"})).back.code_name, "code");
  for (const nlohmann::json& other : {nlohmann::json(1), nlohmann::json("yes"), nlohmann::json("")}) {
    EXPECT_EQ(refused(with("use_duo_code_attribute", other)),
              "invalid_request_object: use_duo_code_attribute: it must be true or false.");
  }
}

TEST_F(Requests, AreGoodForTheirTimeAndAMinute) {
  good(with("exp", kNow - 59));
  EXPECT_EQ(refused(with("exp", kNow - 60)), "invalid_request_object: exp: the token was good until 60 s ago (60 s are "
                                             "allowed); sign in anew, or check the clocks.");
  good(with("exp", kNow + 3660));
  EXPECT_EQ(refused(with("exp", kNow + 3661)),
            "invalid_request_object: exp: it is 3661 s in the future, 3660 are allowed.");
  EXPECT_EQ(refused(without({"exp"})), "invalid_request_object: exp: it is missing.");
  for (const nlohmann::json& wrong : {nlohmann::json("soon"), nlohmann::json(-1), nlohmann::json(true)}) {
    EXPECT_EQ(refused(with("exp", wrong)), "invalid_request_object: exp: it must be a time in seconds since 1970.");
  }
  for (const char* claim : {"iat", "nbf"}) {
    good(with(claim, kNow + 60));
    good(with(claim, kNow - 100'000));
    EXPECT_EQ(refused(with(claim, kNow + 61)), "invalid_request_object: " + std::string(claim) +
                                                   ": it is 61 s in the future (60 s are allowed); check the clocks.");
    EXPECT_EQ(refused(with(claim, "x")), "invalid_request_object: " + std::string(claim) +
                                             ": it must be a time in seconds since 1970.");
  }
}

TEST_F(Requests, AreForThisServerAndOfThisClient) {
  for (const char* aud : {"https://evil.example", "https://mfa.example.test.evil.example"}) {
    EXPECT_EQ(refused(with("aud", aud)),
              "invalid_request_object: aud: its host name is not one that this server is configured with.");
  }
  const nlohmann::json others[] = {"https://localhost/oauth/v1/token", "http://localhost", "localhost", "", 1,
                                   nlohmann::json::array({"https://localhost", "https://evil.example"}),
                                   nlohmann::json::array()};
  for (const nlohmann::json& aud : others) {
    EXPECT_EQ(refused(with("aud", aud)), "invalid_request_object: aud: it must be https://HOST/oauth/v1/authorize with "
                                         "the host name of this server.") << aud;
  }
  for (const char* claim : {"iss", "client_id"}) {
    EXPECT_EQ(refused(with(claim, "DIYYYYYYYYYYYYYYYYYY")),
              "invalid_request_object: " + std::string(claim) + ": it must be the client_id.");
  }
}

TEST_F(Requests, AskForACodeAndOpenid) {
  EXPECT_EQ(refused(with("response_type", "token")), "unsupported_response_type: response_type: it must be code.");
  EXPECT_EQ(refused(without({"response_type"})), "unsupported_response_type: response_type: it must be code.");
  EXPECT_EQ(refused(with("scope", "profile")), "invalid_scope: scope: it must hold openid.");
  EXPECT_EQ(refused(with("scope", "openidx")), "invalid_scope: scope: it must hold openid.");
  EXPECT_EQ(refused(without({"scope"})), "invalid_scope: scope: it must hold openid.");
  good(with("scope", "profile openid"));
  EXPECT_EQ(refused(with("prompt", "none")), "login_required: prompt: a second factor cannot be asked for silently.");
}

TEST_F(Requests, MayLeaveToTheOutsideWhatNeedNotBeSigned) {
  outside = {"code", "openid", std::string(20, 'n'), kState};
  const SignInRequest in = good(without({"response_type", "scope"}));  // Python's nonce
  EXPECT_EQ(in.back.nonce, std::string(20, 'n'));
}

TEST_F(Requests, AreNotOneThingInsideAndAnotherOutside) {
  outside.state = "another state, long enough";
  EXPECT_EQ(refused(claims),
            "page invalid_request_object: state: it is one thing in the request and another beside it.");
  outside = {"code", "profile", "", ""};
  EXPECT_EQ(refused(claims), "invalid_request_object: scope: it is one thing in the request and another beside it.");
  outside = {"token", "", "", ""};
  EXPECT_EQ(refused(claims),
            "invalid_request_object: response_type: it is one thing in the request and another beside it.");
  outside = {"", "", std::string(16, 'o'), ""};
  EXPECT_EQ(refused(with("nonce", std::string(16, 'n'))),
            "invalid_request_object: nonce: it is one thing in the request and another beside it.");
}

TEST_F(Requests, HaveAStateAndANonceOfTheirLength) {
  good(with("state", std::string(1024, 's')));
  EXPECT_EQ(refused(with("state", std::string(15, 's'))),
            "page invalid_request_object: state: its length must be from 16 to 1024, it is 15.");
  EXPECT_EQ(refused(with("state", std::string(1025, 's'))),
            "page invalid_request_object: state: its length must be from 16 to 1024, it is 1025.");
  EXPECT_EQ(refused(without({"state"})), "page invalid_request_object: state: it is missing.");
  EXPECT_EQ(refused(with("state", "0123456789\n01234567")),
            "page invalid_request_object: state: it must be printable ASCII.");
  EXPECT_EQ(refused(with("nonce", std::string(15, 'n'))),
            "invalid_request_object: nonce: its length must be from 16 to 1024, it is 15.");
  outside.nonce = std::string(15, 'n');
  EXPECT_EQ(refused(claims), "invalid_request_object: nonce: its length must be from 16 to 1024.");
  outside.nonce = "0123456789\n01234567";
  EXPECT_EQ(refused(claims), "invalid_request_object: nonce: it must be printable ASCII.");
}

TEST_F(Requests, GoBackToASignedAddressOnly) {
  EXPECT_EQ(refused(without({"redirect_uri"})), "page invalid_request_object: redirect_uri: it is missing.");
  EXPECT_EQ(refused(with("redirect_uri", 7)), "page invalid_request_object: redirect_uri: it must be a text.");
  EXPECT_EQ(refused(with("redirect_uri", "https://a/" + std::string(247, 'x'))),
            "page invalid_request_object: redirect_uri: its length must be from 1 to 256, it is 257.");
  EXPECT_TRUE(refused(with("redirect_uri", "http://app.example/"))
                  .starts_with("page invalid_request_object: redirect_uri: it must be https://HOST/PATH"));
  app.redirect_uris = {"https://app.example/other"};
  EXPECT_TRUE(refused(claims).starts_with("page invalid_request_object: redirect_uri: it is none of those"));
}

TEST_F(Requests, NameSomebody) {
  EXPECT_EQ(refused(without({"duo_uname"})), "invalid_request_object: duo_uname: it is missing.");
  EXPECT_EQ(refused(with("duo_uname", "")),
            "invalid_request_object: duo_uname: its length must be from 1 to 255, it is 0.");
  EXPECT_EQ(refused(with("duo_uname", std::string(256, 'a'))),
            "invalid_request_object: duo_uname: its length must be from 1 to 255, it is 256.");
  EXPECT_EQ(refused(with("duo_uname", "a\nb")), "invalid_request_object: duo_uname: no user can have this name.");
}

class Assertions : public ::testing::Test {
 protected:
  AppId app = AppId::trusted("DIXXXXXXXXXXXXXXXXXX");
  HostNames hosts{{"mfa.example.test"}};
  nlohmann::json claims = {{"iss", app.text()},
                           {"sub", app.text()},
                           {"aud", "https://MFA.example.test:8443/oauth/v1/token"},
                           {"exp", kNow + 300},
                           {"iat", kNow},
                           {"jti", std::string(36, 'j')}};

  Checked<Assertion> read(const nlohmann::json& of) {
    return read_assertion(*codec::parse_json(of.dump()), {app, "/oauth/v1/token", hosts, from_unix_s(kNow)});
  }
  std::string refused(const nlohmann::json& of) {
    const auto out = read(of);
    const auto* problem = std::get_if<Problem>(&out);
    if (!problem) return "(good)";
    EXPECT_EQ(problem->word, Word::invalid_client);
    return problem->cause;
  }
  nlohmann::json with(const char* claim, nlohmann::json value) const {
    nlohmann::json out = claims;
    out[claim] = std::move(value);
    return out;
  }
};

TEST_F(Assertions, SayWhoseTheyAreAndUntilWhen) {
  const auto out = read(claims);
  const auto* assertion = std::get_if<Assertion>(&out);
  ASSERT_TRUE(assertion);
  EXPECT_EQ(assertion->jti, std::string(36, 'j'));
  EXPECT_EQ(assertion->good_until, from_unix_s(kNow + 360));
  EXPECT_EQ(assertion->host, "MFA.example.test:8443");  // as written: clients compare the issuer so
}

TEST_F(Assertions, OfEveryClientAreTaken) {
  for (const nlohmann::json& fine :
       {with("exp", kNow + 0.25), with("exp", std::to_string(kNow + 300)), with("jti", std::string(32, 'j')),
        with("iat", kNow + 0.5), with("aud", "https://localhost:8443"), with("nbf", kNow)}) {
    EXPECT_EQ(refused(fine), "(good)") << fine;
  }
}

//= test rfc7523#3 "The JWT MUST contain an "aud" (audience) claim containing a value that identifies the authorization
//= server as an intended audience."
TEST_F(Assertions, LackNothing) {
  for (const char* claim : {"iss", "sub", "aud", "exp", "jti"}) {
    nlohmann::json less = claims;
    less.erase(claim);
    EXPECT_EQ(refused(less), "client_assertion: " + std::string(claim) + ": it is missing.");
    EXPECT_EQ(refused(with(claim, nullptr)).substr(0, 18 + std::string(claim).size()),
              "client_assertion: " + std::string(claim)) << claim;
  }
}

TEST_F(Assertions, AreRefusedWithTheCause) {
  const std::pair<nlohmann::json, const char*> rows[] = {
      {with("iss", "DIYYYYYYYYYYYYYYYYYY"), "iss: it must be the client_id."},
      {with("sub", "DIYYYYYYYYYYYYYYYYYY"), "sub: it must be the client_id."},
      {with("aud", "https://mfa.example.test:8443/oauth/v1/health_check"),
       "aud: it must be https://HOST/oauth/v1/token with the host name of this server."},
      {with("aud", "https://evil.example/oauth/v1/token"),
       "aud: its host name is not one that this server is configured with."},
      {with("exp", kNow - 60),
       "exp: the token was good until 60 s ago (60 s are allowed); sign in anew, or check the clocks."},
      {with("exp", kNow + 3661), "exp: it is 3661 s in the future, 3660 are allowed."},
      {with("iat", kNow + 61), "iat: it is 61 s in the future (60 s are allowed); check the clocks."},
      {with("jti", "short"), "jti: its length must be from 16 to 128, it is 5."},
      {with("jti", std::string(129, 'j')), "jti: its length must be from 16 to 128, it is 129."},
  };
  for (const auto& [wrong, cause] : rows) EXPECT_EQ(refused(wrong), std::string("client_assertion: ") + cause);
}

}  // namespace
}  // namespace countersign::oidc
