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
                            &e.app_name, &e.access_device.ip, &e.access_device.hostname, &e.auth_device.key,
                            &e.auth_device.name, &e.auth_device.ip}) {
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
