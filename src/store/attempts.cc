#include "store/attempts.h"

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

StoredAttempt attempt_of(const Row& row) {
  return StoredAttempt{.tenant = row.id<TenantId>(0),
                       .id = row.id<AttemptId>(1),
                       .app = row.id<AppId>(2),
                       .user = row.id<UserId>(3),
                       .phone = row.id<PhoneId>(4),
                       .state = std::string(row.text(5)),
                       .sealed_context = copy(row.bytes(6)),
                       .created = row.instant(7),
                       .expires = row.instant(8),
                       .version = row.integer(9)};
}

Result<std::optional<StoredAttempt>> one_attempt(Txn& txn, Query query, Params params) {
  std::optional<StoredAttempt> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = attempt_of(row); }));
  return out;
}

}  // namespace

Result<void> insert_attempt(Txn& txn, const StoredAttempt& attempt) {
  TRY(txn.change(Query::insert_attempt,
                 {attempt.tenant, attempt.id, attempt.app, attempt.user, attempt.phone, attempt.state,
                  attempt.sealed_context, attempt.created, attempt.expires, attempt.version}));
  return {};
}

Result<std::optional<StoredAttempt>> attempt_by_id(Txn& txn, const TenantId& tenant, const AttemptId& id) {
  return one_attempt(txn, Query::attempt_by_id, {tenant, id});
}

Result<std::optional<StoredAttempt>> open_attempt_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  return one_attempt(txn, Query::open_attempt_of, {tenant, user});
}

Result<std::vector<StoredAttempt>> open_attempts_of_phone(Txn& txn, const TenantId& tenant, const PhoneId& phone) {
  std::vector<StoredAttempt> out;
  TRY(txn.rows(Query::open_attempts_of_phone, {tenant, phone},
               [&](const Row& row) { out.push_back(attempt_of(row)); }));
  return out;
}

Result<std::vector<StoredAttempt>> run_out_attempts(Txn& txn, Instant now, int limit) {
  std::vector<StoredAttempt> out;
  TRY(txn.rows(Query::run_out_attempts, {now, limit}, [&](const Row& row) { out.push_back(attempt_of(row)); }));
  return out;
}

Result<bool> update_attempt(Txn& txn, const StoredAttempt& attempt) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_attempt, {attempt.tenant, attempt.id, attempt.version, attempt.state, attempt.phone,
                                             attempt.sealed_context, attempt.expires}));
  return changed == 1;
}

Result<std::int64_t> delete_attempts_before(Txn& txn, Instant expired_before, int limit) {
  return txn.change(Query::delete_attempts_before, {expired_before, limit});
}

Result<void> insert_activation(Txn& txn, const Activation& activation) {
  TRY(txn.change(Query::insert_activation, {activation.tenant, activation.digest, activation.user, activation.phone,
                                            activation.expires, activation.used}));
  return {};
}

Result<std::optional<Activation>> activation_by_digest(Txn& txn, ByteView digest) {
  std::optional<Activation> out;
  TRY(txn.rows(Query::activation_by_digest, {digest}, [&](const Row& row) {
    out = Activation{.tenant = row.id<TenantId>(0),
                     .digest = copy(row.bytes(1)),
                     .user = row.id<UserId>(2),
                     .phone = row.id<PhoneId>(3),
                     .expires = row.instant(4),
                     .used = row.maybe_instant(5)};
  }));
  return out;
}

Result<bool> use_activation(Txn& txn, const Activation& activation, Instant now) {
  const std::int64_t changed =
      TRY(txn.change(Query::use_activation, {activation.tenant, activation.digest, now}));
  return changed == 1;
}

Result<void> insert_remembered(Txn& txn, const RememberedDevice& device) {
  TRY(txn.change(Query::insert_remembered, {device.tenant, device.digest, device.user, device.app, device.expires}));
  return {};
}

Result<std::optional<RememberedDevice>> remembered_by_digest(Txn& txn, const TenantId& tenant, ByteView digest) {
  std::optional<RememberedDevice> out;
  TRY(txn.rows(Query::remembered_by_digest, {tenant, digest}, [&](const Row& row) {
    out = RememberedDevice{.tenant = row.id<TenantId>(0),
                           .digest = copy(row.bytes(1)),
                           .user = row.id<UserId>(2),
                           .app = row.id<AppId>(3),
                           .expires = row.instant(4)};
  }));
  return out;
}

Result<void> forget_remembered(Txn& txn, const TenantId& tenant, const UserId& user) {
  TRY(txn.change(Query::forget_remembered, {tenant, user}));
  return {};
}

}  // namespace countersign::store
