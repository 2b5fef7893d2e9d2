// The one way back out of history. No event, no byte: what is read stands in the tenant's ledger, row by row, before it
// leaves; so does every read that was refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/ledger/event.h"
#include "core/record/auth_event.h"
#include "flow/ports.h"
#include "store/history.h"

namespace countersign::flow {

// Who reads, with what, and why.
struct Reader {
  ledger::Actor actor;
  std::string purpose;
  std::string case_reference{};
};

struct HistoryQuery {
  TenantId tenant;
  store::Stream stream = store::Stream::authentication;
  std::optional<Instant> from{};  // inclusive
  std::optional<Instant> to{};    // exclusive
};

// A row that was opened.
using OpenedEvent = std::variant<record::AuthEvent, record::ActivityEvent>;
Instant time_of(const OpenedEvent& event);
std::string log_json_of(const OpenedEvent& event);

// Calls `on_event` with each event, oldest first, up to the newest acknowledged one; it returns false to stop. Pages by
// position, so no transaction lasts long; a page is in the ledger before its first event is given out. Waits for
// commits.
// refused: the tenant keeps its own keys; a row was moved or altered; the reader was ended (flow/canaries.h).
// exhausted: the reader's budget is spent.   not_found: the key of that month was destroyed, or is in another keyring.
Result<void> read_history(const Ports& ports, const Reader& reader, const HistoryQuery& query,
                          const std::function<bool(const OpenedEvent& event)>& on_event);

}  // namespace countersign::flow
