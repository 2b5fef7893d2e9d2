#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "faces/duo/duo_world_test.h"
#include "faces/duo/sign_in.h"
#include "testing/fault_store.h"

namespace countersign::duo {
namespace {

class AuthV2 : public ::testing::Test {
 protected:
  DuoWorld world;
  User ada = world.add_user("ada");

  std::string good_code() { return world.totp_now(); }
  static std::string wrong(std::string code) {
    code.back() = code.back() == '0' ? '1' : '0';
    return code;
  }
};

// --- preauth ---

TEST_F(AuthV2, PreauthListsTheDevices) {
  const auto phone = world.add_phone(ada);
  world.add_totp(ada);
  const Said said = world.preauth("ada");
  EXPECT_EQ(said["result"], "auth");
  EXPECT_EQ(said["status_msg"], "Account is active");
  const auto& devices = said.response()["devices"];
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0]["device"], phone.phone.id.text());
  EXPECT_EQ(devices[0]["type"], "phone");
  EXPECT_EQ(devices[0]["number"], "XXX-XXX-0100");
  EXPECT_EQ(devices[0]["display_name"], "Pixel (XXX-XXX-0100)");
  EXPECT_EQ(devices[0]["capabilities"], (std::vector<std::string>{"auto", "push"}));
  EXPECT_EQ(devices[1]["type"], "token");
  EXPECT_FALSE(devices[1].contains("capabilities"));
}

TEST_F(AuthV2, PreauthAllowsAUserInBypass) {
  world.add_user("eve", UserStatus::bypass);
  EXPECT_EQ(world.preauth("eve")["result"], "allow");
}

TEST_F(AuthV2, PreauthDeniesADisabledUser) {
  world.add_user("bob", UserStatus::disabled);
  const Said said = world.preauth("bob");
  EXPECT_EQ(said["result"], "deny");
  EXPECT_EQ(said["status_msg"], "Your account is disabled. Ask your administrator.");
}

TEST_F(AuthV2, PreauthSendsAnUnknownUserToEnroll) {
  const Said said = world.preauth("nobody");
  EXPECT_EQ(said["result"], "enroll");
  EXPECT_EQ(said["enroll_portal_url"].substr(0, 8), "https://");
}

TEST_F(AuthV2, PreauthTakesTheUserByIdToo) {
  world.add_totp(ada);
  EXPECT_EQ(world.say(post("/auth/v2/preauth").with("user_id", ada.id.text()))["result"], "auth");
}

TEST_F(AuthV2, PreauthWantsExactlyOneUser) {
  const Ask ask = post("/auth/v2/preauth");
  const Said none = world.say(ask);
  EXPECT_EQ(none.code(), 40001);
  EXPECT_EQ(none.detail(), "user_id or username");
  EXPECT_EQ(world.say(ask.with("user_id", ada.id.text()).with("username", "ada")).code(), 40002);
  EXPECT_EQ(world.say(ask.with("username", "a").with("username", "b")).detail(), "username (given twice)");
  EXPECT_EQ(world.say(ask.with("user_id", "DU!")).detail(), "user_id");
}

TEST_F(AuthV2, AUserOfAnotherTenantIsNotFound) {
  User other = ada;
  other.tenant = world.add_tenant("other").id;
  other.id = UserId::make(world.random);
  world.write([&](store::Txn& txn) { return store::insert_user(txn, other); });
  EXPECT_EQ(world.say(post("/auth/v2/preauth").with("user_id", other.id.text())).code(), 40401);
}

