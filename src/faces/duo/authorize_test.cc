// Every code of duo-api §2.2, produced by a request.
#include "faces/duo/authorize.h"

#include <gtest/gtest.h>

#include <string>

#include "faces/duo/duo_world_test.h"

namespace countersign::duo {
namespace {

class DuoCodes : public ::testing::Test {
 protected:
  DuoWorld world;
  const Ask check = get("/auth/v2/check");

  void expect_code(const Said& said, int code, std::string_view detail) {
    EXPECT_EQ(said.code(), code) << said.raw.body;
    EXPECT_EQ(said.status(), code / 100);
    EXPECT_EQ(said.raw.content_type, "application/json");
    EXPECT_EQ(said.body.value("stat", ""), "FAIL");
    EXPECT_FALSE(said.body.value("message", "").empty());
    EXPECT_NE(said.detail().find(detail), std::string::npos) << said.detail();
  }
  void set_rule(SignatureRule rule) {
    world.write([&](store::Txn& txn) -> Result<void> {
      auto app = TRY(store::app_by_id(txn, world.app.id));
      app->signatures = rule;
      EXPECT_TRUE(TRY(store::update_app(txn, *app)));
      return {};
    });
  }
  std::string* header(net::HttpRequest& request, std::string_view name) {
    for (net::Header& h : request.headers) {
      if (h.name == name) return &h.value;
    }
    return nullptr;
  }
};

TEST_F(DuoCodes, EveryVersionIsAccepted) {
  set_rule({.allow_v1 = true, .allow_sha1 = true});
  for (const Ask& ask : {check, post("/auth/v2/preauth").with("username", "ada lovelace/é")}) {
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v1, crypto::HashKind::sha1)).status(), 200);
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v1)).status(), 200);
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v2, crypto::HashKind::sha1)).status(), 200);
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v2)).status(), 200);
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v4)).status(), 200);
    EXPECT_EQ(world.say(ask.signed_as(SignatureVersion::v5)).status(), 200);
  }
}

TEST_F(DuoCodes, Sha1IsNeverVersionFourOrFive) {
  for (SignatureVersion version : {SignatureVersion::v4, SignatureVersion::v5}) {
    const Ask ask = post("/auth/v2/preauth").with("username", "ada");
    expect_code(world.say(ask.signed_as(version, crypto::HashKind::sha1)), 40103, "");
    expect_code(world.say(check.signed_as(version, crypto::HashKind::sha1)), 40103, "");
  }
}

TEST_F(DuoCodes, ParametersOfAPostMayStandInTheQuery) {
  Ask ask = post("/auth/v2/preauth").with("username", "ada");
  ask.in_query = true;
  for (SignatureVersion version : {SignatureVersion::v2, SignatureVersion::v4, SignatureVersion::v5}) {
    EXPECT_EQ(world.say(ask.signed_as(version)).status(), 200) << static_cast<int>(version);
  }
}

TEST_F(DuoCodes, AnUnsignedQueryBesideASignedBodyIsNotRead) {
  net::HttpRequest request = world.sign(post("/auth/v2/preauth").with("ipaddr", "192.0.2.1"));
  request.query = "username=ada";
  expect_code(world.send(request), 40001, "user_id or username");
}

TEST_F(DuoCodes, AHostIsTakenInEverySpelling) {
  for (const std::string host : {"localhost", "localhost:8443", "127.0.0.1:8443", "[::1]:8443", "mfa.example.test"}) {
    Ask ask = check;
    ask.host = host;
    EXPECT_EQ(world.say(ask).status(), 200) << host;
    net::HttpRequest with_port = world.sign(ask);
    with_port.host += with_port.host.ends_with(":8443") ? "" : ":8443";
    EXPECT_EQ(world.send(with_port).status(), 200) << host;
  }
  Ask typed = check;
  typed.host = "LocalHost:8443";
  EXPECT_EQ(world.say(typed).status(), 200);
}

TEST_F(DuoCodes, 40103NamesAHostThatIsNotConfigured) {
  Ask ask = check;
  ask.host = "evil.example";
  expect_code(world.say(ask), 40103, "host name of this request is not one that this server is configured with");
}

TEST_F(DuoCodes, 40101WithoutCredentials) {
  net::HttpRequest request = world.sign(check);
  *header(request, "authorization") = "Bearer x";
  expect_code(world.send(request), 40101, "Basic base64");
  request.headers.pop_back();
  expect_code(world.send(request), 40101, "no Authorization header");
}

TEST_F(DuoCodes, 40102ForAnUnknownOrDisabledApplication) {
  Application unknown = world.app;
  unknown.id = AppId::trusted("DIUNKNOWN00000000000");
  expect_code(world.send(world.sign(check, unknown)), 40102, "No application");
  world.write([&](store::Txn& txn) -> Result<void> {
    auto app = TRY(store::app_by_id(txn, world.app.id));
    app->enabled = false;
    EXPECT_TRUE(TRY(store::update_app(txn, *app)));
    return {};
  });
  expect_code(world.say(check), 40102, "disabled");
}

TEST_F(DuoCodes, 40103ForAWrongKey) {
  Ask ask = check;
  ask.secret_key.back() ^= 1;
  expect_code(world.say(ask), 40103, "secret key");
}

