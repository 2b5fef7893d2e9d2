#include "store/breach.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::store {
namespace {

constexpr int kPage = 4096;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
std::string text(const Row& row, int column) { return std::string(row.text(column)); }

StoredScope read_scope(const Row& row) {
  return {.id = text(row, 0), .query = text(row, 1), .sealed_result = copy(row.bytes(2)), .made = row.instant(3)};
}

BreachNotice read_notice(const Row& row) {
  return {.id = text(row, 1),
          .scope = text(row, 2),
          .tenant = row.id<TenantId>(0),
          .user = row.id<UserId>(3),
          .code_digest = copy(row.bytes(4)),
          .prepared = row.instant(5),
          .delivered = row.maybe_instant(6),
          .opened = row.maybe_instant(7),
          .acknowledged = row.maybe_instant(8)};
}

StoredExport read_export(const Row& row) {
  return {.id = text(row, 1),
          .tenant = row.id<TenantId>(0),
          .intent = text(row, 2),
          .requester = text(row, 3),
          .signature = copy(row.bytes(4)),
          .approver = text(row, 5),
          .approval = copy(row.bytes(6)),
          .state = text(row, 7),
          .asked = row.instant(8),
          .runs_at = row.instant(9),
          .expires = row.instant(10),
          .version = row.integer(11)};
}

Signer read_signer(const Row& row) {
  return {.id = text(row, 1),
          .tenant = row.id<TenantId>(0),
          .name = text(row, 2),
          .public_key = copy(row.bytes(3)),
          .made = row.instant(4),
          .killed = row.maybe_instant(5)};
}

Dispatch read_dispatch(const Row& row) {
  return {.tenant = row.id<TenantId>(0),
          .reference = text(row, 1),
          .supplier = text(row, 2),
          .channel = text(row, 3),
          .hour = row.integer(4),
          .event = row.id<EventId>(5),
          .day = row.integer(6),
          .reaped = row.maybe_instant(7)};
}

// The one row, or none.
template <class T>
Result<std::optional<T>> find(Txn& txn, Query query, Params params, T (*read)(const Row&)) {
  std::optional<T> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = read(row); }));
  return out;
}

template <class T>
Result<std::vector<T>> list(Txn& txn, Query query, Params params, T (*read)(const Row&)) {
  std::vector<T> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out.push_back(read(row)); }));
  return out;
}

Query query_for(NoticeState state) {
  switch (state) {
    case NoticeState::delivered: return Query::mark_notice_delivered;
    case NoticeState::opened: return Query::mark_notice_opened;
    case NoticeState::acknowledged: return Query::mark_notice_acknowledged;
  }
  std::abort();
}

}  // namespace

Result<void> insert_scope(Txn& txn, const StoredScope& scope) {
  TRY(txn.change(Query::insert_scope, {scope.id, scope.query, scope.sealed_result, scope.made}));
  return {};
}

Result<std::optional<StoredScope>> scope_by_id(Txn& txn, std::string_view id) {
  return find(txn, Query::scope_by_id, {id}, read_scope);
}

Result<std::vector<StoredScope>> scopes_page(Txn& txn, Instant made_before, int limit) {
  return list(txn, Query::scopes_page, {made_before, std::max(limit, 0)}, read_scope);
}

Result<void> insert_breach_notice(Txn& txn, const BreachNotice& notice) {
  TRY(txn.change(Query::insert_breach_notice,
                 {notice.tenant, notice.id, notice.scope, notice.user, notice.code_digest, notice.prepared,
                  notice.delivered, notice.opened, notice.acknowledged}));
  return {};
}

Result<std::optional<BreachNotice>> breach_notice_by_code(Txn& txn, ByteView code_digest) {
  return find(txn, Query::breach_notice_by_code, {code_digest}, read_notice);
}

Result<std::optional<BreachNotice>> breach_notice_by_id(Txn& txn, const TenantId& tenant, std::string_view id) {
  return find(txn, Query::breach_notice_by_id, {tenant, id}, read_notice);
}

Result<bool> mark_breach_notice(Txn& txn, const BreachNotice& notice, NoticeState state, Instant now) {
  return TRY(txn.change(query_for(state), {notice.tenant, notice.id, now})) == 1;
}

Result<std::int64_t> breach_notices_of(Txn& txn, const NoticesPage& page,
                                       const std::function<void(const BreachNotice&)>& on_notice) {
  return txn.rows(Query::breach_notices_of, {page.scope, page.after_id, std::max(page.limit, 0)},
                  [&](const Row& row) { on_notice(read_notice(row)); });
}

