// Sealed history, one writer and one reader for every stream; and the server's own sealed state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/history/blind_index.h"
#include "store/epochs.h"
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
  std::optional<int> user_tag = std::nullopt, number_tag = std::nullopt;  // core/history/blind_index.h
  std::shared_ptr<OpenEpoch> epoch = nullptr;  // to write only; shared by all rows of an epoch that are under way
  std::shared_ptr<const HistoryRow> companion = nullptr;  // to write only, with this one; shared by its copies
};

// With the row go its companion, and its epoch's header until that is known to be durable.
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
// Rows of one day, from before a position, that bear a tag; newest first. Equal tags are no proof of equal values, and
// count within one epoch only: the caller looks at each row's place and, once it is open, at its value.
struct TagQuery {
  Stream stream = Stream::authentication;
  HistoryPlace before;
  history::IndexedField field = history::IndexedField::user;
  int tag = 0;
  int limit = 0;
};
Result<std::int64_t> history_by_tag(Txn& txn, const TenantId& tenant, const TagQuery& query,
                                    const std::function<void(const HistoryRow&)>& on_row);
// Rows of one epoch after a position, of all streams, in the order of writing.
struct EpochQuery {
  std::int64_t day = 0;
  history::EpochId epoch{};
  std::int64_t position = 0;
  int limit = 0;
};
Result<std::int64_t> history_of_epoch(Txn& txn, const TenantId& tenant, const EpochQuery& query,
                                      const std::function<void(const HistoryRow&)>& on_row);
// Rows of these days, of all streams, at most `limit`; how many there were.
Result<std::int64_t> delete_history(Txn& txn, const TenantId& tenant, DayRange days, int limit);
Result<std::int64_t> count_history(Txn& txn, const TenantId& tenant, Stream stream);
Result<std::int64_t> count_history(Txn& txn, const TenantId& tenant, DayRange days);  // of all streams

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
