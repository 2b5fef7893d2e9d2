// Canaries: one row in 2,000 of each epoch is about nobody (core/history/canary.h). No reader shows or counts them; a
// reader that comes across those of too many tenants within an hour reads in bulk and is ended (docs/operating/
// guards.md has the rule and its reason).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/canary.h"
#include "core/history/epoch.h"
#include "core/ledger/event.h"
#include "flow/ports.h"
#include "store/history.h"

namespace countersign::flow {

// The marks of one epoch's canaries; one question to the keys.
Result<history::CanaryMarks> canary_marks(const Ports& ports, const TenantId& tenant, const history::EpochId& epoch);
// Whether a row of that epoch is one; nothing is opened.
bool is_canary(const history::CanaryMarks& marks, const store::HistoryRow& row);

// The text of a canary beside a row with that text: the same moment and application, and nobody's name, number or
// address. nullopt: there is no sign-in in the text.
std::optional<std::string> canary_beside(Random& random, std::string_view text, const EventId& id);

// Inside the transaction that records a reading, before its rows leave: these canaries were on their way. Why nothing
// may leave; empty: it may. In the first case the reader's credential is dead with the commit, the ledger says so, and
// whoever is on call hears of it. Nobody is ended through open glass (flow/break_glass.h).
Result<std::string> touch_canaries(const Ports& ports, store::Txn& txn, const ledger::Event& reading,
                                   const std::vector<ledger::RowSet>& canaries);

// What a reader came across so far counts for no alarm any more.
Result<void> forget_canaries(store::Txn& txn, const ledger::Actor& reader);

}  // namespace countersign::flow