Result<void> insert_export(Txn& txn, const StoredExport& one) {
  TRY(txn.change(Query::insert_export,
                 {one.tenant, one.id, one.intent, one.requester, one.signature, one.approver, one.approval, one.state,
                  one.asked, one.runs_at, one.expires, one.version}));
  return {};
}

Result<std::optional<StoredExport>> export_by_id(Txn& txn, const TenantId& tenant, std::string_view id) {
  return find(txn, Query::export_by_id, {tenant, id}, read_export);
}

Result<bool> update_export(Txn& txn, const StoredExport& one) {
  return TRY(txn.change(Query::update_export, {one.tenant, one.id, one.version, one.approver, one.approval, one.state,
                                               one.runs_at, one.expires, one.signature})) == 1;
}

Result<std::vector<StoredExport>> exports_of(Txn& txn, const TenantId& tenant, Instant asked_before, int limit) {
  return list(txn, Query::exports_of, {tenant, asked_before, std::max(limit, 0)}, read_export);
}

Result<std::int64_t> count_open_exports(Txn& txn, const TenantId& tenant, Instant now) {
  std::int64_t count = 0;
  TRY(txn.rows(Query::count_open_exports, {tenant, now}, [&](const Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::int64_t> expire_exports(Txn& txn, Instant before, int limit) {
  return txn.change(Query::expire_exports, {before, limit});
}

Result<std::int64_t> delete_exports_before(Txn& txn, Instant asked_before, int limit) {
  return txn.change(Query::delete_exports_before, {asked_before, limit});
}

Result<void> insert_signer(Txn& txn, const Signer& signer) {
  TRY(txn.change(Query::insert_signer,
                 {signer.tenant, signer.id, signer.name, signer.public_key, signer.made, signer.killed}));
  return {};
}

Result<std::optional<Signer>> signer_by_id(Txn& txn, std::string_view id) {
  return find(txn, Query::signer_by_id, {id}, read_signer);
}

Result<std::vector<Signer>> signers_of(Txn& txn, const TenantId& tenant) {
  return list(txn, Query::signers_of, {tenant}, read_signer);
}

Result<bool> kill_signer(Txn& txn, std::string_view id, Instant now) {
  return TRY(txn.change(Query::kill_signer, {id, now})) == 1;
}

Result<void> insert_dispatch(Txn& txn, const Dispatch& dispatch) {
  TRY(txn.change(Query::insert_dispatch, {dispatch.tenant, dispatch.reference, dispatch.supplier, dispatch.channel,
                                          dispatch.hour, dispatch.event, dispatch.day, dispatch.reaped}));
  return {};
}

// In pages, so that neither engine holds more than one of them in memory.
Result<std::int64_t> dispatches_through(Txn& txn, const DispatchQuery& query,
                                        const std::function<void(const Dispatch&)>& on_row) {
  Dispatch last{.tenant = {}, .reference = {}, .supplier = {}, .channel = {}, .hour = query.first_hour, .event = {}};
  if (query.after && query.after->hour >= query.first_hour) last = *query.after;
  std::int64_t found = 0;
  while (found < query.limit) {
    const std::int64_t wanted = std::min<std::int64_t>(kPage, query.limit - found);
    Dispatch newest;
    const std::int64_t page = TRY(txn.rows(
        Query::dispatches_through,
        {query.supplier, last.hour, last.tenant, last.reference, query.last_hour, wanted}, [&](const Row& row) {
          newest = read_dispatch(row);
          on_row(newest);
        }));
    found += page;
    if (page < wanted) break;
    last = std::move(newest);
  }
  return found;
}

Result<std::int64_t> dispatches_of(Txn& txn, const TenantDispatches& page,
                                   const std::function<void(const Dispatch&)>& on_row) {
  return txn.rows(Query::dispatches_of, {page.tenant, page.after, page.limit},
                  [&](const Row& row) { on_row(read_dispatch(row)); });
}

Result<std::optional<Dispatch>> dispatch_by_reference(Txn& txn, std::string_view reference) {
  return find(txn, Query::dispatch_by_reference, {reference}, read_dispatch);
}

Result<bool> mark_reaped(Txn& txn, const Dispatch& dispatch, Instant now) {
  return TRY(txn.change(Query::mark_reaped, {dispatch.tenant, dispatch.reference, now})) == 1;
}

}  // namespace countersign::store
