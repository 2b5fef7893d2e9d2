// Writing to the ledger. An event is durable before the bytes it is about leave, or the change it is about is seen.
#pragma once

#include <string>
#include <vector>

#include "core/ledger/event.h"
#include "flow/ports.h"
#include "store/history.h"
#include "store/ledger.h"

namespace countersign::flow {

// An event of now and this node.
ledger::Event begin_event(const Ports& ports, ledger::EventType type, const TenantId& tenant, ledger::Actor actor);

// Appends entries to one tree, whatever they are; gives each its number and leaf. The new head.
// conflict: the tree has grown at the same time.
Result<ledger::Head> append_to_tree(store::Txn& txn, std::string_view tree, std::vector<store::LedgerEntry>& entries);

// Appends to the trees of the events' tenants, inside the transaction of what they are about.
// conflict: a tree has grown at the same time.   exhausted: an event is too long.   unavailable: what room the disk has
// belongs to sign-ins.
Result<void> record(store::Txn& txn, const std::vector<ledger::Event>& events);

// The row that a change left in history, as an event names it.
ledger::RowSet row_set(const store::HistoryRow& row);

// The same in a transaction of its own, and waits until it is durable. Never from a face's worker thread.
Result<void> record_now(const Ports& ports, const ledger::Event& event);

}  // namespace countersign::flow
