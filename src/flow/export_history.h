// History that leaves still sealed, and the day keys that its tenant's client needs (docs/protocols/history-export.md).
// No event, no byte: what leaves stands in the tenant's ledger before it does; so does every request that was refused.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/history/export_intent.h"
#include "flow/read_history.h"
#include "store/epochs.h"

namespace countersign::flow {

inline constexpr std::int64_t kExportDaysMax = 400;

using history::DayKeys;

struct ExportQuery {
  TenantId tenant;
  store::DayRange days;  // counted from 1970-01-01, both included
  DayKeys keys = DayKeys::none;
  std::string intent{};  // hex SHA-256 of what was signed for it
};

// malformed: no such days, or over 400.
Result<void> check_export_days(const store::DayRange& days);

// The part of an export (flow/exports.h) that gives out; nothing else may call it.
// Calls `on_line` with each line of the export, without its line feed; it returns false to stop. Headers leave as they
// lie, also altered ones: whoever opens them sees it. Waits for commits.
// malformed: no such days, or over 400.   not_found: no such tenant, or a month's key was destroyed.
// exhausted: the reader's budget is spent; what has left is without an end.
Result<void> export_history(const Ports& ports, const Reader& reader, const ExportQuery& query,
                            const std::function<bool(std::string_view line)>& on_line);

}  // namespace countersign::flow
