#include "faces/oidc/id_token.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace countersign::oidc {
namespace {

const Instant kNow = from_unix_ms(1'700'000'030'500);

flow::Redeemed sign_in() {
  flow::Redeemed out;
  out.visit.app = AppId::trusted("DIXXXXXXXXXXXXXXXXXX");
  out.visit.username = "EXAMPLE\\Ada";
  out.visit.back.nonce = "nonce-nonce-nonce-nonce";
  out.visit.ended = from_unix_ms(1'700'000'010'250);
  out.event.txid = AttemptId::trusted("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  out.event.at = out.visit.ended;
  out.event.result = "success";
  out.event.reason = "valid_passcode";
  out.event.factor = "hardware_token";
  out.event.user_name = "ada";
  out.event.user_key = "DUXXXXXXXXXXXXXXXXXX";
  out.event.alias = "EXAMPLE\\Ada";
  out.event.email = "ada@example.test";
  out.event.groups = {"staff"};
  out.event.app_key = "DIXXXXXXXXXXXXXXXXXX";
  out.event.app_name = "wiki";
  out.event.access_device.ip = "192.0.2.9";
  return out;
}

nlohmann::json claims_of(const flow::Redeemed& redeemed) {
  return nlohmann::json::parse(id_token_claims(redeemed, "https://localhost:8443/oauth/v1/token", kNow));
}

TEST(IdToken, SaysWhoSignedInWhenAndForWhom) {
  const nlohmann::json claims = claims_of(sign_in());
  EXPECT_EQ(claims["iss"], "https://localhost:8443/oauth/v1/token");
  EXPECT_EQ(claims["aud"], "DIXXXXXXXXXXXXXXXXXX");
  EXPECT_EQ(claims["sub"], "EXAMPLE\\Ada");
  EXPECT_EQ(claims["preferred_username"], "EXAMPLE\\Ada");
  EXPECT_EQ(claims["nonce"], "nonce-nonce-nonce-nonce");
  EXPECT_EQ(claims["iat"], 1'700'000'030);
  EXPECT_EQ(claims["exp"], 1'700'000'330);
  EXPECT_EQ(claims["auth_time"], 1'700'000'010);
  EXPECT_EQ(claims["auth_result"],
            (nlohmann::json{{"result", "allow"}, {"status", "allow"}, {"status_msg", "Login Successful"}}));
  EXPECT_EQ(claims.size(), 10u);
}

TEST(IdToken, HasWholeNumbersForTimes) {
  const nlohmann::json claims = claims_of(sign_in());
  for (const char* claim : {"iat", "exp", "auth_time"}) EXPECT_TRUE(claims[claim].is_number_integer()) << claim;
  EXPECT_TRUE(claims["auth_context"]["timestamp"].is_number_integer());
}

TEST(IdToken, EchoesNoNonceWhereThereWasNone) {
  flow::Redeemed redeemed = sign_in();
  redeemed.visit.back.nonce.clear();
  EXPECT_FALSE(claims_of(redeemed).contains("nonce"));
}

TEST(IdToken, TellsTheEventAsTheLogHasIt) {
  const flow::Redeemed redeemed = sign_in();
  const nlohmann::json context = claims_of(redeemed)["auth_context"];
  EXPECT_EQ(context, nlohmann::json::parse(record::to_log_json(redeemed.event)));
  // duo-api §4.5.
  for (const char* name : {"txid", "timestamp", "isotimestamp", "event_type", "factor", "result", "reason", "alias",
                           "email", "ood_software", "trusted_endpoint_status", "user", "application", "auth_device",
                           "access_device", "adaptive_trust_assessments"}) {
    EXPECT_TRUE(context.contains(name)) << name;
  }
  for (const char* name : {"key", "name", "groups"}) EXPECT_TRUE(context["user"].contains(name)) << name;
  for (const char* name : {"ip", "key", "name", "location"}) EXPECT_TRUE(context["auth_device"].contains(name)) << name;
  for (const char* name : {"browser", "browser_version", "flash_version", "java_version", "hostname", "ip", "os",
                           "os_version", "epkey", "is_encryption_enabled", "is_firewall_enabled", "is_password_set",
                           "location"}) {
    EXPECT_TRUE(context["access_device"].contains(name)) << name;
  }
  // One client knows 0, 1 and this word, another booleans and this word.
  EXPECT_EQ(context["access_device"]["is_password_set"], "unknown");
}

TEST(IdToken, KeepsNamesByteForByte) {
  flow::Redeemed redeemed = sign_in();
  redeemed.visit.username = " \"Jos\xc3\xa9\" <\\> ";
  EXPECT_EQ(claims_of(redeemed)["preferred_username"], redeemed.visit.username);
}

}  // namespace
}  // namespace countersign::oidc
