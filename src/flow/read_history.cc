#include "flow/read_history.h"

#include <vector>

#include "flow/sign_in.h"

namespace countersign::flow {
namespace {

inline constexpr int kPageRows = 500;
inline constexpr std::int64_t kLastDay = 1'000'000;  // the year 4707

std::string_view name_of(store::Stream stream) {
  switch (stream) {
    case store::Stream::authentication: return kAuthenticationStream;
    case store::Stream::activity: return kActivityStream;
    case store::Stream::telephony: return "telephony";
  }
  return {};
}

}  // namespace

Result<void> read_history(const Ports& ports, const TenantId& tenant, store::Stream stream, const HistoryRange& range,
                          const std::function<bool(Instant at, const std::string& json)>& on_event) {
  const std::int64_t first = range.from ? record::day_of(*range.from) : 0;
  const std::int64_t last = range.to ? record::day_of(*range.to) : kLastDay;
  std::int64_t position = 0;
  while (true) {
    const auto page = TRY(store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<store::HistoryRow>> {
      std::vector<store::HistoryRow> rows;
      TRY(store::history_page(txn, tenant, stream, first, last, position, kPageRows,
                              [&](const store::HistoryRow& row) { rows.push_back(row); }));
      return rows;
    }));
    for (const store::HistoryRow& row : page) {
      position = row.position;
      const std::string open = record::open_part(tenant, name_of(stream), row.day, row.id);
      const std::string json = TRY(ports.keys.open_history(tenant, open, row.sealed));
      const Instant at = TRY(record::time_of_log_json(json));
      if ((range.from && at < *range.from) || (range.to && at >= *range.to)) continue;
      if (!on_event(at, json)) return {};
    }
    if (page.size() < kPageRows) return {};
  }
}

}  // namespace countersign::flow
