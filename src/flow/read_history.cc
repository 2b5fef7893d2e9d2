#include "flow/read_history.h"

#include <vector>

#include "core/record/stored_event.h"
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

struct Opened {
  Instant at;
  std::string json;
};

template <class Event>
Result<Opened> as_log(const store::HistoryRow& row, std::string_view text) {
  Event event;
  event.id = row.id;
  event.tenant = row.tenant;
  TRY(record::decode(text, event));
  return Opened{event.at, record::to_log_json(event)};
}

Result<Opened> open_row(const Ports& ports, const store::HistoryRow& row) {
  const std::string open = record::open_part(row.tenant, name_of(row.stream), row.day, row.id);
  const std::string text = TRY(ports.keys.open_history(row.tenant, open, row.sealed));
  switch (row.stream) {
    case store::Stream::authentication: return as_log<record::AuthEvent>(row, text);
    case store::Stream::activity: return as_log<record::ActivityEvent>(row, text);
    case store::Stream::telephony: break;
  }
  return Error{Errc::malformed, "no message has been sent by this version"};
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
      const auto [at, json] = TRY(open_row(ports, row));
      if ((range.from && at < *range.from) || (range.to && at >= *range.to)) continue;
      if (!on_event(at, json)) return {};
    }
    if (page.size() < kPageRows) return {};
  }
}

}  // namespace countersign::flow
