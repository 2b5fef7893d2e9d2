#include "core/policy/policy.h"

#include <gtest/gtest.h>

namespace countersign::policy {
namespace {

Policy with(std::initializer_list<std::pair<std::string_view, std::string_view>> settings) {
  Policy policy;
  for (const auto& [key, value] : settings) EXPECT_TRUE(set(policy, key, value)) << key << "=" << value;
  return policy;
}

TEST(PolicySet, TakesEveryKeyAndReadsBackWhatItWrites) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"user_auth_behavior", "enforce"}, {"user_auth_behavior", "bypass"},
      {"user_auth_behavior", "deny"},    {"new_user_behavior", "enroll"},
      {"new_user_behavior", "no-mfa"},   {"new_user_behavior", "deny"},
      {"allowed_auth_list", "bypass,duo-push"}, {"blocked_auth_list", "sms"},
      {"verified_push_digits", "3"},     {"verified_push_digits", "6"},
      {"plain_push", "deny"},            {"plain_push", "allow"},
      {"push_unknown_device", "deny"},   {"push_unknown_device", "allow"},
      {"user_verification", "required"}, {"user_verification", "preferred"},
      {"attestation_aaguids", "08987058-cadc-4b81-b6e1-30de50dcbe96,ee882879-721c-4913-9775-3dfcce97072a"},
      {"no_2fa_required", "192.0.2.0/24,2001:db8::/32"}, {"blocked_networks", "198.51.100.7/32"},
      {"remembered_devices_days", "0"},  {"remembered_devices_days", "365"},
      {"lockout_threshold", "1"},        {"lockout_threshold", "1000"},
      {"lockout_expire_minutes", "0"},   {"lockout_expire_minutes", "5"}, {"lockout_expire_minutes", "30000"},
  };
  for (const auto& [key, value] : cases) {
    const Policy policy = with({{key, value}});
    ASSERT_EQ(entries(policy).size(), 1u) << key;
    EXPECT_EQ(entries(policy)[0], std::pair(std::string(key), std::string(value)));
    const Result<Policy> again = decode(encode(policy));
    ASSERT_TRUE(again) << key;
    EXPECT_EQ(*again, policy) << key;
  }
}

TEST(PolicySet, RefusesValuesOutOfRange) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"user_auth_behavior", "Enforce"}, {"new_user_behavior", "allow"}, {"plain_push", "yes"},
      {"allowed_auth_list", "duo-push,"}, {"allowed_auth_list", "duo_push"}, {"blocked_auth_list", "*"},
      {"verified_push_digits", "2"}, {"verified_push_digits", "7"}, {"verified_push_digits", "3x"},
      {"verified_push_digits", "0"}, {"no_2fa_required", "192.0.2.0/33"}, {"no_2fa_required", "example.org"},
      {"push_unknown_device", "yes"}, {"user_verification", "discouraged"}, {"attestation_aaguids", "yubikey"},
      {"attestation_aaguids", "08987058-cadc-4b81-b6e1-30de50dcbe96,"},
      {"remembered_devices_days", "366"}, {"remembered_devices_days", "-1"},
      {"lockout_threshold", "0"}, {"lockout_threshold", "1001"},
      {"lockout_expire_minutes", "4"}, {"lockout_expire_minutes", "30001"}, {"lockout_expire_minutes", "5 "},
  };
  for (const auto& [key, value] : cases) {
    Policy policy;
    EXPECT_EQ(set(policy, key, value).error().code, Errc::malformed) << key << "=" << value;
    EXPECT_EQ(policy, Policy()) << key << "=" << value;
  }
}

TEST(PolicySet, ListsMakesSortedAndOnceWhateverTheCase) {
  const Policy policy = with({{"attestation_aaguids",
                               "EE882879-721C-4913-9775-3DFCCE97072A, 08987058-cadc-4b81-b6e1-30de50dcbe96,"
                               "ee882879-721c-4913-9775-3dfcce97072a"}});
  EXPECT_EQ(entries(policy)[0].second, "08987058-cadc-4b81-b6e1-30de50dcbe96,ee882879-721c-4913-9775-3dfcce97072a");
}

TEST(PolicySet, SaysTheRangeAndTheKeys) {
  Policy policy;
  EXPECT_EQ(set(policy, "verified_push_digits", "9").error().what,
            "verified_push_digits: its value is a number from 3 to 6");
  EXPECT_NE(set(policy, "digits", "3").error().what.find("verified_push_digits, plain_push"), std::string::npos);
}

TEST(PolicySet, AnEmptyValueUnsets) {
  Policy policy = with({{"plain_push", "allow"}});
  EXPECT_TRUE(set(policy, "plain_push", ""));
  EXPECT_EQ(policy, Policy());
}

