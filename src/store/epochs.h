// Epochs of sealed history and who may open them (core/history/epoch.h).
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/epoch.h"
#include "store/store.h"

namespace countersign::store {

// An epoch that this process is writing. Rows under way share it.
struct OpenEpoch {
  TenantId tenant;
  std::int64_t day = 0;
  history::EpochId id{};
  std::string writer;
  Bytes header;
  std::atomic<bool> stored = false;              // its header is durable; set after a commit
  std::atomic<std::uint64_t> acknowledged = 0;   // rows known to be durable; counted after each commit
};

struct StoredEpoch {
  TenantId tenant;
  std::int64_t day = 0;
  history::EpochId id{};
  std::string writer;
  Bytes header;
  std::optional<std::uint64_t> rows = std::nullopt;  // closed: how many
  Bytes trailer = {};  // empty: still open
  std::uint64_t canaries = 0;  // closed: how many of the rows are about nobody (core/history/canary.h)
};
// With its header alone, unless the epoch is there already: its first rows may come from several transactions at once.
Result<void> insert_epoch(Txn& txn, const OpenEpoch& epoch);
// The oldest day first, in no order within a day.
Result<std::vector<StoredEpoch>> epochs_of(Txn& txn, const TenantId& tenant, std::int64_t first_day,
                                           std::int64_t last_day);
Result<std::optional<StoredEpoch>> epoch_by_id(Txn& txn, const TenantId& tenant, std::int64_t day,
                                               const history::EpochId& id);
// Epochs without a trailer of days before `before_day`, of all tenants, the oldest day first.
Result<std::vector<StoredEpoch>> unclosed_epochs(Txn& txn, std::int64_t before_day, int limit);
// With its `rows`, `trailer` and `canaries`. Once: false where it has a trailer already.
// malformed: without rows or trailer.
Result<bool> close_epoch(Txn& txn, const StoredEpoch& epoch);
// At most `limit`, the oldest days first; how many there were. Their rows are history.h's.
struct DayRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};
Result<std::int64_t> delete_epochs(Txn& txn, const TenantId& tenant, DayRange days, int limit);

enum class Custody { service, tenant };  // who holds the private half (design §4)
std::string_view name(Custody custody);

struct Keeping {
  Custody custody = Custody::service;
  std::optional<int> retention_days;  // nullopt: the server's default
};
// not_found: no such tenant.
Result<Keeping> keeping_of(Txn& txn, const TenantId& tenant);
// not_found: no such tenant.
Result<void> set_keeping(Txn& txn, const TenantId& tenant, const Keeping& keeping);

// A public key to which new epochs of a tenant are wrapped.
struct RecipientKey {
  TenantId tenant;
  history::RecipientId id{};
  crypto::X25519PublicKey key;
  std::string kind;  // service, tenant, siem
  std::string name;
  Instant created{};
  std::optional<Instant> retired = std::nullopt;  // no new epochs since
};
Result<std::vector<RecipientKey>> recipients_of(Txn& txn, const TenantId& tenant);  // retired ones too, oldest first
Result<void> insert_recipient(Txn& txn, const RecipientKey& key);                   // conflict: there already
// The first time counts; false: no such key, or retired already.
Result<bool> retire_recipient(Txn& txn, const TenantId& tenant, const history::RecipientId& id, Instant now);

// The tenant's private half, wrapped for one way of getting at it; the server cannot open it.
struct KeySlot {
  TenantId tenant;
  std::string id;           // made by us
  history::RecipientId recipient{};
  std::string kind;         // passkey, command_line, share
  std::string name;
  Bytes credential;         // of a passkey: its credential id
  Bytes salt;               // of a passkey: the PRF's input
  Bytes wrapped;
  Instant created{};
};
Result<std::vector<KeySlot>> key_slots_of(Txn& txn, const TenantId& tenant);
Result<void> insert_key_slot(Txn& txn, const KeySlot& slot);
Result<bool> delete_key_slot(Txn& txn, const TenantId& tenant, std::string_view id);

}  // namespace countersign::store
