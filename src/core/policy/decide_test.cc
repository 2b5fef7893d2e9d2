#include "core/policy/decide.h"

#include <gtest/gtest.h>

namespace countersign::policy {
namespace {

const Instant kNow = from_unix_s(1'700'000'000);
constexpr std::string_view kOffice = "192.0.2.7", kBad = "198.51.100.7", kElsewhere = "203.0.113.7";

// A sign-in in words: what holds, and what decide() says to it as "allow REASON", "deny REASON", "enroll" or
// "require ID…".
struct Scene {
  Effective policy;
  std::optional<User> user = User();
  std::vector<Enrolment> enrolments;
  std::string_view address = kElsewhere;
  bool remembered = false;

  Scene() {
    policy.no_2fa_required = {*Network::parse("192.0.2.0/24")};
    policy.blocked_networks = {*Network::parse("198.51.100.0/24")};
    policy.remembered_devices_days = 30;
    enrol("totp", "");
  }
  void enrol(std::string kind, std::string_view phone) {
    Enrolment e;
    e.id = EnrolmentId::trusted("E" + std::to_string(enrolments.size()));
    e.kind = std::move(kind);
    if (!phone.empty()) e.phone = PhoneId::trusted(phone);
    enrolments.push_back(e);
  }
  std::string said() const {
    struct Words {
      std::string operator()(const Allow& allow) const { return "allow " + std::string(allow.reason); }
      std::string operator()(const Deny& deny) const { return "deny " + std::string(deny.reason); }
      std::string operator()(const Enroll&) const { return "enroll"; }
      std::string operator()(const Require& require) const {
        std::string text = "require";
        for (const EnrolmentId& id : require.usable) text += " " + id.text();
        return text;
      }
    };
    return std::visit(Words(), decide(policy, {user ? &*user : nullptr, &enrolments, address, remembered}, kNow));
  }
};

// Everything that can bring about a decision, as a change to the plain scene, in the order in which it counts.
struct Cause {
  const char* name;
  void (*arrange)(Scene&);
  const char* said;
};
constexpr Cause kCauses[] = {
    {"blocked network", [](Scene& s) { s.address = kBad; }, "deny denied_network"},
    {"disabled", [](Scene& s) { s.user->status = UserStatus::disabled; }, "deny user_disabled"},
    {"locked", [](Scene& s) { s.user->failures.locked_at = kNow; }, "deny locked_out"},
    {"protected", [](Scene& s) { s.user->protected_at = kNow; }, "deny account_protected"},
    {"bypass status", [](Scene& s) { s.user->status = UserStatus::bypass; }, "allow bypass_user"},
    {"policy deny", [](Scene& s) { s.policy.user_auth_behavior = UserAuthBehavior::deny; }, "deny denied_by_policy"},
    {"policy bypass", [](Scene& s) { s.policy.user_auth_behavior = UserAuthBehavior::bypass; },
     "allow allowed_by_policy"},
    {"trusted network", [](Scene& s) { s.address = kOffice; }, "allow trusted_network"},
    {"remembered", [](Scene& s) { s.remembered = true; }, "allow remembered_device"},
    {"no factor is allowed", [](Scene& s) { s.policy.blocked_auth_list = {"hardware-token"}; },
     "deny factor_restricted"},
    {"nothing special", [](Scene&) {}, "require E0"},
};

// Two causes cannot hold at once when they are two values of one thing.
bool exclude_each_other(const Cause& a, const Cause& b) {
  const auto both = [&](std::string_view x, std::string_view y) { return a.name == x && b.name == y; };
  return both("blocked network", "trusted network") || both("disabled", "bypass status") ||
         both("policy deny", "policy bypass");
}

TEST(Decide, OfAnyTwoCausesTheEarlierCounts) {
  int pairs = 0;
  for (const Cause* first = std::begin(kCauses); first != std::end(kCauses); ++first) {
    for (const Cause* later = first; later != std::end(kCauses); ++later) {
      if (exclude_each_other(*first, *later)) continue;
      Scene scene;
      later->arrange(scene);
      first->arrange(scene);
      EXPECT_EQ(scene.said(), first->said) << first->name << " with " << later->name;
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 11 * 12 / 2 - 3);
}

// A protected account: its passkeys are E1 and E2.
struct ProtectedScene : Scene {
  ProtectedScene() {
    enrol("webauthn-platform", "");
    enrol("webauthn-roaming", "");
    enrol("push", "DP1");
    enrol("bypass", "");
    user->protected_at = kNow;
  }
};

TEST(Decide, AProtectedAccountUsesPhishingResistantFactorsOnly) {
  ProtectedScene scene;
  EXPECT_EQ(scene.said(), "require E1 E2");
  scene.policy.blocked_auth_list = {"webauthn-platform"};
  EXPECT_EQ(scene.said(), "require E2");
  scene.policy.blocked_auth_list = {"webauthn-platform", "webauthn-roaming"};
  EXPECT_EQ(scene.said(), "deny account_protected");
}

TEST(Decide, ForAProtectedAccountNothingStandsInForAFactor) {
  constexpr void (*kInstead[])(Scene&) = {
      [](Scene& s) { s.remembered = true; },
      [](Scene& s) { s.address = kOffice; },
      [](Scene& s) { s.user->status = UserStatus::bypass; },
      [](Scene& s) { s.policy.user_auth_behavior = UserAuthBehavior::bypass; },
      [](Scene& s) { s.policy.new_user_behavior = NewUserBehavior::no_mfa; },
  };
  for (const auto& instead : kInstead) {
    ProtectedScene with_passkeys;
    instead(with_passkeys);
    EXPECT_EQ(with_passkeys.said(), "require E1 E2");
    ProtectedScene bare;
    bare.enrolments.clear();
    instead(bare);
    EXPECT_EQ(bare.said(), "deny account_protected");
  }
}

TEST(Decide, ForAProtectedAccountWhatRefusesStillRefuses) {
  ProtectedScene scene;
  scene.policy.user_auth_behavior = UserAuthBehavior::deny;
  EXPECT_EQ(scene.said(), "deny denied_by_policy");
  scene.user->status = UserStatus::disabled;
  EXPECT_EQ(scene.said(), "deny user_disabled");
  scene.address = kBad;
  EXPECT_EQ(scene.said(), "deny denied_network");
}

TEST(Decide, AProtectedAccountWithoutFactorsIsNotAskedToEnrol) {
  Scene scene;
  scene.user->protected_at = kNow;
  scene.enrolments.clear();
  EXPECT_EQ(scene.said(), "deny account_protected");
}

TEST(Decide, UnenrolledUsersFallUnderNewUserBehavior) {
  struct Case {
    NewUserBehavior behavior;
    std::string_view address;
    const char* said;
  };
  const Case cases[] = {
      {NewUserBehavior::enroll, kElsewhere, "enroll"},
      {NewUserBehavior::no_mfa, kElsewhere, "allow allow_unenrolled_user"},
      {NewUserBehavior::deny, kElsewhere, "deny deny_unenrolled_user"},
      {NewUserBehavior::enroll, kOffice, "allow allow_unenrolled_user_on_trusted_network"},
      {NewUserBehavior::no_mfa, kOffice, "allow allow_unenrolled_user_on_trusted_network"},
      {NewUserBehavior::deny, kOffice, "deny deny_unenrolled_user"},
      {NewUserBehavior::no_mfa, kBad, "deny denied_network"},
  };
  for (const Case& c : cases) {
    Scene unenrolled;
    unenrolled.policy.new_user_behavior = c.behavior;
    unenrolled.address = c.address;
    unenrolled.enrolments.clear();
    EXPECT_EQ(unenrolled.said(), c.said);
    Scene unknown = unenrolled;
    unknown.user.reset();
    EXPECT_EQ(unknown.said(), c.said);
  }
}

TEST(Decide, UnknownUsersFallUnderUserAuthBehaviorFirst) {
  Scene scene;
  scene.user.reset();
  scene.enrolments.clear();
  scene.policy.user_auth_behavior = UserAuthBehavior::deny;
  EXPECT_EQ(scene.said(), "deny denied_by_policy");
  scene.policy.user_auth_behavior = UserAuthBehavior::bypass;
  EXPECT_EQ(scene.said(), "allow allowed_by_policy");
}

TEST(Decide, ARememberedDeviceCountsForEnrolledUsersOnly) {
  Scene scene;
  scene.remembered = true;
  scene.enrolments.clear();
  EXPECT_EQ(scene.said(), "enroll");
}

TEST(Decide, ARememberedDeviceCountsOnlyWherePolicyRemembers) {
  Scene scene;
  scene.remembered = true;
  scene.policy.remembered_devices_days = 0;
  EXPECT_EQ(scene.said(), "require E0");
}

TEST(Decide, NobodyWithEnrolmentsIsAskedToEnrolOrLetIn) {
  for (const auto behavior : {NewUserBehavior::enroll, NewUserBehavior::no_mfa, NewUserBehavior::deny}) {
    Scene scene;
    scene.policy.new_user_behavior = behavior;
    scene.policy.allowed_auth_list = {"duo-push"};
    EXPECT_EQ(scene.said(), "deny factor_restricted");
  }
}

TEST(Decide, RequiresOnlyWhatPolicyAllows) {
  Scene scene;
  scene.enrol("push", "P1");
  scene.enrol("bypass", "");
  scene.enrol("hotp", "P1");
  scene.enrol("of another version", "");
  EXPECT_EQ(scene.said(), "require E0 E1 E2 E3");
  scene.policy.allowed_auth_list = {"duo-push", "bypass", "duo-passcode"};
  EXPECT_EQ(scene.said(), "require E1 E2 E3");
  scene.policy.blocked_auth_list = {"duo-push"};
  EXPECT_EQ(scene.said(), "require E2 E3");
}

TEST(Decide, ANoAddressIsInNoNetwork) {
  Scene scene;
  scene.policy.no_2fa_required = {*Network::parse("0.0.0.0/0"), *Network::parse("::/0")};
  for (const std::string_view address : {"", "localhost", "192.0.2.1, 192.0.2.2"}) {
    scene.address = address;
    EXPECT_EQ(scene.said(), "require E0") << address;
  }
}

TEST(Method, OfACodeDependsOnWhereItIsComputed) {
  Enrolment e;
  e.kind = "totp";
  EXPECT_EQ(method(e), "hardware-token");
  e.phone = PhoneId::trusted("P1");
  EXPECT_EQ(method(e), "duo-passcode");
  e.kind = "push";
  EXPECT_EQ(method(e), "duo-push");
  e.kind = "nothing";
  EXPECT_EQ(method(e), "");
}

TEST(Locked, UntilTheTimeIsOver) {
  Effective policy;
  policy.lockout_expire_minutes = 5;
  const Failures failures{10, kNow};
  EXPECT_TRUE(locked(failures, policy, kNow + std::chrono::minutes(5) - milliseconds(1)));
  EXPECT_FALSE(locked(failures, policy, kNow + std::chrono::minutes(5)));
}

TEST(Locked, ForEverWithoutATime) {
  EXPECT_TRUE(locked({10, kNow}, Effective(), kNow + std::chrono::years(10)));
  EXPECT_FALSE(locked({10, std::nullopt}, Effective(), kNow));
}

}  // namespace
}  // namespace countersign::policy