TEST_F(AuthV2, PreauthGivesATextPromptWhereAsked) {
  world.add_phone(ada, "Ada's\x1b[2J");
  const Said said = world.say(post("/auth/v2/preauth").with("username", "ada").with("text_prompt", "1"));
  const auto& prompt = said.response()["prompt"];
  EXPECT_EQ(prompt["factors"]["default"], "push1");
  EXPECT_EQ(prompt["factors"]["1"], "push1");
  const std::string text = prompt["text"];
  EXPECT_NE(text.find(" 1. Push to Ada's?[2J (XXX-XXX-0100)\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("Passcode or option (1-1): "));
}

TEST_F(AuthV2, PreauthPreparesAVerifiedPush) {
  const auto phone = world.add_phone(ada);
  const Ask ask = post("/auth/v2/preauth").with("username", "ada").with("client_supports_verified_push", "1");
  const Said said = world.say(ask.with("text_prompt", "1"));
  EXPECT_EQ(said["verification_code"].size(), 3u);
  EXPECT_EQ(said.response()["expiration"], 60);
  EXPECT_EQ(said.response()["prompt"]["factors"]["1"], "verified_push1");
  const net::Reply held = world.begin(DuoWorld::push("ada").with("txid", said["txid"]));
  ASSERT_TRUE(DuoWorld::waits(held));
  ASSERT_TRUE(world.answer(phone, said["txid"], said["verification_code"]));
  EXPECT_EQ(read_answer(std::get<net::HttpResponse>(DuoWorld::wake(held)))["result"], "allow");
}

// --- passcodes ---

TEST_F(AuthV2, APasscodeIsAcceptedOnce) {
  world.add_totp(ada);
  const Said said = world.say(DuoWorld::passcode("ada", good_code()));
  EXPECT_EQ(said["result"], "allow");
  EXPECT_EQ(said["status"], "allow");
  EXPECT_EQ(said["status_msg"], "Success. Logging you in...");
  world.clock.advance(seconds(1));  // another date: another request
  const Said again = world.say(DuoWorld::passcode("ada", good_code()));
  EXPECT_EQ(again["result"], "deny");
  EXPECT_EQ(again["status_msg"], "Incorrect passcode. Please try again.");
}

TEST_F(AuthV2, HundredParallelRequestsWithOneCodeSucceedOnce) {
  world.add_totp(ada);
  world.set_policy({{"lockout_threshold", "1000"}});
  std::vector<net::HttpRequest> requests;
  for (int i = 0; i < 100; ++i) {
    requests.push_back(world.sign(DuoWorld::passcode("ada", good_code()).with("nonce", std::to_string(i))));
  }
  std::atomic<int> allowed = 0, denied = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < requests.size(); i += 4) {
        const Said said = read_answer(std::get<net::HttpResponse>(testing::run(world.face.handle(requests[i]))));
        if (said["result"] == "allow") ++allowed;
        if (said["result"] == "deny") ++denied;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1);
  EXPECT_EQ(denied, 99);
}

TEST_F(AuthV2, TenWrongCodesLockAndOneRightOneForgets) {
  world.add_totp(ada);
  const auto fail = [&] {
    world.clock.advance(seconds(1));
    return world.say(DuoWorld::passcode("ada", wrong(good_code())));
  };
  for (int i = 0; i < 9; ++i) EXPECT_EQ(fail()["status"], "deny");
  EXPECT_EQ(world.say(DuoWorld::passcode("ada", good_code()))["result"], "allow");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fail()["status"], "deny");
  world.clock.advance(seconds(60));
  const Said locked = world.say(DuoWorld::passcode("ada", good_code()));
  EXPECT_EQ(locked["result"], "deny");
  EXPECT_EQ(locked["status"], "locked_out");
  EXPECT_EQ(world.preauth("ada")["result"], "deny");
}

TEST_F(AuthV2, AnAsynchronousPasscodeIsFoundByItsTxid) {
  world.add_totp(ada);
  const Said begun = world.say(DuoWorld::passcode("ada", good_code()).with("async", "1"));
  EXPECT_EQ(begun["result"], "(none)");
  const Said said = world.say(DuoWorld::status(begun["txid"]));
  EXPECT_EQ(said["result"], "allow");
}

TEST_F(AuthV2, AUserInBypassNeedsNoRightCode) {
  world.add_user("eve", UserStatus::bypass);
  const Said said = world.say(DuoWorld::passcode("eve", "1"));
  EXPECT_EQ(said["result"], "allow");
  EXPECT_EQ(said["status"], "bypass");
}

