// What an administrator does about attacks: reads and closes incidents, lifts an account's protection (security
// §4.2.4). See administer.h for how these use cases run.
#pragma once

#include <functional>
#include <string>

#include "core/identity/user.h"
#include "flow/administer.h"
#include "flow/protect.h"

namespace countersign::flow {

inline constexpr std::chrono::hours kPasskeyShownWithin{24};  // before a protection is lifted

// Calls `on_incident` with each, newest first, without its evidence; false ends it.
Result<void> each_incident(const Ports& ports, const TenantId& tenant,
                           const std::function<bool(const store::StoredIncident&)>& on_incident);

// not_found: none of this id in the tenant.
Result<store::StoredIncident> find_incident(const Ports& ports, const TenantId& tenant, std::string_view id);
// With its evidence; that it was read is in the activity log before it is given.
Result<Incident> read_incident(const Administration& by, const store::StoredIncident& incident);
// conflict: it was closed already.
Result<store::StoredIncident> close_incident(const Administration& by, store::StoredIncident incident);

// Since when an account is protected, and when its owner last showed a passkey.
Result<store::Protection> protection_of(const Ports& ports, const User& user);

// Lifts a protection. The owner has shown a passkey since it began, within the last day; or `without_passkey` says why
// he cannot, and stands in the activity log.
// conflict: the account is not protected.   refused: no passkey was shown.   malformed: a reason that is no name.
Result<void> unprotect_user(const Administration& by, const User& user, const std::string& without_passkey);

}  // namespace countersign::flow