TEST_F(DuoCodes, 40103ForABodyOfAnotherType) {
  net::HttpRequest request = world.sign(post("/auth/v2/preauth").with("username", "ada"));
  *header(request, "content-type") = "text/plain";
  expect_code(world.send(request), 40103, "Content-Type");
  std::erase_if(request.headers, [](const net::Header& h) { return h.name == "content-type"; });
  expect_code(world.send(request), 40103, "Content-Type");
}

TEST_F(DuoCodes, ATypeMayNameItsCharset) {
  net::HttpRequest request = world.sign(post("/auth/v2/preauth").with("username", "ada"));
  *header(request, "content-type") = "application/x-www-form-urlencoded; charset=utf-8";
  EXPECT_EQ(world.send(request).status(), 200);
}

TEST_F(DuoCodes, 40103WhenVersionOneIsOff) {
  expect_code(world.say(check.signed_as(SignatureVersion::v1)), 40103, "version 1 is off for this application");
}

TEST_F(DuoCodes, 40103WhenSha1IsOff) {
  set_rule({.allow_v1 = false, .allow_sha1 = false});
  expect_code(world.say(check.signed_as(SignatureVersion::v2, crypto::HashKind::sha1)), 40103, "version 2 with SHA-1");
}

TEST_F(DuoCodes, 40104WhenTheDateIsGone) {
  net::HttpRequest request = world.sign(check);
  std::erase_if(request.headers, [](const net::Header& h) { return h.name == "date"; });
  expect_code(world.send(request), 40104, "neither a Date nor an X-Duo-Date");
}

TEST_F(DuoCodes, 40105MeasuresTheSkew) {
  for (const auto& [ahead_s, words] :
       {std::pair{1000, "1000 seconds ahead of ours"}, std::pair{-301, "301 seconds behind"}}) {
    Ask ask = check;
    ask.clock_ahead = seconds(ahead_s);
    expect_code(world.say(ask), 40105, words);
    expect_code(world.say(ask), 40105, codec::http_date(world.clock.now()));
  }
  for (const int ahead_s : {300, -300}) {
    Ask ask = check;
    ask.clock_ahead = seconds(ahead_s);
    EXPECT_EQ(world.say(ask).status(), 200);
  }
}

TEST_F(DuoCodes, 40301ForAnotherTypeOfApplicationOnlyOnceTheSignatureIsRight) {
  const Application admin = world.add_app(world.tenant, AppType::adminapi);
  expect_code(world.send(world.sign(check, admin)), 40301, "Wrong integration type for this API.");
  expect_code(world.send(world.sign(check, admin)), 40301, "adminapi");
  Ask wrong = check;
  wrong.secret_key.back() ^= 1;
  expect_code(world.send(world.sign(wrong, admin)), 40103, "");
}

TEST_F(DuoCodes, 40401ForAnUnknownPath) {
  expect_code(world.say(get("/auth/v2/nothing")), 40401, "");
  expect_code(world.say(get("/auth/v2/ping/")), 40401, "");
}

TEST_F(DuoCodes, 40501NamesTheVerb) {
  const Said said = world.say(get("/auth/v2/auth"));
  expect_code(said, 40501, "POST");
  EXPECT_EQ(said.raw.headers.back().name, "Allow");
  EXPECT_EQ(said.raw.headers.back().value, "POST");
}

TEST_F(DuoCodes, 42901ForAnAddressWithTooManyBadSignatures) {
  Ask wrong = check;
  wrong.secret_key.back() ^= 1;
  for (int i = 0; i < kBadSignaturesMax; ++i) ASSERT_EQ(world.say(wrong).code(), 40103);
  const Said said = world.say(wrong);
  expect_code(said, 42901, "bad signatures");
  EXPECT_EQ(said.raw.headers.back().name, "Retry-After");
  EXPECT_EQ(world.say(check).status(), 200) << "the application itself is not limited";
  world.peer = "192.0.2.2";
  expect_code(world.say(wrong), 40103, "");
  world.peer = "192.0.2.1";
  world.clock.advance(seconds(60));
  expect_code(world.say(wrong), 40103, "");
}

TEST_F(DuoCodes, NulAndBrokenTextAre40002) {
  for (const std::string body : {"username=%00", "username=%ff"}) {
    net::HttpRequest request = world.sign(post("/auth/v2/preauth").with("username", "x"));
    // The client's own canonical form of the same bytes, so that the signature is right.
    SignedLines lines;
    lines.date = request.header("date");
    lines.method = "POST";
    lines.host = "localhost";
    lines.path = request.path;
    const std::string parameters = CanonicalParameters::of(body)->by_key_then_value();
    lines.parameters = parameters;
    std::string text;
    write_canonical(SignatureVersion::v2, lines, text);
    request.body = body;
    *header(request, "authorization") = write_authorization(
        {world.app.id.text(), crypto::HashKind::sha512,
         crypto::hmac(crypto::HashKind::sha512, bytes_of(world.secret_key), bytes_of(text))});
    expect_code(world.send(request), 40002, "UTF-8");
  }
}

TEST_F(DuoCodes, PingNeedsNoSignatureAndTellsTheTimeOfTheSkewCheck) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/auth/v2/ping";
  request.host = "anything";
  const Said said = world.send(request);
  EXPECT_EQ(said.status(), 200);
  EXPECT_EQ(said.response()["time"], unix_s(world.clock.now()));
}

}  // namespace
}  // namespace countersign::duo
