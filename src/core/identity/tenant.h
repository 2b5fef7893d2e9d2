// A tenant: one customer account. Everything else belongs to exactly one.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/time.h"

namespace countersign {

// How many consecutive failures lock a user, and for how long (duo-api §5.4: lockout_threshold,
// lockout_expire_duration).
struct LockoutRule {
  int threshold = 10;
  seconds unlock_after{0};  // 0: an administrator unlocks
};

struct Tenant {
  TenantId id;
  TenantId parent;  // empty: none
  std::string name;
  LockoutRule lockout;
  Bytes logo_png;   // empty: none
  Instant created{};
  std::int64_t version = 0;
};

}  // namespace countersign
