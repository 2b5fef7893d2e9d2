#include "faces/device/serve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/codec/base32.h"
#include "core/codec/json_read.h"
#include "testing/house.h"
#include "testing/phone.h"
#include "testing/reply.h"

namespace countersign::device {
namespace {

using codec::Json;
using testing::FakePhone;
using testing::need;

constexpr const char* kHost = "mfa.example:8443";

Json json_of(const net::HttpResponse& response) { return need(codec::parse_json(response.body)); }
std::string text(const Json& json, std::string_view key) {
  const Json* const member = json.find(key);
  return member ? std::string(need(member->as_string())) : "(none)";
}
std::string error_of(const net::HttpResponse& response) { return text(json_of(response), "error"); }

// The face over a whole house, with phones that are bound through its own door.
class Device : public ::testing::Test {
 protected:
  testing::House house;
  web::Templates templates = need(web::Templates::load());

  net::Reply raw(const net::HttpRequest& request) { return serve(house.ports, templates, request); }

  // The answer, after its commit where there is one; a Wait must be resolved by the test itself.
  net::HttpResponse ask(const net::HttpRequest& request) { return settled(raw(request)); }
  static net::HttpResponse settled(net::Reply reply) {
    reply = testing::run(std::move(reply));
    EXPECT_TRUE(std::holds_alternative<net::HttpResponse>(reply)) << "the reply waits";
    return std::holds_alternative<net::HttpResponse>(reply) ? std::get<net::HttpResponse>(reply) : net::HttpResponse();
  }

  Instant now() const { return house.clock.now(); }
  FakePhone new_phone() { return FakePhone(house.random, kHost); }

