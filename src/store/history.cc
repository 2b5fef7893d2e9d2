#include "store/history.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace countersign::store {
namespace {

constexpr Stream kStreams[] = {Stream::authentication, Stream::activity, Stream::telephony};
constexpr std::int64_t kNoPosition = std::numeric_limits<std::int64_t>::max();

std::optional<int> maybe_tag(const Row& row, int column) {
  if (row.null(column)) return std::nullopt;
  return static_cast<int>(row.integer(column));
}

// Where a page begins to look: the day before the one of the row at `position`, which spares the days read already.
Result<std::int64_t> day_to_start(Txn& txn, const TenantId& tenant, Stream stream, std::int64_t first_day,
                                  std::int64_t position) {
  std::int64_t day = first_day;
  if (position <= 0) return day;
  TRY(txn.rows(Query::history_day_of, {position, tenant, static_cast<int>(stream)},
               [&](const Row& row) { day = std::max(first_day, row.integer(0) - 1); }));
  return day;
}

// position, day, id, sealed, user_tag, number_tag
HistoryRow read_row(const Row& row, const TenantId& tenant, Stream stream) {
  const ByteView sealed = row.bytes(3);
  return {.tenant = tenant,
          .stream = stream,
          .day = row.integer(1),
          .id = row.id<EventId>(2),
          .sealed = Bytes(sealed.begin(), sealed.end()),
          .position = row.integer(0),
          .user_tag = maybe_tag(row, 4),
          .number_tag = maybe_tag(row, 5)};
}

}  // namespace

Result<void> append_history(Txn& txn, const HistoryRow& row) {
  if (row.epoch) {
    if (!row.epoch->stored) TRY(insert_epoch(txn, *row.epoch));
    txn.after_commit([epoch = row.epoch] {
      epoch->stored = true;
      ++epoch->acknowledged;
    });
  }
  TRY(txn.change(Query::append_history, {row.tenant, static_cast<int>(row.stream), row.day, row.id, row.sealed,
                                         row.user_tag, row.number_tag}));
  return row.companion ? append_history(txn, *row.companion) : Result<void>();
}

