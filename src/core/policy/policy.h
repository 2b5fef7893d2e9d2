// The policy language: values named after Duo's policy sections (duo-api §5.2), each set or not set at tenant, group
// and application; the nearest that is set counts (application before group before tenant before the default).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::policy {

enum class UserAuthBehavior { enforce, bypass, deny };
enum class NewUserBehavior { enroll, no_mfa, deny };
enum class PlainPush { deny, allow };  // a push whose number nothing can show
// Whether a passkey's authenticator must have recognised its user (WebAuthn §5.8.6).
enum class UserVerification { required, preferred };
// A notification to the phone for a sign-in that comes from where its user never signed in (security §4.2.2): the way
// prompts are bombed. For the time of a migration only.
enum class PushUnknownDevice { deny, allow };

// The methods that the lists below name.
inline constexpr std::array<std::string_view, 8> kMethods = {
    "duo-push", "duo-passcode", "hardware-token", "bypass", "phonecall", "sms", "webauthn-platform", "webauthn-roaming",
};

inline constexpr std::size_t kNetworksMax = 1000;  // in one list
inline constexpr std::size_t kAaguidsMax = 1000;   // in one list
inline constexpr int kPushDigitsMin = 3;
inline constexpr int kPushDigitsMax = 6;

// A block of IPv4 or IPv6 addresses. IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) are their IPv4 addresses.
struct Network {
  std::string base;  // 4 or 16 bytes, zero beyond the prefix
  int prefix = 0;
  static Result<Network> parse(std::string_view text);  // "192.0.2.0/24", "2001:db8::/32", or one address
  bool contains(std::string_view address) const;        // false for what is no address
  bool contains(const Network& other) const;            // all of it
  std::string text() const;                             // as parse reads it, always with the prefix
  bool operator==(const Network&) const = default;
};

struct Policy {
  std::optional<UserAuthBehavior> user_auth_behavior;
  std::optional<NewUserBehavior> new_user_behavior;
  std::optional<std::vector<std::string>> allowed_auth_list;   // of kMethods
  std::optional<std::vector<std::string>> blocked_auth_list;
  std::optional<int> verified_push_digits;
  std::optional<PlainPush> plain_push;
  std::optional<UserVerification> user_verification;
  std::optional<std::vector<std::string>> attestation_aaguids;  // makes of authenticator that may be bound
  std::optional<PushUnknownDevice> push_unknown_device;
  std::optional<std::vector<Network>> no_2fa_required;         // authorized_networks
  std::optional<std::vector<Network>> blocked_networks;
  std::optional<int> remembered_devices_days;                  // 0: off
  std::optional<int> lockout_threshold;                        // consecutive failures
  std::optional<int> lockout_expire_minutes;                   // 0: an administrator unlocks; else 5 to 30000

  bool operator==(const Policy&) const = default;
};

// What holds for one sign-in once everything is merged; no field is unset.
struct Effective {
  UserAuthBehavior user_auth_behavior = UserAuthBehavior::enforce;
  NewUserBehavior new_user_behavior = NewUserBehavior::enroll;
  std::vector<std::string> allowed_auth_list;  // empty: every method
  std::vector<std::string> blocked_auth_list;
  int verified_push_digits = kPushDigitsMin;
  PlainPush plain_push = PlainPush::deny;
  UserVerification user_verification = UserVerification::required;
  std::vector<std::string> attestation_aaguids;  // empty: any make, also one that does not say what it is
  PushUnknownDevice push_unknown_device = PushUnknownDevice::deny;
  std::vector<Network> no_2fa_required;
  std::vector<Network> blocked_networks;
  int remembered_devices_days = 0;
  int lockout_threshold = 10;
  int lockout_expire_minutes = 0;

  // `method` one of kMethods; false for any other word.
  bool allows(std::string_view method) const;
};

// Sets KEY=VALUE as the command line gives it; an empty VALUE unsets. malformed: unknown key (the text lists the known
// ones) or a value out of range (the text says the range).
Result<void> set(Policy& policy, std::string_view key, std::string_view value);

// What is set, in a fixed order, with values as `set` takes them.
std::vector<std::pair<std::string, std::string>> entries(const Policy& policy);

// The stored form: one JSON object; reads back what it writes. malformed: not written by encode.
std::string encode(const Policy& policy);
Result<Policy> decode(std::string_view text);

// Groups among each other: the stricter value counts (lists of what is allowed: what all allow; of what is blocked:
// what any blocks); then application before groups before tenant. A scope without a policy is an empty one.
Effective merge(const Policy& app, const std::vector<Policy>& groups, const Policy& tenant);

}  // namespace countersign::policy
