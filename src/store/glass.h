// Break glass: what checks its shares, and each time it was open (flow/break_glass.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/time.h"
#include "store/store.h"

namespace countersign::store {

// What a key that was split is checked against; the key itself is on paper alone.
struct GlassSeal {
  Bytes verifier;
  Instant made{};
  Instant from{};  // until then the one before counts
};
Result<void> insert_glass_seal(Txn& txn, const GlassSeal& seal);
Result<std::vector<GlassSeal>> glass_seals(Txn& txn);  // the one that counts last first

struct GlassOpening {
  std::int64_t number = 0;  // 1, 2, …
  std::string credential;   // whose budgets are lifted
  std::string reason, case_reference;
  Instant opened{}, closes{};
  Instant seen{};  // the latest time that anybody has noted while it was open
  std::optional<Instant> closed = std::nullopt, reported = std::nullopt;
};
// conflict: that number is taken.
Result<void> insert_glass_opening(Txn& txn, const GlassOpening& opening);
Result<std::optional<GlassOpening>> glass_opening(Txn& txn, std::int64_t number);
Result<std::optional<GlassOpening>> last_glass_opening(Txn& txn);
Result<std::vector<GlassOpening>> unreported_glass(Txn& txn);  // the one that is open among them, oldest first
// Only forwards.
Result<void> see_glass(Txn& txn, std::int64_t number, Instant now);
// Each the first time only; false afterwards.
Result<bool> close_glass(Txn& txn, std::int64_t number, Instant now);
Result<bool> report_glass(Txn& txn, std::int64_t number, Instant now);

// A tenant that was read while it was open.
struct GlassTenant {
  TenantId tenant;
  Instant first{};
  std::optional<Instant> told = std::nullopt, reported = std::nullopt;
};
// Each the first time only; false afterwards.
Result<bool> note_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant);
Result<bool> tell_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant);    // with its `told`
Result<bool> report_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant);  // with its `reported`
Result<std::vector<GlassTenant>> glass_tenants(Txn& txn, std::int64_t number);  // in the order of their ids

}  // namespace countersign::store
