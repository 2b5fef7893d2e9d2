#include "core/record/stored_event.h"

#include <gtest/gtest.h>

#include "testing/seeded_random.h"

namespace countersign::record {
namespace {

AuthEvent full() {
  testing::SeededRandom random;
  AuthEvent e;
  e.id = EventId::make(random);
  e.tenant = TenantId::make(random);
  e.txid = AttemptId::make(random);
  e.at = from_unix_ms(1'700'000'000'123);
  int n = 0;
  for (std::string* text : {&e.result, &e.reason, &e.factor, &e.user_key, &e.user_name, &e.email, &e.alias, &e.app_key,
                            &e.app_name, &e.access_device.ip, &e.access_device.hostname, &e.access_device.browser,
                            &e.access_device.browser_version, &e.access_device.os, &e.access_device.os_version,
                            &e.auth_device.key, &e.auth_device.name, &e.auth_device.ip}) {
    *text = "field ;:" + std::to_string(n++);
  }
  e.groups = {"staff", "", "a;b"};
  return e;
}

TEST(StoredEvent, AnAuthenticationComesBackWhole) {
  const AuthEvent event = full();
  AuthEvent back;
  back.id = event.id;
  back.tenant = event.tenant;
  ASSERT_TRUE(decode(encode(event), back));
  EXPECT_EQ(to_log_json(back), to_log_json(event));
}

// What version 1 wrote: an authentication of "alice" from 192.0.2.7 in the group "staff".
constexpr std::string_view kVersion1 =
    "a1;13:1700000000123;14:authentication;7:success;14:valid_passcode;14:hardware_token;3:DU1;5:alice;0:;0:;3:DI1;"
    "3:VPN;9:192.0.2.7;0:;3:DH1;0:;0:;0:;1:1;5:staff;";

TEST(StoredEvent, ReadsAnAuthenticationThatKnewNoBrowser) {
  AuthEvent back;
  back.access_device.browser = "left over";
  ASSERT_TRUE(decode(kVersion1, back));
  EXPECT_EQ(back.at, from_unix_ms(1'700'000'000'123));
  EXPECT_EQ(back.result, "success");
  EXPECT_EQ(back.access_device.ip, "192.0.2.7");
  EXPECT_EQ(back.auth_device.key, "DH1");
  EXPECT_EQ(back.groups, std::vector<std::string>{"staff"});
  EXPECT_TRUE(back.access_device.browser.empty());
  EXPECT_TRUE(back.access_device.os_version.empty());
  EXPECT_EQ(decode(std::string(kVersion1) + "0:;", back).error().code, Errc::malformed);
}

TEST(StoredEvent, ACanaryIsASignInUnderAMark) {
  const std::string text = encode_canary(full());
  EXPECT_TRUE(is_canary(text));
  EXPECT_FALSE(is_canary(encode(full())));
  AuthEvent back;
  back.id = full().id;
  back.tenant = full().tenant;
  ASSERT_TRUE(decode(text, back));
  EXPECT_EQ(to_log_json(back), to_log_json(full()));
  EXPECT_EQ(decode(std::string(kCanaryMark) + text, back).error().code, Errc::malformed) << "one mark, not two";
}

TEST(StoredEvent, AnActivityComesBackWhole) {
  ActivityEvent event;
  event.at = from_unix_ms(1'700'000'000'123);
  event.action = "user_create";
  event.details = "{\"a\":\"b;\"}";
  event.actor_name = "command line";
  event.target_key = "DU1";
  ActivityEvent back;
  ASSERT_TRUE(decode(encode(event), back));
  EXPECT_EQ(to_log_json(back), to_log_json(event));
}

TEST(StoredEvent, RefusesWhatEncodeDidNotWrite) {
  AuthEvent into;
  ActivityEvent activity;
  const std::string good = encode(full());
  EXPECT_EQ(decode(good + "1:x;", into).error().code, Errc::malformed);
  EXPECT_EQ(decode(good.substr(0, good.size() - 1), into).error().code, Errc::malformed);
  EXPECT_EQ(decode("", into).error().code, Errc::malformed);
  EXPECT_EQ(decode(good, activity).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::record
