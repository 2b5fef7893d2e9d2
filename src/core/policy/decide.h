// The decision before any factor: who may go on, who may not, and with what.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/identity/enrolment.h"
#include "core/identity/tenant.h"
#include "core/identity/user.h"
#include "core/policy/policy.h"

namespace countersign::policy {

// Reasons are the words of Duo's log (duo-api §5.3): "bypass_user", "locked_out", …
struct Allow { std::string_view reason; };
struct Deny { std::string_view reason; };
struct Enroll {};                                   // unknown or without any enrolment, and policy wants enrolment
struct Require { std::vector<EnrolmentId> usable; };  // a second factor, one of these
using Decision = std::variant<Allow, Deny, Enroll, Require>;

struct Context {
  const User* user = nullptr;                 // nullptr: unknown name
  const std::vector<Enrolment>* enrolments = nullptr;
  std::string_view address;                   // the access device's, as the client gave it; empty: unknown
  bool remembered = false;                    // a valid remembered-device token was shown
};

// Order: blocked network, disabled, locked out, protected, bypass, policy deny or bypass, trusted network, enrolment,
// remembered device, factors. Unknown and unenrolled users fall under new_user_behavior; its `deny` holds on trusted
// networks too. Whoever has enrolments of which policy allows none is denied ("factor_restricted"), never asked to
// enrol. A protected account (security §4.2.4) needs a phishing-resistant factor that policy allows: bypass, trusted
// networks and remembered devices do not count for it, and without such a factor it is denied ("account_protected").
Decision decide(const Effective& policy, const Context& context, Instant now);

// The name in policy lists of what this enrolment proves: its kind's, but codes of a phone are "duo-passcode".
// Empty for a kind that is not known.
std::string_view method(const Enrolment& enrolment);

// Whether the lock still holds at `now` (lockout_expire_minutes).
bool locked(const Failures& failures, const Effective& policy, Instant now);

}  // namespace countersign::policy
