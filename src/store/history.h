// Sealed history, one writer and one reader for every stream; and the server's own sealed state.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

enum class Stream { authentication = 1, activity = 2, telephony = 3 };

// One row: what stands open, and the rest sealed to the tenant. `day` is days since 1970 (UTC).
struct HistoryRow {
  TenantId tenant;
  Stream stream = Stream::authentication;
  std::int64_t day = 0;
  EventId id;             // bound into the seal
  Bytes sealed;
  std::int64_t position = 0;  // set by the store, grows in the order of writing
};

Result<void> append_history(Txn& txn, const HistoryRow& row);
// Rows after `position` of days first_day..last_day, oldest first, at most `limit`. Views die with the call.
Result<std::int64_t> history_page(Txn& txn, const TenantId& tenant, Stream stream, std::int64_t first_day,
                                  std::int64_t last_day, std::int64_t position, int limit,
                                  const std::function<void(const HistoryRow&)>& on_row);
// Backwards: the last day before `day` with rows of this stream; nullopt: none. And rows of one day before `position`,
// newest first, at most `limit`.
Result<std::optional<std::int64_t>> history_day_before(Txn& txn, const TenantId& tenant, Stream stream,
                                                       std::int64_t day);
struct HistoryPlace {
  std::int64_t day = 0;
  std::int64_t position = 0;
};
Result<std::int64_t> history_back(Txn& txn, const TenantId& tenant, Stream stream, HistoryPlace before, int limit,
                                  const std::function<void(const HistoryRow&)>& on_row);
Result<std::int64_t> count_history(Txn& txn, const TenantId& tenant, Stream stream);

// Values of the server itself ("ca_key", "ca_certificate", "demo"): sealed or public bytes by name.
Result<std::optional<Bytes>> server_value(Txn& txn, std::string_view name);
// conflict: another node was faster; read again.
Result<void> insert_server_value(Txn& txn, std::string_view name, ByteView value);

// A change that other nodes' waiters want to hear of: committed with the state, polled while somebody waits.
Result<void> note_change(Txn& txn, std::string_view key, Instant now);
// Keys noted after `seq`; returns the newest seq. `since` bounds the look-back for numbers that commit out of order.
Result<std::int64_t> changes_since(Txn& txn, std::int64_t seq, Instant since,
                                   const std::function<void(std::string_view key)>& on_key);
Result<std::int64_t> delete_changes_before(Txn& txn, Instant before);

}  // namespace countersign::store
