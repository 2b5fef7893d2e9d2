// Grants and budgets.
#include <algorithm>

#include "store/ledger.h"

namespace countersign::store {
namespace {

Grant read_grant(const Row& row) {
  return {.id = std::string(row.text(0)),
          .parent = std::string(row.text(1)),
          .kind = std::string(row.text(2)),
          .tenant = row.id<TenantId>(3),
          .made = row.instant(4),
          .killed = row.maybe_instant(5)};
}

Result<std::vector<Grant>> read_grants(Txn& txn, Query query, Param param) {
  std::vector<Grant> out;
  TRY(txn.rows(query, {param}, [&](const Row& row) { out.push_back(read_grant(row)); }));
  return out;
}

}  // namespace

Result<void> insert_grant(Txn& txn, const Grant& grant) {
  TRY(txn.change(Query::insert_grant,
                 {grant.id, grant.parent, grant.kind, grant.tenant, grant.made, grant.killed}));
  return {};
}

Result<std::optional<Grant>> grant_of(Txn& txn, std::string_view id) {
  std::optional<Grant> out;
  TRY(txn.rows(Query::grant_of, {id}, [&](const Row& row) { out = read_grant(row); }));
  return out;
}

Result<std::vector<Grant>> grants_made_by(Txn& txn, std::string_view parent) {
  return read_grants(txn, Query::grants_made_by, parent);
}

Result<void> kill_grant(Txn& txn, std::string_view id, Instant now) {
  TRY(txn.change(Query::kill_grant, {id, now}));
  return {};
}

Result<bool> lift_kill(Txn& txn, std::string_view id) { return TRY(txn.change(Query::lift_kill, {id})) == 1; }

Result<std::vector<Grant>> killed_grants(Txn& txn, Instant since) {
  return read_grants(txn, Query::killed_grants, since);
}

Result<std::optional<Spent>> spent_by(Txn& txn, std::string_view principal, std::string_view budget) {
  std::optional<Spent> out;
  TRY(txn.rows(Query::spent_by, {principal, budget}, [&](const Row& row) {
    out = Spent{.principal = std::string(row.text(0)),
                .budget = std::string(row.text(1)),
                .since = row.instant(2),
                .used = row.integer(3)};
  }));
  return out;
}

Result<void> put_spent(Txn& txn, const Spent& after, const std::optional<Spent>& before) {
  const std::int64_t put =
      before ? TRY(txn.change(Query::update_spent,
                              {after.principal, after.budget, after.since, after.used, before->since, before->used}))
             : TRY(txn.change(Query::insert_spent, {after.principal, after.budget, after.since, after.used}));
  if (put != 1) return Error{Errc::conflict, "the budget was used meanwhile"};
  return {};
}

// The turn is taken first: its row is held until the commit, and whoever counts next counts this read too.
Result<std::int64_t> note_tenant_read(Txn& txn, const TenantRead& read, Instant since) {
  TRY(txn.change(Query::put_tenant_read, {read.principal, TenantId(), read.at}));
  TRY(txn.change(Query::put_tenant_read, {read.principal, read.tenant, read.at}));
  std::int64_t count = 0;
  TRY(txn.rows(Query::count_tenant_reads, {read.principal, since}, [&](const Row& row) { count = row.integer(0); }));
  return count;
}

Result<void> forget_tenant_reads(Txn& txn, std::string_view principal) {
  TRY(txn.change(Query::forget_tenant_reads, {principal}));
  return {};
}

Result<std::int64_t> delete_budgets_before(Txn& txn, Instant before, int limit) {
  const std::int64_t most = std::max(limit, 0);
  const std::int64_t budgets = TRY(txn.change(Query::delete_budgets_before, {before, most}));
  return budgets + TRY(txn.change(Query::delete_tenant_reads_before, {before, most}));
}

}  // namespace countersign::store
