#include "flow/ledger.h"

#include <map>

#include "core/codec/hex.h"
#include "core/ledger/checkpoint.h"
#include "flow/run_again.h"
#include "store/ledger.h"

namespace countersign::flow {
namespace {

constexpr int kStoredLevels = 8;  // inner nodes are stored where tiles begin (C2SP tlog-tiles)

store::LedgerEntry entry_of(const ledger::Event& event, std::string text) {
  store::LedgerEntry out;
  out.entry = std::move(text);
  out.at = event.at;
  out.actor = event.actor.id;
  out.credential = event.actor.credential;
  out.session = event.actor.session;
  out.ip = event.actor.ip;
  return out;
}

}  // namespace

Result<ledger::Head> append_to_tree(store::Txn& txn, std::string_view tree, std::vector<store::LedgerEntry>& entries) {
  const ledger::Edge before = TRY(store::ledger_edge_to_grow(txn, tree));
  ledger::Edge after = before;
  std::vector<store::CompletedNode> nodes;
  for (store::LedgerEntry& entry : entries) {
    entry.tree = tree;
    entry.seq = after.size();
    entry.leaf = ledger::leaf_hash(bytes_of(entry.entry));
    after.append(entry.leaf, [&](const ledger::Node& node, const ledger::Hash& hash) {
      if (node.level % kStoredLevels == 0) nodes.push_back({node, hash});
    });
  }
  TRY(store::append_ledger(txn, before, after, entries, nodes));
  return ledger::Head{after.size(), after.root()};
}

ledger::Event begin_event(const Ports& ports, ledger::EventType type, const TenantId& tenant, ledger::Actor actor) {
  ledger::Event event;
  event.at = ports.clock.now();
  event.node = ports.settings.node;
  event.type = type;
  event.tenant = tenant;
  event.actor = std::move(actor);
  return event;
}

Result<void> record(store::Txn& txn, const std::vector<ledger::Event>& events) {
  if (txn.spares_room()) return store::no_room();
  std::map<std::string_view, std::vector<store::LedgerEntry>> by_tree;  // trees in one order: no deadlock
  for (const ledger::Event& event : events) {
    const std::string_view tree = event.tenant.empty() ? ledger::kOperatorTree : std::string_view(event.tenant.text());
    by_tree[tree].push_back(entry_of(event, TRY(ledger::encode(event))));
  }
  for (auto& [tree, entries] : by_tree) TRY(append_to_tree(txn, tree, entries));
  return {};
}

ledger::RowSet row_set(const store::HistoryRow& row) {
  const Result<history::RowPlace> place = history::place_of(row.sealed);
  if (!place) return {};  // we sealed it ourselves
  return {.epoch = codec::to_hex(place->epoch), .rows = std::to_string(place->number), .count = 1};
}

Result<void> record_now(const Ports& ports, const ledger::Event& event) {
  return write_again(ports.store, [&](store::Txn& txn) { return record(txn, {event}); });
}

}  // namespace countersign::flow
