#include "core/policy/decide.h"

#include <algorithm>

#include "core/factor/factor.h"

namespace countersign::policy {
namespace {

bool stands_in(std::string_view address, const std::vector<Network>& networks) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& n) { return n.contains(address); });
}

// Enrolments that policy allows, of this strength at least.
std::vector<EnrolmentId> usable(const Effective& policy, const std::vector<Enrolment>& enrolments,
                                factor::Strength least) {
  std::vector<EnrolmentId> out;
  for (const Enrolment& enrolment : enrolments) {
    const factor::Kind* kind = factor::kind(enrolment.kind);
    if (kind && kind->strength >= least && policy.allows(method(enrolment))) out.push_back(enrolment.id);
  }
  return out;
}

Decision for_protected(const Effective& policy, const Context& context) {
  std::vector<EnrolmentId> factors;
  if (context.enrolments) factors = usable(policy, *context.enrolments, factor::Strength::phishing_resistant);
  if (factors.empty()) return Deny{"account_protected"};
  if (policy.user_auth_behavior == UserAuthBehavior::deny) return Deny{"denied_by_policy"};
  return Require{std::move(factors)};
}

Decision for_unenrolled(NewUserBehavior behavior) {
  switch (behavior) {
    case NewUserBehavior::enroll: return Enroll{};
    case NewUserBehavior::no_mfa: return Allow{"allow_unenrolled_user"};
    case NewUserBehavior::deny: return Deny{"deny_unenrolled_user"};
  }
  std::abort();
}

}  // namespace

std::string_view method(const Enrolment& enrolment) {
  const factor::Kind* kind = factor::kind(enrolment.kind);
  if (!kind) return {};
  // What a phone's authenticator computes is Duo's mobile passcode; a token of its own is a hardware token.
  if (kind->policy == "hardware-token" && !enrolment.phone.empty()) return "duo-passcode";
  return kind->policy;
}

bool locked(const Failures& failures, const Effective& policy, Instant now) {
  if (!failures.locked_at) return false;
  if (policy.lockout_expire_minutes == 0) return true;
  return now < *failures.locked_at + std::chrono::minutes(policy.lockout_expire_minutes);
}

Decision decide(const Effective& policy, const Context& context, Instant now) {
  const User* user = context.user;
  const bool enrolled = user && context.enrolments && !context.enrolments->empty();
  if (stands_in(context.address, policy.blocked_networks)) return Deny{"denied_network"};
  if (user) {
    if (user->status == UserStatus::disabled) return Deny{"user_disabled"};
    if (locked(user->failures, policy, now)) return Deny{"locked_out"};
    if (user->protected_at) return for_protected(policy, context);
    if (user->status == UserStatus::bypass) return Allow{"bypass_user"};
  }
  switch (policy.user_auth_behavior) {
    case UserAuthBehavior::enforce: break;
    case UserAuthBehavior::bypass: return Allow{"allowed_by_policy"};
    case UserAuthBehavior::deny: return Deny{"denied_by_policy"};
  }
  // To refuse the unenrolled is said aloud, to trust a network is general: the refusal holds there too.
  const bool refused_unenrolled = !enrolled && policy.new_user_behavior == NewUserBehavior::deny;
  if (stands_in(context.address, policy.no_2fa_required) && !refused_unenrolled) {
    return Allow{enrolled ? "trusted_network" : "allow_unenrolled_user_on_trusted_network"};
  }
  if (!enrolled) return for_unenrolled(policy.new_user_behavior);
  if (context.remembered && policy.remembered_devices_days > 0) return Allow{"remembered_device"};
  std::vector<EnrolmentId> factors = usable(policy, *context.enrolments, factor::Strength::knowledge);
  // To let somebody enrol who has factors, only none that is allowed here, would hand the account to whoever knows
  // the password.
  if (factors.empty()) return Deny{"factor_restricted"};
  return Require{std::move(factors)};
}

}  // namespace countersign::policy