  // A phone of that user with an authenticator on it.
  FakePhone bound_phone(const User& user) {
    FakePhone phone = new_phone();
    const net::HttpResponse out = ask(phone.activation(house.activation_code(house.add_phone(user)), now()));
    EXPECT_EQ(out.status, 200) << out.body;
    phone.named(PhoneId::trusted(text(json_of(out), "device_id")));
    return phone;
  }
  FakePhone bound_phone() { return bound_phone(house.user); }
  flow::Standing pushed() { return need(house.begin_push(house.app, house.user)); }
  signin::State state_of(const flow::Standing& push) { return need(house.standing(house.app, push.attempt)).state; }
};

struct DeviceActivate : Device {};

TEST_F(DeviceActivate, TellsTheDeviceWhoItIs) {
  const Phone phone = house.add_phone(house.user);
  const net::HttpResponse out = ask(new_phone().activation(house.activation_code(phone), now()));
  ASSERT_EQ(out.status, 200) << out.body;
  const Json json = json_of(out);
  EXPECT_EQ(text(json, "device_id"), phone.id.text());
  EXPECT_EQ(text(json, "tenant"), "Demo");
  EXPECT_EQ(text(json, "username"), "ada");
  EXPECT_EQ(text(json, "server"), "https://mfa.example:8443");
  const Json* const totp = need(json.need("totp"));
  EXPECT_EQ(need(codec::secret_from_base32(text(*totp, "secret"))).size(), 20u);
}

TEST_F(DeviceActivate, WorksOnce) {
  const std::string code = house.activation_code(house.add_phone(house.user));
  EXPECT_EQ(ask(new_phone().activation(code, now())).status, 200);
  EXPECT_EQ(ask(new_phone().activation(code, now())).status, 403);
}

TEST_F(DeviceActivate, WorksOnceInParallel) {
  const std::string code = house.activation_code(house.add_phone(house.user));
  std::vector<net::HttpRequest> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(new_phone().activation(code, now()));
  std::atomic<int> bound = 0;
  std::vector<std::thread> threads;
  for (const net::HttpRequest& request : requests) {
    threads.emplace_back([&] { bound += ask(request).status == 200; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bound, 1);
}

TEST_F(DeviceActivate, RefusesEveryBadCodeAlike) {
  const std::string used = house.activation_code(house.add_phone(house.user));
  ask(new_phone().activation(used, now()));
  const net::HttpResponse of_used = ask(new_phone().activation(used, now()));
  const net::HttpResponse of_unknown = ask(new_phone().activation("ABCDEFGHJKLMNPQRSTUV", now()));
  const std::string old = house.activation_code(house.add_phone(house.user));
  house.clock.advance(house.ports.settings.activation_lifetime + seconds(1));
  const net::HttpResponse of_old = ask(new_phone().activation(old, now()));
  for (const net::HttpResponse* out : {&of_used, &of_unknown, &of_old}) {
    EXPECT_EQ(out->status, 403);
    EXPECT_EQ(out->body, of_unknown.body);
    EXPECT_EQ(out->headers.size(), of_unknown.headers.size());
  }
}

TEST_F(DeviceActivate, BindingAnewUnbindsTheOldKey) {
  const Phone phone = house.add_phone(house.user);
  FakePhone old = new_phone();
  ask(old.activation(house.activation_code(phone), now()));
  old.named(phone.id);
  ASSERT_EQ(ask(old.account(now())).status, 200);
  ask(new_phone().activation(house.activation_code(phone), now()));
  EXPECT_EQ(ask(old.account(now())).status, 401);
}

TEST_F(DeviceActivate, RefusesWhatIsNoSuchBody) {
  net::HttpRequest request = new_phone().activation("ABCDEFGHJKLMNPQRSTUV", now());
  for (const std::string body : {"", "[]", "{}", R"({"code":1})", R"({"code":"x","public_key":"AAAA"})",
                                 R"({"code":"x","code":"x"})", "{} {}"}) {
    request.body = body;
    const net::HttpResponse out = ask(request);
    EXPECT_EQ(out.status, 400) << body;
    EXPECT_EQ(error_of(out), "malformed") << body;
  }
}

TEST_F(DeviceActivate, RefusesAPointThatIsNotOnTheCurve) {
  const std::string code = house.activation_code(house.add_phone(house.user));
  net::HttpRequest request = new_phone().activation(code, now());
  request.body = R"({"code":")" + code + R"(","public_key":")" +
                 codec::to_base64(codec::Base64::url, Bytes(65, 4)) + R"("})";
  EXPECT_EQ(ask(request).status, 400);
  EXPECT_EQ(ask(new_phone().activation(code, now())).status, 200);  // the code is not used up by that
}

TEST_F(DeviceActivate, HasALimit) {
  net::HttpRequest request = new_phone().activation("ABCDEFGHJKLMNPQRSTUV", now());
  request.body = R"({"code":")" + std::string(5000, 'x') + R"("})";
  EXPECT_EQ(ask(request).status, 413);
}

struct DeviceSignature : Device {};

TEST_F(DeviceSignature, OpensTheAccount) {
  const net::HttpResponse out = ask(bound_phone().account(now()));
  ASSERT_EQ(out.status, 200);
  EXPECT_EQ(text(json_of(out), "username"), "ada");
}

TEST_F(DeviceSignature, IsRefusedAlikeWhateverIsWrong) {
  const FakePhone good = bound_phone();
  FakePhone another = new_phone();
  another.named(good.id());
  FakePhone unknown = new_phone();
  unknown.named(PhoneId::trusted("DPNOSUCHPHONE2345678"));
  FakePhone spoiled = good;
  spoiled.faults.spoils_the_header = true;
  FakePhone late = another;
  late.faults.clock_ahead = seconds(-1000);
  net::HttpRequest bare = good.account(now());
  bare.headers.clear();
  const net::HttpResponse expected = ask(bare);
  EXPECT_EQ(expected.status, 401);
  EXPECT_EQ(error_of(expected), "refused");
  for (const net::HttpRequest& request :
       {another.account(now()), unknown.account(now()), spoiled.account(now()), late.account(now())}) {
    const net::HttpResponse out = ask(request);
    EXPECT_EQ(out.status, 401);
    EXPECT_EQ(out.body, expected.body);
  }
}

TEST_F(DeviceSignature, OfAPhoneThatWasNeverActivatedIsRefused) {
  FakePhone phone = new_phone();
  phone.named(house.add_phone(house.user).id);
  EXPECT_EQ(ask(phone.account(now())).status, 401);
}

TEST_F(DeviceSignature, CoversEveryPart) {
  const FakePhone phone = bound_phone();
  const net::HttpRequest good = phone.pending(0, now());
  ASSERT_EQ(ask(good).status, 200);
  const auto changed = [&](auto change) {
    net::HttpRequest request = good;
    change(request);
    return ask(request).status;
  };
  EXPECT_EQ(changed([](net::HttpRequest& r) { r.host = "evil.example"; }), 401);
  EXPECT_EQ(changed([](net::HttpRequest& r) { r.path = "/device/v1/account"; }), 401);
  EXPECT_EQ(changed([](net::HttpRequest& r) { r.query = "wait=1"; }), 401);
  EXPECT_EQ(changed([](net::HttpRequest& r) { r.body = "{}"; }), 401);
  EXPECT_EQ(changed([](net::HttpRequest& r) {
              std::string& value = r.headers.back().value;
              value.replace(value.find("ts=\"17"), 6, "ts=\"18");
            }),
            401);
  net::HttpRequest as_post = phone.call("GET", "/device/v1/requests/x/answer", "", "{}", now());
  as_post.method = "POST";
  EXPECT_EQ(ask(as_post).status, 401);
}

TEST_F(DeviceSignature, OfAWrongClockIsToldTheTime) {
  FakePhone phone = bound_phone();
  phone.faults.clock_ahead = seconds(301);
  const net::HttpResponse ahead = ask(phone.account(now()));
  ASSERT_EQ(ahead.status, 401);
  EXPECT_EQ(error_of(ahead), "clock");
  EXPECT_EQ(need(json_of(ahead).find("server_time")->as_int()), unix_s(now()));
  phone.faults.clock_ahead = seconds(-301);
  EXPECT_EQ(error_of(ask(phone.account(now()))), "clock");
  phone.faults.clock_ahead = seconds(300);
  EXPECT_EQ(ask(phone.account(now())).status, 200);
  phone.faults.clock_ahead = seconds(-300);
  EXPECT_EQ(ask(phone.account(now())).status, 200);
}

struct DeviceRequests : Device {};

TEST_F(DeviceRequests, AreEmptyAtFirst) {
  EXPECT_EQ(ask(bound_phone().pending(0, now())).body, R"({"requests":[]})");
}

TEST_F(DeviceRequests, TellWhatToCompare) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const Json json = json_of(ask(phone.pending(0, now())));
  ASSERT_EQ(json.find("requests")->items().size(), 1u);
  const Json& request = json.find("requests")->items()[0];
  EXPECT_EQ(text(request, "id"), push.attempt.text());
  EXPECT_EQ(text(request, "application"), "ssh");
  EXPECT_EQ(text(request, "type"), "Login");
  EXPECT_EQ(text(request, "username"), "ada");
  EXPECT_EQ(text(request, "address"), "192.0.2.7");
  EXPECT_EQ(need(request.find("digits")->as_int()), 3);
  EXPECT_EQ(need(request.find("expires")->as_int()), unix_s(now()) + 60);
  EXPECT_EQ(need(request.find("info")->items().at(0).items().at(1).as_string()), "web1");
}

