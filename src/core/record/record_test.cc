#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/record/auth_event.h"
#include "core/record/fields.h"

namespace countersign::record {
namespace {

const Instant kNow = from_unix_ms(1'700'000'000'123);

AuthEvent approved_push() {
  AuthEvent e;
  e.id = EventId::trusted("11111111-1111-4111-8111-111111111111");
  e.txid = AttemptId::trusted("11111111-1111-4111-8111-111111111111");
  e.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
  e.at = kNow;
  e.result = "success";
  e.reason = "user_approved";
  e.factor = "verified_duo_push";
  e.user_key = "DU23456789ABCDEFGHJK";
  e.user_name = "alice";
  e.email = "alice@example.org";
  e.groups = {"Staff", "VPN"};
  e.app_key = "DI23456789ABCDEFGHJK";
  e.app_name = "Unix";
  e.access_device = {"192.0.2.7", "host.example.org"};
  e.auth_device = {"DP23456789ABCDEFGHJK", "XXX-XXX-0100", "198.51.100.7"};
  return e;
}

// The whole event, as a reader of the log sees it.
constexpr const char* kApprovedPush =
    R"({"txid":"11111111-1111-4111-8111-111111111111","timestamp":1700000000,)"
    R"("isotimestamp":"2023-11-14T22:13:20.123000+00:00","event_type":"authentication","result":"success",)"
    R"("reason":"user_approved","factor":"verified_duo_push","user":{"key":"DU23456789ABCDEFGHJK","name":"alice",)"
    R"("groups":["Staff","VPN"]},"alias":"","email":"alice@example.org","application":{"key":"DI23456789ABCDEFGHJK",)"
    R"("name":"Unix"},"access_device":{"browser":null,"browser_version":null,"epkey":null,"flash_version":null,)"
    R"("java_version":null,"hostname":"host.example.org","ip":"192.0.2.7","is_encryption_enabled":"unknown",)"
    R"("is_firewall_enabled":"unknown","is_password_set":"unknown","location":{"city":null,"state":null,)"
    R"("country":null},"os":null,"os_version":null,"security_agents":[],"management_agents":[]},)"
    R"("auth_device":{"ip":"198.51.100.7","key":"DP23456789ABCDEFGHJK","name":"XXX-XXX-0100","location":{"city":null,)"
    R"("state":null,"country":null}},"adaptive_trust_assessments":{},"ood_software":null,)"
    R"("trusted_endpoint_status":"unknown"})";

TEST(AuthEvent, IsTheV2EventOfDuosLog) { EXPECT_EQ(to_log_json(approved_push()), kApprovedPush); }

TEST(AuthEvent, NamesTheBrowserAndItsSystem) {
  AuthEvent e = approved_push();
  e.access_device.browser = "Chrome";
  e.access_device.browser_version = "141.0.0.0";
  e.access_device.os = "Windows";
  e.access_device.os_version = "10";
  const auto json = nlohmann::json::parse(to_log_json(e));
  EXPECT_EQ(json["access_device"]["browser"], "Chrome");
  EXPECT_EQ(json["access_device"]["browser_version"], "141.0.0.0");
  EXPECT_EQ(json["access_device"]["os"], "Windows");
  EXPECT_EQ(json["access_device"]["os_version"], "10");
}

TEST(AuthEvent, OfNobodyKnownHasNullsWhereNothingIsKnown) {
  AuthEvent e;
  e.user_name = "mallory";
  const auto json = nlohmann::json::parse(to_log_json(e));
  EXPECT_TRUE(json["user"]["key"].is_null());
  EXPECT_EQ(json["user"]["name"], "mallory");
  EXPECT_EQ(json["factor"], "not_available");
  EXPECT_TRUE(json["auth_device"]["name"].is_null());
  EXPECT_TRUE(json["access_device"]["ip"].is_null());
}

TEST(AuthEvent, StaysJsonWhateverANameHolds) {
  AuthEvent e;
  e.user_name = "a\"b\\\n\xff";
  EXPECT_TRUE(nlohmann::json::accept(to_log_json(e)));
}

ActivityEvent policy_change() {
  ActivityEvent e;
  e.id = EventId::trusted("22222222-2222-4222-8222-222222222222");
  e.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
  e.at = kNow;
  e.action = "policy_update";
  e.details = R"({"plain_push":"deny"})";
  e.actor_type = "system";
  e.actor_name = "command line";
  e.target_type = "policy";
  e.target_key = "DI23456789ABCDEFGHJK";
  e.target_name = "Unix";
  return e;
}

TEST(ActivityEvent, IsTheV2EventOfDuosLog) {
  EXPECT_EQ(to_log_json(policy_change()),
            R"({"activity_id":"22222222-2222-4222-8222-222222222222","ts":"2023-11-14T22:13:20.123000+00:00",)"
            R"("action":{"name":"policy_update","details":"{\"plain_push\":\"deny\"}"},)"
            R"("actor":{"key":null,"name":"command line","type":"system","details":null},)"
            R"("target":{"key":"DI23456789ABCDEFGHJK","name":"Unix","type":"policy","details":null},)"
            R"("old_target":null,"application":null,"akey":"DA23456789ABCDEFGHJK",)"
            R"("access_device":{"browser":null,"browser_version":null,"epkey":null,"ip":{"address":null},)"
            R"("location":{"city":null,"state":null,"country":null},"os":null,"os_version":null},)"
            R"("outcome":{"result":"SUCCESS"}})");
}

// Names of all members, a dot stepping into an object; an empty object counts as a member.
void collect(const nlohmann::json& json, const std::string& before, std::set<std::string>& names) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() && !value.empty()) {
      collect(value, before + key + ".", names);
    } else {
      names.insert(before + key);
    }
  }
}

template <std::size_t kCount>
void expect_declared(const Sealed<std::string> (&fields)[kCount], const std::string& json) {
  std::set<std::string> written, declared;
  collect(nlohmann::json::parse(json), "", written);
  for (const auto& field : fields) {
    EXPECT_TRUE(declared.insert(std::string(field.name)).second) << field.name << " is declared twice";
  }
  EXPECT_EQ(written, declared);
}

TEST(Fields, DeclareEveryMemberOfAnAuthenticationOnceAndNoOther) {
  expect_declared(kAuthenticationFields, kApprovedPush);
}

TEST(Fields, DeclareEveryMemberOfAnActivityOnceAndNoOther) {
  expect_declared(kActivityFields, to_log_json(policy_change()));
}

TEST(OpenPart, LetsNoFieldFlowIntoTheNext) {
  const auto part = [](const char* tenant, const char* stream, std::int64_t day, const char* id) {
    return open_part(TenantId::trusted(tenant), stream, day, EventId::trusted(id));
  };
  const std::string one = part("ab", "c", 1, "d");
  for (const std::string& other : {part("a", "bc", 1, "d"), part("ab", "cd", 1, ""), part("ab", "c", 11, "d"),
                                   part("ab", "c", 1, "d1"), part("ab", "c", -1, "d")}) {
    EXPECT_NE(one, other);
  }
}

TEST(Day, BeginsAtMidnightUtc) {
  EXPECT_EQ(day_of(from_unix_s(86'399)), 0);
  EXPECT_EQ(day_of(from_unix_s(86'400)), 1);
  EXPECT_EQ(day_of(from_unix_s(-1)), -1);
}

}  // namespace
}  // namespace countersign::record