// The index is by (tenant, stream, day, position), the order asked for is by position. The two differ only around
// midnight, where the last rows of a day are written after the first of the next. So: day by day, the rows merged, and
// one day further than the page needs.
Result<std::int64_t> history_page(Txn& txn, const TenantId& tenant, Stream stream, std::int64_t first_day,
                                  std::int64_t last_day, std::int64_t position, int limit,
                                  const std::function<void(const HistoryRow&)>& on_row) {
  if (limit <= 0) return std::int64_t{0};
  const auto wanted = static_cast<std::size_t>(limit);
  std::vector<HistoryRow> page;
  std::int64_t from = TRY(day_to_start(txn, tenant, stream, first_day, position));
  for (;;) {
    std::optional<std::int64_t> day;
    TRY(txn.rows(Query::history_next_day, {tenant, static_cast<int>(stream), from, last_day},
                 [&](const Row& row) { day = row.integer(0); }));
    if (!day || (page.size() == wanted && *day > page.back().day + 1)) break;
    // A full page takes only what belongs before its end.
    const std::int64_t before = page.size() == wanted ? page.back().position : kNoPosition;
    TRY(txn.rows(Query::history_of_day, {tenant, static_cast<int>(stream), *day, position, before, limit},
                 [&](const Row& row) { page.push_back(read_row(row, tenant, stream)); }));
    std::sort(page.begin(), page.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
    if (page.size() > wanted) page.resize(wanted);
    from = *day + 1;
  }
  for (const HistoryRow& row : page) on_row(row);
  return static_cast<std::int64_t>(page.size());
}

Result<std::optional<std::int64_t>> history_day_before(Txn& txn, const TenantId& tenant, Stream stream,
                                                       std::int64_t day) {
  std::optional<std::int64_t> out;
  TRY(txn.rows(Query::history_day_before, {tenant, static_cast<int>(stream), day},
               [&](const Row& row) { out = row.integer(0); }));
  return out;
}

Result<std::int64_t> history_back(Txn& txn, const TenantId& tenant, Stream stream, HistoryPlace before, int limit,
                                  const std::function<void(const HistoryRow&)>& on_row) {
  return txn.rows(Query::history_of_day_back,
                  {tenant, static_cast<int>(stream), before.day, before.position, limit},
                  [&](const Row& row) { on_row(read_row(row, tenant, stream)); });
}

Result<std::int64_t> history_by_tag(Txn& txn, const TenantId& tenant, const TagQuery& query,
                                    const std::function<void(const HistoryRow&)>& on_row) {
  const Query by = query.field == history::IndexedField::user ? Query::history_by_user_tag
                                                              : Query::history_by_number_tag;
  return txn.rows(by,
                  {tenant, static_cast<int>(query.stream), query.before.day, query.before.position, query.tag,
                   std::max(query.limit, 0)},
                  [&](const Row& row) { on_row(read_row(row, tenant, query.stream)); });
}

// The index leads with the stream: each is asked for the page, and the rows are merged.
Result<std::int64_t> history_of_epoch(Txn& txn, const TenantId& tenant, const EpochQuery& query,
                                      const std::function<void(const HistoryRow&)>& on_row) {
  if (query.limit <= 0) return std::int64_t{0};
  const auto wanted = static_cast<std::size_t>(query.limit);
  std::vector<HistoryRow> page;
  for (const Stream stream : kStreams) {
    const std::int64_t before = page.size() == wanted ? page.back().position : kNoPosition;
    TRY(txn.rows(Query::history_of_epoch,
                 {tenant, static_cast<int>(stream), query.day, query.position, before, ByteView(query.epoch),
                  query.limit},
                 [&](const Row& row) { page.push_back(read_row(row, tenant, stream)); }));
    std::sort(page.begin(), page.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
    if (page.size() > wanted) page.resize(wanted);
  }
  for (const HistoryRow& row : page) on_row(row);
  return static_cast<std::int64_t>(page.size());
}

Result<std::int64_t> delete_history(Txn& txn, const TenantId& tenant, DayRange days, int limit) {
  std::int64_t deleted = 0;
  for (const Stream stream : kStreams) {
    if (deleted >= limit) break;
    deleted += TRY(txn.change(Query::delete_history,
                              {tenant, static_cast<int>(stream), days.first, days.last, limit - deleted}));
  }
  return deleted;
}

Result<std::int64_t> count_history(Txn& txn, const TenantId& tenant, Stream stream) {
  std::int64_t count = 0;
  TRY(txn.rows(Query::count_history, {tenant, static_cast<int>(stream)},
               [&](const Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::int64_t> count_history(Txn& txn, const TenantId& tenant, DayRange days) {
  std::int64_t count = 0;
  TRY(txn.rows(Query::count_history_of_days, {tenant, days.first, days.last},
               [&](const Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::optional<Bytes>> server_value(Txn& txn, std::string_view name) {
  std::optional<Bytes> out;
  TRY(txn.rows(Query::server_value, {name}, [&](const Row& row) {
    const ByteView value = row.bytes(0);
    out = Bytes(value.begin(), value.end());
  }));
  return out;
}

Result<void> insert_server_value(Txn& txn, std::string_view name, ByteView value) {
  TRY(txn.change(Query::insert_server_value, {name, value}));
  return {};
}

Result<void> note_change(Txn& txn, std::string_view key, Instant now) {
  TRY(txn.change(Query::note_change, {key, now}));
  return {};
}

Result<std::int64_t> changes_since(Txn& txn, std::int64_t seq, Instant since,
                                   const std::function<void(std::string_view key)>& on_key) {
  std::int64_t newest = seq;
  TRY(txn.rows(Query::changes_since, {seq, since}, [&](const Row& row) {
    newest = std::max(newest, row.integer(0));
    on_key(row.text(1));
  }));
  return newest;
}

Result<std::int64_t> delete_changes_before(Txn& txn, Instant before) {
  return txn.change(Query::delete_changes_before, {before});
}

}  // namespace countersign::store