TEST(PolicyDecode, RefusesWhatEncodeDoesNotWrite) {
  for (const char* text : {"", "[]", "null", R"({"plain_push":true})", R"({"plain_push":""})", R"({"plain":"deny"})",
                           R"({"plain_push":"deny","plain_push":"allow"})", R"({"plain_push":"deny"} x)"}) {
    EXPECT_EQ(decode(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(decode(std::string(300 * 1024, ' ')).error().code, Errc::exhausted);
}

TEST(Network, ContainsWhatLiesInIt) {
  struct Case {
    const char* network;
    const char* address;
    bool inside;
  };
  const Case cases[] = {
      {"192.0.2.0/24", "192.0.2.255", true},      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.77/24", "192.0.2.1", true},       {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.8", false},          {"0.0.0.0/0", "203.0.113.9", true},
      {"10.128.0.0/9", "10.127.255.255", false},  {"10.128.0.0/9", "10.255.0.1", true},
      {"2001:db8::/32", "2001:db8:1::1", true},   {"2001:db8::/32", "2001:db9::1", false},
      {"2001:db8::1", "2001:DB8:0:0::1", true},   {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},               {"0.0.0.0/0", "2001:db8::1", false},
      {"192.0.2.0/24", "::ffff:192.0.2.9", true}, {"192.0.2.0/24", "::ffff:192.0.3.9", false},
      {"::ffff:192.0.2.0/120", "192.0.2.9", true}, {"192.0.2.0/24", "", false},
      {"192.0.2.0/24", "192.0.2", false},         {"192.0.2.0/24", "192.0.2.1 ", false},
      {"192.0.2.0/24", "192.0.2.01", false},      {"0.0.0.0/0", "localhost", false},
      {"fe80::/10", "fe80::1%eth0", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Network::parse(c.network)->contains(c.address), c.inside) << c.network << " " << c.address;
  }
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/024", "192.0.2.0/24 ",
                           "192.0.2/24", "2001:db8::/129", "a.example/8", "192.0.2.0/24/24"}) {
    EXPECT_EQ(Network::parse(text).error().code, Errc::malformed) << text;
  }
  EXPECT_FALSE(Network::parse(std::string_view("192.0.2.1\0/24", 13)));
}

TEST(Network, HasOneFormForOneBlock) {
  EXPECT_EQ(Network::parse("192.0.2.77/24")->text(), "192.0.2.0/24");
  EXPECT_EQ(Network::parse("2001:DB8::1/32")->text(), "2001:db8::/32");
  EXPECT_EQ(Network::parse("::ffff:192.0.2.1")->text(), "192.0.2.1/32");
}

TEST(Merge, TheNearestThatIsSetCounts) {
  const Policy app = with({{"lockout_threshold", "3"}});
  const Policy group = with({{"lockout_threshold", "4"}, {"verified_push_digits", "5"}});
  const Policy tenant = with({{"lockout_threshold", "5"}, {"verified_push_digits", "6"}, {"plain_push", "allow"}});
  const Effective out = merge(app, {group}, tenant);
  EXPECT_EQ(out.lockout_threshold, 3);
  EXPECT_EQ(out.verified_push_digits, 5);
  EXPECT_EQ(out.plain_push, PlainPush::allow);
}

TEST(Merge, ASnapshotOfTheDefaults) {
  const Effective out = merge({}, {}, {});
  EXPECT_EQ(out.user_auth_behavior, UserAuthBehavior::enforce);
  EXPECT_EQ(out.new_user_behavior, NewUserBehavior::enroll);
  EXPECT_EQ(out.plain_push, PlainPush::deny);
  EXPECT_EQ(out.push_unknown_device, PushUnknownDevice::deny);
  EXPECT_EQ(out.user_verification, UserVerification::required);
  EXPECT_TRUE(out.attestation_aaguids.empty());
  EXPECT_EQ(out.verified_push_digits, 3);
  EXPECT_EQ(out.remembered_devices_days, 0);
  EXPECT_EQ(out.lockout_threshold, 10);
  EXPECT_EQ(out.lockout_expire_minutes, 0);
  EXPECT_TRUE(out.no_2fa_required.empty() && out.blocked_networks.empty());
  for (const std::string_view method : kMethods) EXPECT_TRUE(out.allows(method)) << method;
}

Effective of_groups(std::initializer_list<std::pair<std::string_view, std::string_view>> one,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> other) {
  const Effective a = merge({}, {with(one), with(other)}, {});
  const Effective b = merge({}, {with(other), with(one)}, {});
  EXPECT_EQ(a.user_auth_behavior, b.user_auth_behavior) << "order of groups counts";
  EXPECT_EQ(a.new_user_behavior, b.new_user_behavior) << "order of groups counts";
  return a;
}

