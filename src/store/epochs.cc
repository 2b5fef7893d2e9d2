#include "store/epochs.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// What this program wrote is of the right size; anything else gives an id that names nothing.
template <std::size_t N>
std::array<std::uint8_t, N> copy_id(ByteView bytes) {
  std::array<std::uint8_t, N> out{};
  if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

StoredEpoch read_epoch(const Row& row) {
  StoredEpoch out{.tenant = row.id<TenantId>(0),
                  .day = row.integer(1),
                  .id = copy_id<history::kEpochIdSize>(row.bytes(2)),
                  .writer = std::string(row.text(3)),
                  .header = copy(row.bytes(4))};
  if (!row.null(5)) out.rows = static_cast<std::uint64_t>(row.integer(5));
  out.trailer = copy(row.bytes(6));
  out.canaries = static_cast<std::uint64_t>(row.integer(7));
  return out;
}

Result<std::vector<StoredEpoch>> read_epochs(Txn& txn, Query query, Params params) {
  std::vector<StoredEpoch> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out.push_back(read_epoch(row)); }));
  return out;
}

}  // namespace

Result<void> insert_epoch(Txn& txn, const OpenEpoch& epoch) {
  TRY(txn.change(Query::insert_epoch,
                 {epoch.tenant, epoch.day, ByteView(epoch.id), epoch.writer, epoch.header, ByteView()}));
  return {};
}

Result<std::vector<StoredEpoch>> epochs_of(Txn& txn, const TenantId& tenant, std::int64_t first_day,
                                           std::int64_t last_day) {
  return read_epochs(txn, Query::epochs_of, {tenant, first_day, last_day});
}

Result<std::optional<StoredEpoch>> epoch_by_id(Txn& txn, const TenantId& tenant, std::int64_t day,
                                               const history::EpochId& id) {
  std::optional<StoredEpoch> out;
  TRY(txn.rows(Query::epoch_by_id, {tenant, day, ByteView(id)}, [&](const Row& row) { out = read_epoch(row); }));
  return out;
}

Result<std::vector<StoredEpoch>> unclosed_epochs(Txn& txn, std::int64_t before_day, int limit) {
  return read_epochs(txn, Query::unclosed_epochs, {before_day, limit});
}

Result<bool> close_epoch(Txn& txn, const StoredEpoch& epoch) {
  if (!epoch.rows || epoch.trailer.empty()) return Error{Errc::malformed, "an epoch is closed with rows and trailer"};
  return TRY(txn.change(Query::close_epoch, {epoch.tenant, epoch.day, ByteView(epoch.id),
                                             static_cast<std::int64_t>(*epoch.rows), epoch.trailer,
                                             static_cast<std::int64_t>(epoch.canaries)})) == 1;
}

Result<std::int64_t> delete_epochs(Txn& txn, const TenantId& tenant, DayRange days, int limit) {
  return txn.change(Query::delete_epochs, {tenant, days.first, days.last, std::max(limit, 0)});
}

std::string_view name(Custody custody) {
  switch (custody) {
    case Custody::service: return "service";
    case Custody::tenant: return "tenant";
  }
  std::abort();
}

Result<Keeping> keeping_of(Txn& txn, const TenantId& tenant) {
  std::optional<Keeping> out;
  TRY(txn.rows(Query::keeping_of, {tenant}, [&](const Row& row) {
    // A word that is not known is read as the stricter custody.
    out.emplace().custody = row.text(0) == name(Custody::service) ? Custody::service : Custody::tenant;
    if (!row.null(1)) out->retention_days = static_cast<int>(row.integer(1));
  }));
  if (!out) return Error{Errc::not_found, "no such tenant"};
  return *out;
}

Result<void> set_keeping(Txn& txn, const TenantId& tenant, const Keeping& keeping) {
  if (TRY(txn.change(Query::set_keeping, {tenant, name(keeping.custody), keeping.retention_days})) == 0) {
    return Error{Errc::not_found, "no such tenant"};
  }
  return {};
}

Result<std::vector<RecipientKey>> recipients_of(Txn& txn, const TenantId& tenant) {
  std::vector<RecipientKey> out;
  Result<void> fine;
  TRY(txn.rows(Query::recipients_of, {tenant}, [&](const Row& row) {
    auto key = crypto::X25519PublicKey::from_bytes(row.bytes(2));
    if (!key) {
      fine = Error{Errc::malformed, "a recipient's key in the database is none"};
      return;
    }
    out.push_back({.tenant = row.id<TenantId>(0),
                   .id = copy_id<history::kRecipientIdSize>(row.bytes(1)),
                   .key = *key,
                   .kind = std::string(row.text(3)),
                   .name = std::string(row.text(4)),
                   .created = row.instant(5),
                   .retired = row.maybe_instant(6)});
  }));
  TRY(std::move(fine));
  return out;
}

Result<void> insert_recipient(Txn& txn, const RecipientKey& key) {
  TRY(txn.change(Query::insert_recipient, {key.tenant, ByteView(key.id), key.key.bytes(), key.kind, key.name,
                                           key.created, key.retired}));
  return {};
}

Result<bool> retire_recipient(Txn& txn, const TenantId& tenant, const history::RecipientId& id, Instant now) {
  return TRY(txn.change(Query::retire_recipient, {tenant, ByteView(id), now})) == 1;
}

Result<std::vector<KeySlot>> key_slots_of(Txn& txn, const TenantId& tenant) {
  std::vector<KeySlot> out;
  TRY(txn.rows(Query::key_slots_of, {tenant}, [&](const Row& row) {
    out.push_back({.tenant = row.id<TenantId>(0),
                   .id = std::string(row.text(1)),
                   .recipient = copy_id<history::kRecipientIdSize>(row.bytes(2)),
                   .kind = std::string(row.text(3)),
                   .name = std::string(row.text(4)),
                   .credential = copy(row.bytes(5)),
                   .salt = copy(row.bytes(6)),
                   .wrapped = copy(row.bytes(7)),
                   .created = row.instant(8)});
  }));
  return out;
}

Result<void> insert_key_slot(Txn& txn, const KeySlot& slot) {
  TRY(txn.change(Query::insert_key_slot, {slot.tenant, slot.id, ByteView(slot.recipient), slot.kind, slot.name,
                                          slot.credential, slot.salt, slot.wrapped, slot.created}));
  return {};
}

Result<bool> delete_key_slot(Txn& txn, const TenantId& tenant, std::string_view id) {
  return TRY(txn.change(Query::delete_key_slot, {tenant, id})) == 1;
}

}  // namespace countersign::store
