// The last sign-ins of one user, out of sealed history. Whose a row is stands inside the seal, so the rows of the
// tenant are opened newest first, and only so many of them.
#pragma once

#include <vector>

#include "core/record/auth_event.h"
#include "flow/ports.h"

namespace countersign::flow {

inline constexpr std::size_t kSignInsShown = 20;
inline constexpr int kRowsOpened = 4000;  // some tens of milliseconds
inline constexpr std::chrono::days kSignInsLookBack{30};

// Newest first.
Result<std::vector<record::AuthEvent>> recent_sign_ins(const Ports& ports, const TenantId& tenant, const UserId& user);

}  // namespace countersign::flow
