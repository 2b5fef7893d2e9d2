// Retention: a month of a tenant's history ends with its key (security.md §1.6); the rows are deleted after it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flow/administer.h"

namespace countersign::flow {

inline constexpr int kRetentionDaysMin = 1, kRetentionDaysMax = 3'650;

// What a shredding is proved by: a signed note (C2SP signed-note) that says tenant, month and time.
struct ShredReceipt {
  std::string month;  // "2026-03"
  std::string note;
  std::int64_t rows = 0;  // deleted
};
// Destroys the key of a month for good, then its rows. In the ledger before the key goes; after a crash it can be
// called again. `progress` hears how many rows went.
// malformed: not a month, or not over.   not_found: neither a key nor a row of that month: it was destroyed already, or
// never was.
Result<ShredReceipt> shred_month(const Administration& by, const TenantId& tenant, const std::string& month,
                                 const std::function<void(std::int64_t rows)>& progress = nullptr);

// The tenant's own number of days; nullopt: the server's.   malformed: out of range.
Result<void> set_retention(const Administration& by, const Tenant& tenant, std::optional<int> days);

// What is kept of a tenant's history.
struct Retention {
  std::optional<int> days;          // the tenant's own; nullopt: the server's
  int days_that_hold = 0;
  std::vector<std::string> months;  // that have a key, oldest first
};
Result<Retention> retention_of(const Ports& ports, const TenantId& tenant);

// Shreds every month of every tenant whose last day is older than its retention; once the clock's time has been known
// for a day, so that one that jumped does not destroy everything.
struct Due {
  int shredded = 0;
  int held = 0;  // months that are due by a clock that is not known yet
};
Result<Due> shred_what_is_due(const Ports& ports);

}  // namespace countersign::flow
