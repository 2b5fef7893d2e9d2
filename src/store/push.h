// Web Push: where a phone's push service takes messages, looks still to be sent, notices for a user's authenticators.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

struct StoredSubscription {
  TenantId tenant;
  PhoneId phone;
  Bytes sealed;           // service class: core/webpush/subscription.h
  Instant created{};
  std::int64_t version = 0;
};
// Puts it in the place of an older one of that phone.
Result<void> put_subscription(Txn& txn, const StoredSubscription& subscription);
Result<std::optional<StoredSubscription>> subscription_of(Txn& txn, const TenantId& tenant, const PhoneId& phone);
Result<bool> has_subscription(Txn& txn, const TenantId& tenant, const PhoneId& phone);
Result<bool> delete_subscription(Txn& txn, const TenantId& tenant, const PhoneId& phone);
// The one that was read, on its version: a newer one stays.
Result<bool> drop_subscription(Txn& txn, const StoredSubscription& read);

// One look to be sent. There is at most one for each phone and topic, so the outbox cannot grow without limit.
struct OutboxRow {
  TenantId tenant;
  PhoneId phone;
  std::string topic;
  Instant due{};          // not before; while somebody sends it, the end of the lease
  Instant expires{};
  std::int64_t tries = 0;
  std::int64_t version = 0;
};
// Takes the place of an older one; is due with it where that one is due later.
Result<void> put_outbox(Txn& txn, const OutboxRow& row);
// Of every tenant, longest due first.
Result<std::vector<OutboxRow>> due_outbox(Txn& txn, Instant now, int limit);
// Takes a row that was read for sending until `until`, when it is due again; counts a try. `row` is as it stands then.
// False: another node was faster, or a newer one has come.
Result<bool> lease_outbox(Txn& txn, OutboxRow& row, Instant until);
// Due again at `due`, whatever has become of it meanwhile.
Result<void> delay_outbox(Txn& txn, const OutboxRow& row, Instant due);
// False: a newer one has come.
Result<bool> delete_outbox(Txn& txn, const OutboxRow& row);

struct StoredNotice {
  TenantId tenant;
  UserId user;
  std::string id;
  std::string kind;
  Bytes sealed;           // service class: the text
  Instant created{};
};
Result<void> insert_notice(Txn& txn, const StoredNotice& notice);
// Newest first.
Result<std::vector<StoredNotice>> notices_page(Txn& txn, const TenantId& tenant, const UserId& user, int limit);
Result<std::int64_t> delete_notices_before(Txn& txn, Instant before, int limit);

}  // namespace countersign::store