TEST_F(AuthV2, ARememberedDeviceIsAllowed) {
  world.add_totp(ada);
  world.set_policy({{"remembered_devices_days", "7"}});
  const std::string token = world.say(DuoWorld::passcode("ada", good_code()))["trusted_device_token"];
  ASSERT_GT(token.size(), 20u);
  const Ask ask = post("/auth/v2/preauth").with("username", "ada");
  EXPECT_EQ(world.say(ask.with("trusted_device_token", token))["result"], "allow");
  EXPECT_EQ(world.say(ask.with("trusted_device_token", "x" + token))["result"], "auth");
}

// --- pushes ---

TEST_F(AuthV2, AnAsynchronousPushShowsItsNumberInTheStatus) {
  const auto phone = world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  const Said said = world.say(DuoWorld::status(txid));
  EXPECT_EQ(said["result"], "waiting");
  EXPECT_EQ(said["status"], "pushed");
  EXPECT_TRUE(said["status_msg"].starts_with("Pushed a login request to your device..."));
  const std::string number = DuoWorld::number_in(said["status_msg"]);
  EXPECT_EQ(number.size(), 3u);
  ASSERT_TRUE(world.answer(phone, txid, number));
  EXPECT_EQ(world.say(DuoWorld::status(txid))["result"], "allow");
}

TEST_F(AuthV2, APollIsHeldUntilSomethingChanges) {
  const auto phone = world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  EXPECT_FALSE(DuoWorld::waits(world.begin(DuoWorld::status(txid)))) << "the first poll tells what is";
  const net::Reply held = world.begin(DuoWorld::status(txid));
  ASSERT_TRUE(DuoWorld::waits(held));
  EXPECT_EQ(std::get<net::Wait>(held).key, flow::attempt_key(AttemptId::trusted(txid)));
  EXPECT_EQ(std::get<net::Wait>(held).until, world.clock.now() + kPollMax);
  ASSERT_TRUE(world.answer(phone, txid, "", factor::push::Decision::fraud));
  const Said said = read_answer(std::get<net::HttpResponse>(DuoWorld::wake(held)));
  EXPECT_EQ(said["result"], "deny");
  EXPECT_EQ(said["status"], "fraud");
}

TEST_F(AuthV2, APollIsAnsweredUnchangedAfterEightSeconds) {
  world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  world.say(DuoWorld::status(txid));
  const Instant before = world.clock.now();
  EXPECT_EQ(world.say(DuoWorld::status(txid))["result"], "waiting");
  EXPECT_EQ(world.clock.now() - before, kPollMax);
}

TEST_F(AuthV2, AnUnansweredPushTimesOut) {
  world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  Said said = world.say(DuoWorld::status(txid));
  for (int polls = 0; said["result"] == "waiting" && polls < 20; ++polls) said = world.say(DuoWorld::status(txid));
  EXPECT_EQ(said["result"], "deny");
  EXPECT_EQ(said["status"], "timeout");
  EXPECT_EQ(said["status_msg"], "Login timed out.");
}

TEST_F(AuthV2, AWrongNumberDenies) {
  const auto phone = world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  const std::string number = DuoWorld::number_in(world.say(DuoWorld::status(txid))["status_msg"]);
  ASSERT_TRUE(world.answer(phone, txid, wrong(number)));
  EXPECT_EQ(world.say(DuoWorld::status(txid))["result"], "deny");
}

TEST_F(AuthV2, AHeldPushIsDeniedWherePolicyWantsANumber) {
  world.add_phone(ada);
  const Said said = world.say(DuoWorld::push("ada"));
  EXPECT_EQ(said["result"], "deny");
  EXPECT_EQ(said["status"], "deny");
  EXPECT_NE(said["status_msg"].find("plain_push"), std::string::npos);
}

TEST_F(AuthV2, AHeldPushEndsWithTheAnswer) {
  world.set_policy({{"plain_push", "allow"}});
  const auto phone = world.add_phone(ada);
  const net::Reply held = world.begin(DuoWorld::push("ada"));
  ASSERT_TRUE(DuoWorld::waits(held));
  const std::string txid = std::get<net::Wait>(held).key.substr(flow::attempt_key(AttemptId()).size());
  ASSERT_TRUE(world.answer(phone, txid, ""));
  EXPECT_EQ(read_answer(std::get<net::HttpResponse>(DuoWorld::wake(held)))["result"], "allow");
}

