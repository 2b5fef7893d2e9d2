// The scope of an incident: everything that a credential, with all that descends from it, an address or a supplier ever
// got hold of, tenant by tenant (security.md §2.4).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/administer.h"
#include "flow/row_numbers.h"
#include "store/breach.h"
#include "store/ledger.h"

namespace countersign::flow {

enum class ScopeBy { credential, session, app, ip, supplier };
std::string_view name(ScopeBy by);
std::optional<ScopeBy> scope_by(std::string_view name);

struct ScopeQuery {
  ScopeBy by = ScopeBy::credential;
  std::string value;
  Instant from{};                   // inclusive
  Instant to{};                     // exclusive
  // Of a supplier: the messages that it says were stolen, in any order; empty: no such list.
  std::vector<std::string> refs{};
};

// What was changed by it: an event of type config_change or factor_reset.
struct ScopeChange {
  std::string tree;
  std::uint64_t seq = 0;
  Instant at{};
  std::string object;
};

// How many users or numbers the rows are about.
struct Distinct {
  std::uint64_t users = 0, numbers = 0;
  enum class By { opened, tags } by = By::tags;  // tags: at least so many
};

// RELEASED ⊇ RETURNED ⊇ VIEWED: rows whose day's key went out, rows that left, rows that a screen showed.
struct ExposedTenant {
  TenantId tenant;
  std::uint64_t released = 0, returned = 0, viewed = 0;
  std::optional<Instant> first, last;  // reads; none: nothing was read
  RowNumbers events;                   // in the tenant's tree, of all that it did there
  RowNumbers reads;                    // those of them that name rows or days
  std::vector<std::int64_t> days{};    // whose keys were released
  std::optional<Distinct> distinct{};
};

struct Scope {
  std::string id;    // empty until it is kept
  ScopeQuery query;  // its references sorted, each once
  Instant made{};
  std::vector<store::Grant> descendants;  // the credential itself is not among them
  std::vector<ScopeChange> changes;
  std::vector<ExposedTenant> tenants;  // in the order of their ids
  std::uint64_t events = 0;
};

inline void sort_once(std::vector<std::string>& refs) {
  std::ranges::sort(refs);
  refs.erase(std::ranges::unique(refs).begin(), refs.end());
}

// malformed: no value, times the wrong way round, or references without a supplier.   exhausted: over 100,000
// descendants.
Result<Scope> find_scope(const Ports& ports, const ScopeQuery& query);

// Everything made by `root`, by what that made, and so on; made before `to`. Each once, parents first.
Result<std::vector<store::Grant>> descendants_of(store::Txn& txn, const std::string& root, Instant to);

// The rows of one tenant of a scope, exactly.
struct ExposedRows {
  RowsByEpoch released, returned, viewed;
};
Result<ExposedRows> rows_of(const Ports& ports, const Scope& scope, const ExposedTenant& tenant);

// Stores a scope, sealed, under a new id, which it gives back; in the ledger of the operator.
Result<std::string> keep_scope(const Administration& by, Scope& scope);
// not_found: no such scope.
Result<Scope> kept_scope(const Ports& ports, std::string_view id);
// What it was asked for, but for the references, which may be many.
Result<ScopeQuery> kept_query(const Ports& ports, std::string_view id);
Result<std::vector<store::StoredScope>> kept_scopes(const Ports& ports);  // newest first, at most 1,000

}  // namespace countersign::flow