TEST_F(DeviceRequests, ShowTheNameThatTheClientGave) {
  const FakePhone phone = bound_phone();
  need(house.begin_push(house.app, house.user, "CORP\\ada"));
  const Json json = json_of(ask(phone.pending(0, now())));
  EXPECT_EQ(text(json.find("requests")->items().at(0), "username"), "CORP\\ada");
}

TEST_F(DeviceRequests, NeverTellTheNumber) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  ASSERT_EQ(push.number.size(), 3u);
  const Json json = json_of(ask(phone.pending(0, now())));
  const Json& request = json.find("requests")->items().at(0);
  EXPECT_EQ(request.count("number"), 0u);
  EXPECT_EQ(request.members().size(), 11u);  // the nine of the protocol, none of which can hold it
}

TEST_F(DeviceRequests, OfOthersAreNotShown) {
  const FakePhone mine = bound_phone();
  const User eve = house.add_user(house.tenant, "eve");
  const FakePhone hers = bound_phone(eve);
  pushed();
  EXPECT_EQ(ask(hers.pending(0, now())).body, R"({"requests":[]})");
  EXPECT_NE(ask(mine.pending(0, now())).body, R"({"requests":[]})");
}

TEST_F(DeviceRequests, AreGoneWhenTheirTimeIsOver) {
  const FakePhone phone = bound_phone();
  pushed();
  house.clock.advance(house.ports.settings.push_lifetime);
  EXPECT_EQ(ask(phone.pending(0, now())).body, R"({"requests":[]})");
}