TEST_F(AuthV2, AHeldPushTimesOutAfterAMinute) {
  world.set_policy({{"plain_push", "allow"}});
  world.add_phone(ada);
  const Instant before = world.clock.now();
  EXPECT_EQ(world.say(DuoWorld::push("ada"))["status"], "timeout");
  EXPECT_EQ(world.clock.now() - before, seconds(60));
}

TEST_F(AuthV2, ASecondPushFromElsewhereDoesNotReachThePhone) {
  world.set_policy({{"plain_push", "allow"}});
  world.add_phone(ada);
  world.begin_async_push("ada");
  const Said sync = world.say(DuoWorld::push("ada").with("ipaddr", "198.51.100.1"));
  EXPECT_EQ(sync["result"], "deny");
  EXPECT_EQ(world.say(DuoWorld::push("ada").with("ipaddr", "198.51.100.1").with("async", "1")).code(), 42901);
}

TEST_F(AuthV2, ThePromptChoosesAPhoneByItsNumber) {
  world.add_phone(ada);
  const auto second = world.add_phone(ada, "Tablet");
  const Ask ask = post("/auth/v2/auth").with("username", "ada").with("factor", "prompt").with("async", "1");
  const std::string txid = world.say(ask.with("prompt", "push2"))["txid"];
  EXPECT_EQ(flow::pending_requests(*world.ports, second.phone)->size(), 1u);
  EXPECT_EQ(world.say(ask.with("prompt", "push3")).detail(), "no capable device");
}

TEST_F(AuthV2, ThePromptTakesAPasscode) {
  world.add_totp(ada);
  const Ask ask = post("/auth/v2/auth").with("username", "ada").with("factor", "prompt");
  EXPECT_EQ(world.say(ask.with("prompt", good_code()))["result"], "allow");
}

TEST_F(AuthV2, WhatAPushCannotReachIs40002) {
  world.add_totp(ada);
  const Ask ask = post("/auth/v2/auth").with("username", "ada");
  for (const std::string factor : {"push", "auto", "phone", "sms"}) {
    const Said said = world.say(ask.with("factor", factor).with("device", "auto"));
    EXPECT_EQ(said.code(), 40002) << factor;
    EXPECT_EQ(said.detail(), "no capable device") << factor;
  }
}

