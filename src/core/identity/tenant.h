// A tenant: one customer account. Everything else belongs to exactly one.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/time.h"

namespace countersign {

struct Tenant {
  TenantId id;
  TenantId parent;  // empty: none
  std::string name;
  Bytes logo_png;   // empty: none
  Instant created{};
  std::int64_t version = 0;
};

}  // namespace countersign