TEST(MergeGroups, TheStricterValueCounts) {
  EXPECT_EQ(of_groups({{"user_auth_behavior", "bypass"}}, {{"user_auth_behavior", "enforce"}}).user_auth_behavior,
            UserAuthBehavior::enforce);
  EXPECT_EQ(of_groups({{"user_auth_behavior", "deny"}}, {{"user_auth_behavior", "bypass"}}).user_auth_behavior,
            UserAuthBehavior::deny);
  EXPECT_EQ(of_groups({{"new_user_behavior", "no-mfa"}}, {{"new_user_behavior", "enroll"}}).new_user_behavior,
            NewUserBehavior::enroll);
  EXPECT_EQ(of_groups({{"plain_push", "allow"}}, {{"plain_push", "deny"}}).plain_push, PlainPush::deny);
  EXPECT_EQ(of_groups({{"push_unknown_device", "allow"}}, {{"push_unknown_device", "deny"}}).push_unknown_device,
            PushUnknownDevice::deny);
  EXPECT_EQ(of_groups({{"user_verification", "preferred"}}, {{"user_verification", "required"}}).user_verification,
            UserVerification::required);
  EXPECT_EQ(of_groups({{"verified_push_digits", "3"}}, {{"verified_push_digits", "6"}}).verified_push_digits, 6);
  EXPECT_EQ(of_groups({{"remembered_devices_days", "30"}}, {{"remembered_devices_days", "0"}}).remembered_devices_days,
            0);
  EXPECT_EQ(of_groups({{"lockout_threshold", "5"}}, {{"lockout_threshold", "20"}}).lockout_threshold, 5);
  EXPECT_EQ(of_groups({{"lockout_expire_minutes", "0"}}, {{"lockout_expire_minutes", "60"}}).lockout_expire_minutes, 0);
  EXPECT_EQ(of_groups({{"lockout_expire_minutes", "5"}}, {{"lockout_expire_minutes", "9"}}).lockout_expire_minutes, 9);
}

TEST(MergeGroups, TakeOnlyMakesThatAllTake) {
  constexpr std::string_view kOne = "08987058-cadc-4b81-b6e1-30de50dcbe96";
  constexpr std::string_view kBoth = "08987058-cadc-4b81-b6e1-30de50dcbe96,ee882879-721c-4913-9775-3dfcce97072a";
  constexpr std::string_view kThird = "00000000-0000-0000-0000-000000000001";
  const auto taken = [](std::string_view a, std::string_view b) {
    return of_groups({{"attestation_aaguids", a}}, {{"attestation_aaguids", b}}).attestation_aaguids;
  };
  EXPECT_EQ(taken(kOne, kBoth), std::vector<std::string>{std::string(kOne)});
  EXPECT_EQ(taken(kOne, ""), std::vector<std::string>{std::string(kOne)});
  EXPECT_EQ(taken(kBoth, kThird), std::vector<std::string>{"ffffffff-ffff-ffff-ffff-ffffffffffff"})
      << "nothing in common is not any";
}

TEST(MergeGroups, AllowOnlyWhatAllAllow) {
  const Effective out =
      of_groups({{"allowed_auth_list", "duo-push,sms"}}, {{"allowed_auth_list", "duo-push,hardware-token"}});
  EXPECT_TRUE(out.allows("duo-push"));
  EXPECT_FALSE(out.allows("sms") || out.allows("hardware-token"));
}

TEST(MergeGroups, ThatAllowNothingInCommonAllowNothing) {
  const Effective out = of_groups({{"allowed_auth_list", "duo-push"}}, {{"allowed_auth_list", "sms"}});
  for (const std::string_view method : kMethods) EXPECT_FALSE(out.allows(method)) << method;
}

TEST(MergeGroups, BlockWhatAnyBlocks) {
  const Effective out = of_groups({{"blocked_auth_list", "sms"}}, {{"blocked_auth_list", "phonecall"}});
  EXPECT_FALSE(out.allows("sms") || out.allows("phonecall"));
  EXPECT_TRUE(out.allows("duo-push"));
}

TEST(MergeGroups, TrustOnlyNetworksThatAllTrust) {
  const Effective out = of_groups({{"no_2fa_required", "10.0.0.0/8,192.0.2.0/24"}},
                                  {{"no_2fa_required", "10.1.0.0/16,198.51.100.0/24"}});
  EXPECT_EQ(out.no_2fa_required, std::vector{*Network::parse("10.1.0.0/16")});
}

TEST(MergeGroups, ThatTrustNothingInCommonDoNotInheritTheTenantsTrust) {
  const Effective out = merge({}, {with({{"no_2fa_required", "10.0.0.0/8"}}), with({{"no_2fa_required", "192.0.2.1"}})},
                              with({{"no_2fa_required", "0.0.0.0/0"}}));
  EXPECT_TRUE(out.no_2fa_required.empty());
}

TEST(MergeGroups, BlockNetworksThatAnyBlocks) {
  const Effective out = of_groups({{"blocked_networks", "10.0.0.0/8"}}, {{"blocked_networks", "192.0.2.1"}});
  EXPECT_EQ(out.blocked_networks.size(), 2u);
}

TEST(Allows, OnlyMethodsThatAreKnown) { EXPECT_FALSE(Effective().allows("") || Effective().allows("duo-Push")); }

}  // namespace
}  // namespace countersign::policy