TEST_F(AuthV2, NamesTheParameterThatIsWrong) {
  const Ask ask = post("/auth/v2/auth").with("username", "ada");
  EXPECT_EQ(world.say(ask).detail(), "factor");
  EXPECT_EQ(world.say(ask).code(), 40001);
  EXPECT_EQ(world.say(ask.with("factor", "telepathy")).code(), 40002);
  EXPECT_EQ(world.say(ask.with("factor", "passcode")).detail(), "passcode");
  EXPECT_EQ(world.say(ask.with("factor", "push")).detail(), "device");
  const Ask push = DuoWorld::push("ada");
  EXPECT_TRUE(world.say(push.with("pushinfo", std::string(20'001, 'a'))).detail().starts_with("pushinfo"));
  EXPECT_TRUE(world.say(push.with("pushinfo", "a=%")).detail().starts_with("pushinfo"));
  EXPECT_TRUE(world.say(push.with("async", "maybe")).detail().starts_with("async"));
  EXPECT_TRUE(world.say(push.with("type", "a\nb")).detail().starts_with("type"));
}

TEST_F(AuthV2, ATxidBelongsToItsApplication) {
  world.add_phone(ada);
  const std::string txid = world.begin_async_push("ada");
  const Application sibling = world.add_app(world.tenant);
  const Application stranger = world.add_app(world.add_tenant("other"));
  for (const Application& app : {sibling, stranger}) {
    const Said said = world.send(world.sign(DuoWorld::status(txid), app));
    EXPECT_EQ(said.code(), 40401);
    EXPECT_EQ(said.detail(), "txid");
  }
  EXPECT_EQ(world.say(DuoWorld::status("00000000-0000-4000-8000-000000000000")).code(), 40401);
  EXPECT_EQ(world.say(DuoWorld::status("a b")).code(), 40002);
  EXPECT_EQ(world.say(get("/auth/v2/auth_status")).code(), 40001);
}

// --- the rest ---

TEST_F(AuthV2, EnrolsAndTellsWhenItIsDone) {
  const Said said = world.say(post("/auth/v2/enroll").with("username", "new").with("bypass_codes", "3"));
  EXPECT_EQ(said["username"], "new");
  EXPECT_EQ(said.response()["bypass_codes"].size(), 3u);
  EXPECT_EQ(said.response()["expiration"], unix_s(world.clock.now()) + 86400);
  EXPECT_TRUE(said["activation_barcode"].starts_with("https://localhost:8443/frame/qr?value=https%3A%2F%2F"));
  EXPECT_TRUE(said["activation_code"].starts_with("duo://"));
  const Ask ask = post("/auth/v2/enroll_status").with("user_id", said["user_id"]);
  EXPECT_EQ(world.say(ask.with("activation_code", said["activation_code"])).response(), "waiting");
  EXPECT_EQ(world.say(ask.with("activation_code", "duo://nonsense")).response(), "invalid");
  EXPECT_EQ(world.say(post("/auth/v2/enroll").with("username", "NEW")).detail(), "username already exists");
}

TEST_F(AuthV2, EnrolsWithoutAName) {
  EXPECT_GT(world.say(post("/auth/v2/enroll"))["username"].size(), 8u);
  EXPECT_EQ(world.say(post("/auth/v2/enroll").with("valid_secs", "0")).code(), 40002);
  EXPECT_EQ(world.say(post("/auth/v2/enroll").with("bypass_codes", "11")).code(), 40002);
}

TEST_F(AuthV2, BypassCodesReplaceThoseBefore) {
  const Ask ask = post("/auth/v2/bypass_codes").with("username", "ada").with("count", "2");
  const Said first = world.say(ask);
  ASSERT_EQ(first.response()["codes"].size(), 2u);
  const std::string code = first.response()["codes"][0];
  const Said second = world.say(ask.with("valid_secs", "60"));
  EXPECT_EQ(second.response()["expiration"], unix_s(world.clock.now()) + 60);
  EXPECT_EQ(world.say(DuoWorld::passcode("ada", code))["result"], "deny");
  EXPECT_EQ(world.say(DuoWorld::passcode("ada", second.response()["codes"][1]))["result"], "allow");
  EXPECT_EQ(world.say(post("/auth/v2/bypass_codes").with("username", "nobody")).code(), 40401);
}

TEST_F(AuthV2, TheLogoIsAPictureOrNothing) {
  EXPECT_EQ(world.say(get("/auth/v2/logo")).code(), 40401);
  world.write([&](store::Txn& txn) -> Result<void> {
    auto tenant = TRY(store::tenant_by_id(txn, world.tenant.id));
    tenant->logo_png = {0x89, 'P', 'N', 'G'};
    EXPECT_TRUE(TRY(store::update_tenant(txn, *tenant)));
    return {};
  });
  const Said said = world.say(get("/auth/v2/logo"));
  EXPECT_EQ(said.raw.content_type, "image/png");
  EXPECT_EQ(said.raw.body, "\x89PNG");
}

TEST_F(AuthV2, SaysThatTheDatabaseIsAway) {
  testing::FaultStore store(*world.store);
  flow::Ports ports{store, *world.keys, world.clock, world.random, [](std::string_view) {}, {}};
  DuoFace face(ports, {});
  const net::HttpRequest request = world.sign(DuoWorld::passcode("ada", "123456"));
  for (int statement = 1; statement <= 4; ++statement) {
    store.fail_from(statement, Errc::unavailable);
    const Said said = world.finish(face.handle(request));
    EXPECT_EQ(said.code(), 50301) << statement;
    EXPECT_EQ(said.status(), 503);
  }
  store.fail_from(0, Errc::unavailable);
  EXPECT_EQ(world.finish(face.handle(request)).status(), 200) << "a failure is not remembered";
}

}  // namespace
}  // namespace countersign::duo
