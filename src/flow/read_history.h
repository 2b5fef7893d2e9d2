// The one way back out of history.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flow/ports.h"
#include "store/history.h"

namespace countersign::flow {

struct HistoryRange {
  std::optional<Instant> from;   // inclusive
  std::optional<Instant> to;     // exclusive
};

// Calls `on_event` with each event of the stream as one JSON object and its time, oldest first, up to the newest
// acknowledged one.
// `on_event` returns false to stop. Pages by position, so no read transaction lasts long.
Result<void> read_history(const Ports& ports, const TenantId& tenant, store::Stream stream, const HistoryRange& range,
                          const std::function<bool(Instant at, const std::string& json)>& on_event);

}  // namespace countersign::flow