TEST_F(DeviceRequests, WaitAndAreWokenByAPush) {
  const FakePhone phone = bound_phone();
  net::Reply reply = raw(phone.pending(20, now()));
  const net::Wait* const wait = std::get_if<net::Wait>(&reply);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->until, now() + seconds(20));
  house.woken.clear();
  const flow::Standing push = pushed();
  EXPECT_NE(std::find(house.woken.begin(), house.woken.end(), wait->key), house.woken.end());
  EXPECT_NE(settled(wait->again()).body.find(push.attempt.text()), std::string::npos);
}

TEST_F(DeviceRequests, WaitNoLongerThanAsked) {
  const FakePhone phone = bound_phone();
  net::Reply reply = raw(phone.pending(20, now()));
  ASSERT_TRUE(std::holds_alternative<net::Wait>(reply));
  house.clock.advance(seconds(20));
  EXPECT_EQ(settled(std::get<net::Wait>(reply).again()).body, R"({"requests":[]})");
}

TEST_F(DeviceRequests, WaitIsRefusedOnceThePhoneIsBoundAnew) {
  const Phone phone = house.add_phone(house.user);
  FakePhone old = new_phone();
  ask(old.activation(house.activation_code(phone), now()));
  old.named(phone.id);
  net::Reply reply = raw(old.pending(20, now()));
  ASSERT_TRUE(std::holds_alternative<net::Wait>(reply));
  ask(new_phone().activation(house.activation_code(phone), now()));
  EXPECT_EQ(settled(std::get<net::Wait>(reply).again()).status, 401);
}

TEST_F(DeviceRequests, RefuseAWaitOutOfRange) {
  const FakePhone phone = bound_phone();
  for (const std::string query : {"wait=26", "wait=-1", "wait=", "wait=1x", "wait=1&wait=2", "wait=%"}) {
    EXPECT_EQ(ask(phone.call("GET", "/device/v1/requests", query, "", now())).status, 400) << query;
  }
}

struct DeviceEvents : Device {};

TEST_F(DeviceEvents, BeginWithWhatIsAndGoOnWithWhatChanges) {
  const FakePhone phone = bound_phone();
  net::Reply reply = raw(phone.events(now()));
  const net::EventStream* const stream = std::get_if<net::EventStream>(&reply);
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->next(), "retry: 1000\nevent: requests\ndata: {\"requests\":[]}\n\n");
  EXPECT_EQ(stream->next(), "");  // nothing changed
  const flow::Standing push = pushed();
  const std::string event = stream->next();
  EXPECT_TRUE(event.starts_with("event: requests\ndata: {\"requests\":[{\"id\":\"" + push.attempt.text())) << event;
}

TEST_F(DeviceEvents, SayWhenTheDeviceIsGone) {
  const Phone phone = house.add_phone(house.user);
  FakePhone old = new_phone();
  ask(old.activation(house.activation_code(phone), now()));
  old.named(phone.id);
  net::Reply reply = raw(old.events(now()));
  ask(new_phone().activation(house.activation_code(phone), now()));
  EXPECT_EQ(std::get<net::EventStream>(reply).next(), "event: gone\ndata: {}\n\n");
}

struct DeviceAnswer : Device {};

