// The ledger's trees and what is asked about its entries. Hashing and proofs are core/ledger's; here are rows.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/event.h"
#include "core/ledger/merkle.h"
#include "store/store.h"

namespace countersign::store {

// A tree is named by its tenant; the global one by "".
struct LedgerEntry {
  std::string tree;
  std::uint64_t seq = 0;
  ledger::Hash leaf{};
  std::string entry;     // the event's JSON, or a tenant's checkpoint
  Instant at{};
  // Whom it is found by; given to append, not given back. Of longer texts the first 256 bytes count.
  std::string actor{}, credential{}, session{}, ip{};
};

// The growing edge of a tree; of one that does not exist yet, that of the empty tree.   malformed: no edge is stored.
Result<ledger::Edge> ledger_edge(Txn& txn, std::string_view tree);
// The same for a write flow that appends to it: others who do so wait for its end instead of meeting a conflict;
// a tree's very first entry can still meet one.
Result<ledger::Edge> ledger_edge_to_grow(Txn& txn, std::string_view tree);
// Appends entries to a tree whose edge was `before` and becomes `after`, with the inner nodes completed at levels that
// are multiples of 8 (others may be given and are passed over).
// conflict: the tree has grown since.   malformed: the entries do not lead from `before` to `after`, or of two trees.
struct CompletedNode {
  ledger::Node node;
  ledger::Hash hash{};
};
Result<void> append_ledger(Txn& txn, const ledger::Edge& before, const ledger::Edge& after,
                           const std::vector<LedgerEntry>& entries, const std::vector<CompletedNode>& nodes);

// Entries first … first + limit - 1, in order.
Result<std::int64_t> ledger_entries(Txn& txn, std::string_view tree, std::uint64_t first, int limit,
                                    const std::function<void(const LedgerEntry&)>& on_entry);
// When a tree's last entry from before a time was made.
Result<std::optional<Instant>> last_entry_before(Txn& txn, std::string_view tree, Instant before);
// Any complete subtree of the tree: stored at levels 0, 8, 16, …, computed from at most 128 hashes in between.
// not_found: it is not complete.   malformed: no node of any tree.
Result<ledger::Hash> ledger_node(Txn& txn, std::string_view tree, const ledger::Node& node);

// Trees that have grown since their last checkpoint, at most `limit`; the global one is not among them.
struct GrownTree {
  std::string tree;
  ledger::Head head;
};
Result<std::vector<GrownTree>> grown_trees(Txn& txn, int limit);

// The newest checkpoint of a tree: a signed note.
struct StoredCheckpoint {
  std::string tree;
  std::uint64_t size = 0;
  std::string note;
  Instant at{};
  std::uint64_t global_seq = 0;  // of a tenant's: its leaf in the global tree
};
Result<std::optional<StoredCheckpoint>> checkpoint_of(Txn& txn, std::string_view tree);
// Only forwards: false where one of a larger tree is stored. One of the same size takes the place of the other, as
// cosignatures are added to it.
Result<bool> put_checkpoint(Txn& txn, const StoredCheckpoint& checkpoint);

// What incident scope asks: entries of every tree by one property, from ≤ at < to. One after the other by each
// combination of actor, credential, session and address in which the value stands, and of each oldest first.
struct EntryPlace {
  std::int64_t who = 0;  // the combination
  Instant at{};
  std::string tree;
  std::uint64_t seq = 0;
};
enum class FoundBy { credential, session, ip, actor };
struct EntryQuery {
  FoundBy by = FoundBy::credential;
  std::string value;
  Instant from{};
  Instant to{};
  std::optional<EntryPlace> after = std::nullopt;  // to go on in another read
  int limit = std::numeric_limits<int>::max();
};
// The place of the last one found; nullopt: fewer than the limit, there are no more.
Result<std::optional<EntryPlace>> find_entries(Txn& txn, const EntryQuery& query,
                                               const std::function<void(const LedgerEntry&)>& on_entry);

// Which credential, session, key or link was made by which; and which of them are dead.
struct Grant {
  std::string id;        // of the credential, session, application, passkey … that was made
  std::string parent;    // what made it; "": none known
  std::string kind;      // application, session, passkey, administrator, link, …
  TenantId tenant;
  Instant made{};
  std::optional<Instant> killed = std::nullopt;
};
// The first time counts.
Result<void> insert_grant(Txn& txn, const Grant& grant);
Result<std::optional<Grant>> grant_of(Txn& txn, std::string_view id);
Result<std::vector<Grant>> grants_made_by(Txn& txn, std::string_view parent);  // children alone, oldest first
// The first time counts. Also of what was never noted as made.
Result<void> kill_grant(Txn& txn, std::string_view id, Instant now);
// false: it was not killed. For operators alone, with two shares (flow/break_glass.h).
Result<bool> lift_kill(Txn& txn, std::string_view id);
// Killed at `since` or later, in that order.
Result<std::vector<Grant>> killed_grants(Txn& txn, Instant since);

// What a principal has used of its budgets since `since`; a window that has run out begins anew.
struct Spent {
  std::string principal;
  std::string budget;      // "rows_day", "tenants_hour", …
  Instant since{};
  std::int64_t used = 0;
};
Result<std::optional<Spent>> spent_by(Txn& txn, std::string_view principal, std::string_view budget);
// On the condition that `used` and `since` are as read (`before`, nullopt: not there).   conflict: they are not.
Result<void> put_spent(Txn& txn, const Spent& after, const std::optional<Spent>& before);
// Notes that a principal read a tenant; returns how many tenants it has read since `since`, this one among them. Flows
// of one principal take turns, so the count holds across nodes; one that refuses is undone, and the read is not noted.
struct TenantRead {
  std::string principal;
  TenantId tenant;
  Instant at{};
};
Result<std::int64_t> note_tenant_read(Txn& txn, const TenantRead& read, Instant since);
// Whatever that principal has read counts no more.
Result<void> forget_tenant_reads(Txn& txn, std::string_view principal);
// Budgets begun and tenants read before `before`, at most `limit` of each.
Result<std::int64_t> delete_budgets_before(Txn& txn, Instant before, int limit);

}  // namespace countersign::store
