// The last sign-ins of one user, out of sealed history: found by the blind index, so that hardly anybody else's rows
// are opened, and in the ledger like every reading.
#pragma once

#include <chrono>
#include <vector>

#include "core/record/auth_event.h"
#include "flow/read_history.h"

namespace countersign::flow {

inline constexpr std::size_t kSignInsShown = 20;
inline constexpr std::chrono::days kSignInsLookBack{30};

// Newest first. None where the tenant keeps its own keys, and where the reader's budget is spent.
void recent_sign_ins(const Ports& ports, const Reader& reader, const TenantId& tenant, const UserId& user,
                     Done<std::vector<record::AuthEvent>> done);

}  // namespace countersign::flow