TEST_F(DeviceAnswer, ApprovesWithTheNumberShown) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const net::HttpResponse out = ask(phone.approve(push.attempt.text(), push.number, now()));
  EXPECT_EQ(out.body, R"({"state":"allowed","reason":"user_approved"})");
  EXPECT_EQ(state_of(push), signin::State::allowed);
}

TEST_F(DeviceAnswer, EndsWithAWrongNumber) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const std::string wrong = push.number == "123" ? "124" : "123";
  const net::HttpResponse out = ask(phone.approve(push.attempt.text(), wrong, now()));
  EXPECT_EQ(out.body, R"({"state":"denied","reason":"user_mistake"})");
  EXPECT_EQ(ask(phone.approve(push.attempt.text(), push.number, now())).status, 409);
  EXPECT_EQ(state_of(push), signin::State::denied);
}

TEST_F(DeviceAnswer, WithoutANumberIsAWrongNumber) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  EXPECT_EQ(text(json_of(ask(phone.approve(push.attempt.text(), "", now()))), "state"), "denied");
  EXPECT_EQ(state_of(push), signin::State::denied);
}

TEST_F(DeviceAnswer, Denies) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  EXPECT_EQ(text(json_of(ask(phone.deny(push.attempt.text(), now()))), "state"), "denied");
  EXPECT_EQ(state_of(push), signin::State::denied);
}

TEST_F(DeviceAnswer, ReportsFraud) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const net::HttpResponse out = ask(phone.report_fraud(push.attempt.text(), now()));
  EXPECT_EQ(out.body, R"({"state":"fraud","reason":"user_marked_fraud"})");
  EXPECT_EQ(state_of(push), signin::State::fraud);
}

TEST_F(DeviceAnswer, CountsOnce) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  EXPECT_EQ(ask(phone.deny(push.attempt.text(), now())).status, 200);
  const net::HttpResponse second = ask(phone.approve(push.attempt.text(), push.number, now()));
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(error_of(second), "conflict");
  EXPECT_EQ(state_of(push), signin::State::denied);
}

TEST_F(DeviceAnswer, CountsOnceInParallel) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  constexpr int kTimes = 16;
  std::vector<net::HttpRequest> requests;
  for (int i = 0; i < kTimes; ++i) {
    requests.push_back(i % 2 ? phone.deny(push.attempt.text(), now())
                             : phone.approve(push.attempt.text(), push.number, now()));
  }
  std::atomic<int> applied = 0, conflicts = 0;
  std::vector<std::thread> threads;
  for (const net::HttpRequest& request : requests) {
    threads.emplace_back([&] {
      const int status = ask(request).status;
      if (status == 200) ++applied;
      if (status == 409) ++conflicts;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(conflicts, kTimes - 1);
}

TEST_F(DeviceAnswer, OfAnotherPhoneIsNotFound) {
  bound_phone();
  const flow::Standing push = pushed();
  const FakePhone hers = bound_phone(house.add_user(house.tenant, "eve"));
  EXPECT_EQ(ask(hers.approve(push.attempt.text(), push.number, now())).status, 404);
  EXPECT_EQ(state_of(push), signin::State::open);
}

TEST_F(DeviceAnswer, OfAnotherTenantsPhoneIsNotFound) {
  bound_phone();
  const flow::Standing push = pushed();
  const FakePhone theirs = bound_phone(house.add_user(house.add_tenant("Other"), "ada"));
  EXPECT_EQ(ask(theirs.approve(push.attempt.text(), push.number, now())).status, 404);
  EXPECT_EQ(state_of(push), signin::State::open);
}

TEST_F(DeviceAnswer, ThatIsNotWhatWasSignedIsRefused) {
  FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const auto refused = [&] {
    const net::HttpResponse out = ask(phone.approve(push.attempt.text(), push.number, now()));
    return out.status == 403 && error_of(out) == "refused";
  };
  phone.faults.signs_another_number = true;
  EXPECT_TRUE(refused());
  phone.faults = {};
  phone.faults.signs_another_decision = true;
  EXPECT_TRUE(refused());
  phone.faults = {};
  phone.faults.signs_another_request = true;
  EXPECT_TRUE(refused());
  EXPECT_EQ(state_of(push), signin::State::open);
}

TEST_F(DeviceAnswer, ComesTooLateOnceTheTimeIsOver) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  house.clock.advance(house.ports.settings.push_lifetime);
  EXPECT_EQ(ask(phone.approve(push.attempt.text(), push.number, now())).status, 409);
  EXPECT_EQ(state_of(push), signin::State::timed_out);
}

TEST_F(DeviceAnswer, ToNoSuchRequestIsNotFound) {
  const FakePhone phone = bound_phone();
  EXPECT_EQ(ask(phone.deny("00000000-0000-4000-8000-000000000000", now())).status, 404);
}

TEST_F(DeviceAnswer, WakesTheClientThatWaits) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  house.woken.clear();
  ask(phone.approve(push.attempt.text(), push.number, now()));
  EXPECT_NE(std::find(house.woken.begin(), house.woken.end(), flow::attempt_key(push.attempt)), house.woken.end());
}

