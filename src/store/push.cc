#include "store/push.h"

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::string id_of(const OutboxRow& row) { return row.phone.text() + "." + row.topic; }

}  // namespace

Result<void> put_subscription(Txn& txn, const StoredSubscription& subscription) {
  TRY(txn.change(Query::put_subscription,
                 {subscription.tenant, subscription.phone, subscription.sealed, subscription.created}));
  return {};
}

Result<std::optional<StoredSubscription>> subscription_of(Txn& txn, const TenantId& tenant, const PhoneId& phone) {
  std::optional<StoredSubscription> out;
  TRY(txn.rows(Query::subscription_of, {tenant, phone}, [&](const Row& row) {
    out = StoredSubscription{.tenant = row.id<TenantId>(0),
                             .phone = row.id<PhoneId>(1),
                             .sealed = copy(row.bytes(2)),
                             .created = row.instant(3),
                             .version = row.integer(4)};
  }));
  return out;
}

Result<bool> has_subscription(Txn& txn, const TenantId& tenant, const PhoneId& phone) {
  return TRY(txn.rows(Query::has_subscription, {tenant, phone}, [](const Row&) {})) == 1;
}

Result<bool> delete_subscription(Txn& txn, const TenantId& tenant, const PhoneId& phone) {
  return TRY(txn.change(Query::delete_subscription, {tenant, phone})) == 1;
}

Result<bool> drop_subscription(Txn& txn, const StoredSubscription& read) {
  return TRY(txn.change(Query::drop_subscription, {read.tenant, read.phone, read.version})) == 1;
}

Result<void> put_outbox(Txn& txn, const OutboxRow& row) {
  TRY(txn.change(Query::put_outbox, {row.tenant, id_of(row), row.phone, row.topic, row.due, row.expires}));
  return {};
}

Result<std::vector<OutboxRow>> due_outbox(Txn& txn, Instant now, int limit) {
  std::vector<OutboxRow> out;
  TRY(txn.rows(Query::due_outbox, {now, limit}, [&](const Row& row) {
    out.push_back({.tenant = row.id<TenantId>(0),
                   .phone = row.id<PhoneId>(2),
                   .topic = std::string(row.text(3)),
                   .due = row.instant(4),
                   .expires = row.instant(5),
                   .tries = row.integer(6),
                   .version = row.integer(7)});
  }));
  return out;
}

Result<bool> lease_outbox(Txn& txn, OutboxRow& row, Instant until) {
  if (TRY(txn.change(Query::lease_outbox, {row.tenant, id_of(row), row.version, until})) != 1) return false;
  row.due = until;
  ++row.tries;
  ++row.version;
  return true;
}

Result<void> delay_outbox(Txn& txn, const OutboxRow& row, Instant due) {
  TRY(txn.change(Query::delay_outbox, {row.tenant, id_of(row), due}));
  return {};
}

Result<bool> delete_outbox(Txn& txn, const OutboxRow& row) {
  return TRY(txn.change(Query::delete_outbox, {row.tenant, id_of(row), row.version})) == 1;
}

Result<void> insert_notice(Txn& txn, const StoredNotice& notice) {
  TRY(txn.change(Query::insert_notice,
                 {notice.tenant, notice.user, notice.id, notice.kind, notice.sealed, notice.created}));
  return {};
}

Result<std::vector<StoredNotice>> notices_page(Txn& txn, const TenantId& tenant, const UserId& user, int limit) {
  std::vector<StoredNotice> out;
  TRY(txn.rows(Query::notices_page, {tenant, user, limit}, [&](const Row& row) {
    out.push_back({.tenant = row.id<TenantId>(0),
                   .user = row.id<UserId>(1),
                   .id = std::string(row.text(2)),
                   .kind = std::string(row.text(3)),
                   .sealed = copy(row.bytes(4)),
                   .created = row.instant(5)});
  }));
  return out;
}

Result<std::int64_t> delete_notices_before(Txn& txn, Instant before, int limit) {
  return txn.change(Query::delete_notices_before, {before, limit});
}

}  // namespace countersign::store
