#include "faces/device/push.h"

#include <gtest/gtest.h>


#include "core/codec/json_read.h"
#include "faces/device/serve.h"
#include "flow/subscribe.h"
#include "testing/house.h"
#include "testing/phone.h"
#include "testing/reply.h"

namespace countersign::device {
namespace {

using codec::Json;
using testing::FakePhone;
using testing::need;

// The face over a whole house, with phones that are bound through its own door.
class DevicePush : public ::testing::Test {
 protected:
  testing::House house;
  web::Templates templates = need(web::Templates::load());

  DevicePush() {
    house.ports.settings.push_services = need(webpush::Services::parse({"push.example.org"}));
    house.ports.settings.push_key = "BPublic";
  }
  net::HttpResponse ask(const net::HttpRequest& request) {
    return testing::answer_of(serve(house.ports, templates, request));
  }
  net::HttpResponse call(const FakePhone& phone, std::string method, std::string path, std::string body = {}) {
    return ask(phone.call(std::move(method), "/device/v1/" + path, "", std::move(body), house.clock.now()));
  }
  FakePhone bound_phone(const User& user) {
    FakePhone phone(house.random, "mfa.example:8443");
    const auto out = ask(phone.activation(house.activation_code(house.add_phone(user)), house.clock.now()));
    EXPECT_EQ(out.status, 200) << out.body;
    phone.named(PhoneId::trusted(need(need(json_of(out).need("device_id"))->as_string())));
    return phone;
  }
  FakePhone bound_phone() { return bound_phone(house.user); }
  static Json json_of(const net::HttpResponse& response) { return need(codec::parse_json(response.body)); }
  static std::string error_of(const net::HttpResponse& response) {
    const Json json = json_of(response);
    return std::string(need(need(json.need("error"))->as_string()));
  }
  std::string subscription(std::string endpoint = "https://push.example.org/1") {
    return webpush::write_subscription({.endpoint = std::move(endpoint),
                                        .p256dh = crypto::Es256Key::generate(house.random).public_key().point(),
                                        .auth = Secret(ByteView(random_bytes(house.random, webpush::kAuthSize)))});
  }
  Result<flow::OpenSubscription> stored(const FakePhone& phone) {
    return flow::open_subscription(house.ports, house.tenant.id, phone.id());
  }
};

TEST_F(DevicePush, TellsTheKeyToSubscribeWith) {
  const auto out = call(bound_phone(), "GET", "push-key");
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.body, R"({"key":"BPublic"})");
}

TEST_F(DevicePush, SubscribesAndUnsubscribesThePhoneThatSigned) {
  const FakePhone phone = bound_phone(), other = bound_phone();
  const auto out = call(phone, "PUT", "subscription", subscription());
  EXPECT_EQ(out.status, 200) << out.body;
  EXPECT_EQ(out.body, R"({"state":"subscribed"})");
  EXPECT_EQ(need(stored(phone)).subscription.endpoint, "https://push.example.org/1");
  EXPECT_FALSE(stored(other));
  EXPECT_EQ(call(other, "DELETE", "subscription").body, R"({"state":"none"})");
  EXPECT_TRUE(stored(phone)) << "another phone's subscription stays";
  EXPECT_EQ(call(phone, "DELETE", "subscription").body, R"({"state":"none"})");
  EXPECT_FALSE(stored(phone));
}

TEST_F(DevicePush, RefusesAServiceThatIsNotAllowed) {
  const FakePhone phone = bound_phone();
  const auto out = call(phone, "PUT", "subscription", subscription("https://169.254.169.254/latest"));
  EXPECT_EQ(out.status, 403);
  EXPECT_EQ(error_of(out), "refused");
  EXPECT_FALSE(stored(phone));
}

TEST_F(DevicePush, RefusesWhatIsNoSubscription) {
  const FakePhone phone = bound_phone();
  for (const std::string& body : {std::string(), std::string("{}"), subscription("ftp://push.example.org/")}) {
    const auto out = call(phone, "PUT", "subscription", body);
    EXPECT_EQ(out.status, 400) << body;
    EXPECT_EQ(error_of(out), "malformed") << body;
  }
  const auto large = call(phone, "PUT", "subscription", subscription() + std::string(4096, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(error_of(large), "exhausted");
}

TEST_F(DevicePush, ShowsTheUsersNoticesAndNobodyElses) {
  const FakePhone phone = bound_phone(), second = bound_phone();
  const FakePhone stranger = bound_phone(house.add_user(house.tenant, "ben"));
  const Json json = json_of(call(phone, "GET", "notices"));
  const Json* const notices = need(json.need("notices"));
  ASSERT_EQ(notices->items().size(), 2U);
  const Json& newest = notices->items()[0];
  EXPECT_EQ(need(need(newest.need("kind"))->as_string()), "factor_added");
  EXPECT_EQ(need(need(newest.need("created"))->as_int()), unix_s(house.clock.now()));
  EXPECT_TRUE(newest.find("id") && newest.find("text"));
  EXPECT_EQ(json_of(call(stranger, "GET", "notices")).find("notices")->items().size(), 1U) << "of its own";
}

TEST_F(DevicePush, EveryCallIsSigned) {
  FakePhone phone = bound_phone();
  phone.faults.spoils_the_header = true;
  for (const auto& [method, path] :
       {std::pair("GET", "push-key"), {"PUT", "subscription"}, {"DELETE", "subscription"}, {"GET", "notices"}}) {
    const auto out = call(phone, method, path, subscription());
    EXPECT_EQ(out.status, 401) << method << " " << path;
    EXPECT_EQ(error_of(out), "refused");
  }
}

TEST_F(DevicePush, NamesTheMethodsOfEachCall) {
  const FakePhone phone = bound_phone();
  for (const auto& [method, path, allow] : {std::tuple("POST", "push-key", "GET"),
                                            {"GET", "subscription", "PUT, DELETE"},
                                            {"POST", "subscription", "PUT, DELETE"},
                                            {"DELETE", "notices", "GET"},
                                            {"PUT", "notices", "GET"}}) {
    const auto out = call(phone, method, path);
    EXPECT_EQ(out.status, 405) << method << " " << path;
    bool named = false;
    for (const net::Header& header : out.headers) named = named || (header.name == "allow" && header.value == allow);
    EXPECT_TRUE(named) << method << " " << path;
  }
}

}  // namespace
}  // namespace countersign::device