TEST_F(DeviceAnswer, RefusesWhatIsNoSuchBody) {
  const FakePhone phone = bound_phone();
  const flow::Standing push = pushed();
  const std::string path = "/device/v1/requests/" + push.attempt.text() + "/answer";
  for (const std::string body : {"", "{}", R"({"decision":"maybe","signature":"AAAA"})",
                                 R"({"decision":"deny","signature":"AAAA"})", R"({"decision":"deny"})"}) {
    EXPECT_EQ(ask(phone.call("POST", path, "", body, now())).status, 400) << body;
  }
  EXPECT_EQ(state_of(push), signin::State::open);
}

struct DevicePaths : Device {};

TEST_F(DevicePaths, OthersAreNotFound) {
  for (const std::string path :
       {"/device/v1/", "/device/v2/requests", "/device/v1/requests/", "/device/v1/requests//answer",
        "/device/v1/requests/a/b/answer", "/device/v1/requests/answer", "/device/"}) {
    net::HttpRequest request;
    request.method = "POST";
    request.path = path;
    EXPECT_EQ(ask(request).status, 404) << path;
  }
}

TEST_F(DevicePaths, NameTheMethodTheyTake) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/device/v1/activate";
  const net::HttpResponse out = ask(request);
  EXPECT_EQ(out.status, 405);
  EXPECT_EQ(out.headers.back().value, "POST");
}

TEST_F(DevicePaths, ShowTheSamePageForEveryCode) {
  // Good, used, unknown: once code and picture are taken out, nothing is left to tell them apart.
  const std::string good = house.activation_code(house.add_phone(house.user));
  const std::string used = house.activation_code(house.add_phone(house.user));
  ASSERT_EQ(ask(new_phone().activation(used, now())).status, 200);
  const auto shown = [this](const std::string& code) {
    net::HttpRequest request;
    request.method = "GET";
    request.path = "/activate/" + code;
    const net::HttpResponse out = ask(request);
    EXPECT_EQ(out.status, 200);
    std::string text = out.body;
    for (std::size_t at; (at = text.find(code)) != std::string::npos;) text.erase(at, code.size());
    const std::size_t picture = text.find("<path d=\"M4 4");
    return text.erase(picture, text.find("</svg>", picture) - picture);
  };
  EXPECT_EQ(shown(good), shown("ABCDEFGHJKLMNPQRSTUV"));
  EXPECT_EQ(shown(used), shown("ABCDEFGHJKLMNPQRSTUV"));
  EXPECT_EQ(ask(new_phone().activation(good, now())).status, 200);  // looking has used nothing up
}

TEST_F(DevicePaths, BelongToThisFace) {
  EXPECT_TRUE(serves("/device/v1/requests"));
  EXPECT_TRUE(serves("/enroll"));
  EXPECT_TRUE(serves("/activate/ABC"));
  EXPECT_TRUE(serves("/frame/qr"));
  EXPECT_FALSE(serves("/auth/v2/ping"));
  EXPECT_FALSE(serves("/"));
}

}  // namespace
}  // namespace countersign::device
