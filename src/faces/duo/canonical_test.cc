#include "faces/duo/canonical.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/http_date.h"
#include "core/crypto/mac.h"
#include "faces/duo/duo_world_test.h"
#include "testing/source_dir.h"

namespace countersign::duo {
namespace {

std::string canonical(std::string_view form) { return CanonicalParameters::of(form)->by_key_then_value(); }

TEST(CanonicalParameters, AreDecodedAndEncodedInOneWay) {
  EXPECT_EQ(canonical("realname=First+Last&username=root"), "realname=First%20Last&username=root");
  EXPECT_EQ(canonical("realname=First%20Last"), canonical("realname=First+Last"));
  EXPECT_EQ(canonical("a=%2f%7e~%C3%a9"), "a=%2F~~%C3%A9");
  EXPECT_EQ(canonical(""), "");
  EXPECT_EQ(canonical("a&&b="), "a=&b=");
}

TEST(CanonicalParameters, KeepWhatIsNoEncoding) {
  EXPECT_EQ(canonical("a=100%&b=%zz"), "a=100%25&b=%25zz");
  EXPECT_EQ(canonical("a=%00"), "a=%00");
}

TEST(CanonicalParameters, AreSortedByKeyThenValue) {
  EXPECT_EQ(canonical("b=2&a=2&a=1&B=3"), "B=3&a=1&a=2&b=2");
  EXPECT_EQ(canonical("alias1=x&alias=y"), "alias=y&alias1=x");
}

TEST(CanonicalParameters, OfferTheOtherOrdersOnlyWhereTheyDiffer) {
  EXPECT_TRUE(CanonicalParameters::of("b=1&a=2")->other_orders().empty());
  EXPECT_EQ(CanonicalParameters::of("alias1=x&alias=y")->other_orders(),
            std::vector<std::string>{"alias1=x&alias=y"});
  EXPECT_EQ(CanonicalParameters::of("next=b&a=1&next=a")->other_orders(),
            std::vector<std::string>{"a=1&next=b&next=a"});
}

TEST(CanonicalParameters, HaveALimit) {
  std::string many;
  for (int i = 0; i < 201; ++i) many += "a=" + std::to_string(i) + "&";
  ASSERT_FALSE(CanonicalParameters::of(many));
  EXPECT_EQ(CanonicalParameters::of(many).error().code, Errc::exhausted);
  EXPECT_EQ(CanonicalParameters::of(std::string(70'000, 'a')).error().code, Errc::exhausted);
}

TEST(HostLines, AreTheSpellingsThatClientsSign) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(host_lines("localhost"), Lines{"localhost"});
  EXPECT_EQ(host_lines("localhost:8443"), (Lines{"localhost:8443", "localhost"}));
  EXPECT_EQ(host_lines("LocalHost:8443"), (Lines{"localhost:8443", "localhost", "LocalHost:8443", "LocalHost"}));
  EXPECT_EQ(host_lines("[::1]:8443"), (Lines{"[::1]:8443", "[::1]"}));
}

TEST(HostName, HasNoPortAndNoBrackets) {
  EXPECT_EQ(host_name("MFA.Example:443"), "mfa.example");
  EXPECT_EQ(host_name("[::1]:8443"), "::1");
  EXPECT_EQ(host_name("[::1]"), "::1");
}

// --- the known answers, each through the door a client uses ---

nlohmann::json vectors() {
  std::ifstream in(testing::source_dir() / "vectors/duo/request-signing.json");
  return nlohmann::json::parse(in);
}

struct Vector {
  net::HttpRequest request;
  SignatureVersion version;
};

Vector vector_of(const nlohmann::json& v) {
  Vector out;
  out.version = static_cast<SignatureVersion>(v["signatureVersion"].get<int>());
  net::HttpRequest& request = out.request;
  request.method = v["method"];
  request.path = v["path"];
  request.host = v["host"];
  request.peer = "192.0.2.1";
  request.headers.push_back({"host", request.host});
  codec::Form form;
  for (const auto& pair : v["params"]) form.emplace_back(pair[0], pair[1]);
  if (v["paramsIn"] == "query string") request.query = codec::write_form(form);
  if (v["paramsIn"] == "form body") request.body = codec::write_form(form);
  if (v["body"].is_string()) request.body = v["body"];
  if (v["contentType"].is_string()) request.headers.push_back({"content-type", v["contentType"]});
  if (v["dateHeader"] == "Date") request.headers.push_back({"date", v["date"]});
  if (v["dateHeader"] == "X-Duo-Date") request.headers.push_back({"x-duo-date", v["date"]});
  request.headers.push_back({"authorization", v["authorization"]});
  return out;
}

class SigningVectors : public ::testing::Test {
 protected:
  nlohmann::json data = vectors();
  DuoWorld world;
  Authorizer authorizer{*world.ports, {"mfa.example.test"}};

  SigningVectors() {
    world.clock.set(*codec::parse_http_date(data["date"].get<std::string>()));
    Application app;
    app.tenant = world.tenant.id;
    app.id = AppId::trusted(data["ikey"].get<std::string>());
    app.name = "vectors";
    app.signatures.allow_v1 = true;
    app.sealed_secret =
        *world.keys->seal({app.tenant, "apps", "secret_key", app.id.text()}, Secret(data["skey"].get<std::string>()));
    world.write([&](store::Txn& txn) { return store::insert_app(txn, app); });
  }
  std::variant<Caller, Failure> authorize(const net::HttpRequest& request) {
    std::optional<std::variant<Caller, Failure>> out;
    testing::run(authorizer.authorize(request, [&out](std::variant<Caller, Failure> who) {
      out = std::move(who);
      return net::HttpResponse();
    }));
    return *std::move(out);
  }
};

TEST_F(SigningVectors, AreAllAccepted) {
  int count = 0;
  for (const auto& v : data["vectors"]) {
    const Vector vector = vector_of(v);
    const auto out = authorize(vector.request);
    ASSERT_TRUE(std::holds_alternative<Caller>(out)) << v["name"] << ": " << std::get<Failure>(out).detail;
    EXPECT_EQ(std::get<Caller>(out).version, vector.version) << v["name"];
    ++count;
  }
  EXPECT_EQ(count, 12);
}

TEST_F(SigningVectors, AreRefusedWithOneByteChanged) {
  const auto refused = [&](const net::HttpRequest& request, const nlohmann::json& name, const char* what) {
    const auto out = authorize(request);
    ASSERT_TRUE(std::holds_alternative<Failure>(out)) << name << " " << what;
    EXPECT_EQ(std::get<Failure>(out).code, Code::invalid_signature) << name << " " << what;
  };
  for (const auto& v : data["vectors"]) {
    const net::HttpRequest good = vector_of(v).request;
    net::HttpRequest bad = good;
    bad.path.back() ^= 1;
    refused(bad, v["name"], "path");
    bad = good;
    bad.method = "PUT";
    refused(bad, v["name"], "method");
    bad = good;
    (bad.body.empty() ? bad.query : bad.body) += "x=1";
    refused(bad, v["name"], "parameters");
    bad = good;
    std::string& authorization = bad.headers.back().value;
    Credentials credentials = *read_authorization(authorization);
    credentials.mac.back() ^= 1;
    authorization = write_authorization(credentials);
    refused(bad, v["name"], "signature");
    bad = good;
    for (net::Header& header : bad.headers) {
      if (header.name.ends_with("date")) header.value.replace(header.value.find(":18 "), 4, ":19 ");
    }
    if (v["dateHeader"].is_string()) refused(bad, v["name"], "date");
  }
}

TEST_F(SigningVectors, EnterByTheFaceToo) {
  int count = 0;
  for (const auto& v : data["vectors"]) {
    net::HttpRequest request = vector_of(v).request;
    if (!DuoFace::serves(request.path)) continue;
    EXPECT_EQ(world.send(request).status(), 200) << v["name"];
    (request.body.empty() ? request.query : request.body) += " ";
    EXPECT_EQ(world.send(request).code(), 40103) << v["name"];
    ++count;
  }
  EXPECT_EQ(count, 6);
}

TEST_F(SigningVectors, OfVersionOneAreRefusedOnceItIsOff) {
  Application off;
  off.tenant = world.tenant.id;
  world.write([&](store::Txn& txn) -> Result<void> {
    auto app = TRY(store::app_by_id(txn, AppId::trusted(data["ikey"].get<std::string>())));
    app->signatures.allow_v1 = false;
    TRY(store::update_app(txn, *app));
    return {};
  });
  const Said said = world.send(vector_of(data["vectors"][0]).request);
  EXPECT_EQ(said.code(), 40103);
  EXPECT_NE(said.detail().find("version 1 is off"), std::string::npos);
}

}  // namespace
}  // namespace countersign::duo
