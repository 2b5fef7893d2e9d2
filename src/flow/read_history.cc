#include "flow/read_history.h"

#include <limits>

#include "flow/history_book.h"
#include "flow/ledger.h"
#include "flow/opened_rows.h"
#include "flow/run_again.h"
#include "store/epochs.h"

namespace countersign::flow {
namespace {

constexpr int kPageRows = 500;
constexpr std::int64_t kLastDay = 1'000'000;  // the year 4707

using OnEvent = std::function<bool(const OpenedEvent&)>;

bool within(const HistoryQuery& query, Instant at) {
  return (!query.from || at >= *query.from) && (!query.to || at < *query.to);
}

Result<Recorded> record_page(const Ports& ports, const Reading& reading) {
  Recorded recorded;
  TRY(write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    recorded = TRY(record_reading(ports, txn, reading));
    return {};
  }));
  return recorded;
}

// Refusals are events too; the reader hears why he was refused only once that is durable.
Error refuse(const Ports& ports, const Reader& reader, const HistoryQuery& query, Error why) {
  ledger::Event event = begin_event(ports, ledger::EventType::read, query.tenant, reader.actor);
  event.outcome = why.code == Errc::exhausted ? ledger::Outcome::capped : ledger::Outcome::denied;
  event.purpose = reader.purpose;
  event.case_reference = reader.case_reference;
  event.object = name_of(query.stream);
  event.detail = why.what;
  const Result<void> recorded = record_now(ports, event);
  return recorded ? why : recorded.error();
}

// One reading from its first page to its last.
class Pages {
  const Ports& ports_;
  const Reader& reader_;
  const HistoryQuery& query_;
  Opener opener_;
  std::int64_t position_ = 0;
  bool refusal_recorded_ = false;

  Result<std::vector<store::HistoryRow>> next() {
    const std::int64_t first = query_.from ? record::day_of(*query_.from) : 0;
    const std::int64_t last = query_.to ? record::day_of(*query_.to) : kLastDay;
    return store::read(ports_.store, [&](store::Txn& txn) -> Result<std::vector<store::HistoryRow>> {
      std::vector<store::HistoryRow> rows;
      TRY(store::history_page(txn, query_.tenant, query_.stream, first, last, position_, kPageRows,
                              [&](const store::HistoryRow& row) { rows.push_back(row); }));
      return rows;
    });
  }

 public:
  Pages(const Ports& ports, const Reader& reader, const HistoryQuery& query)
      : ports_(ports), reader_(reader), query_(query), opener_(ports, reader, query.tenant) {}

  bool refusal_recorded() const { return refusal_recorded_; }

  // Whether there is more to read.
  Result<bool> give(const OnEvent& on_event) {
    const std::vector<store::HistoryRow> page = TRY(next());
    std::vector<OpenedRow> opened, canaries;
    for (const store::HistoryRow& row : page) {
      position_ = row.position;
      OpenedRow one = TRY(opener_.open(row));
      if (!within(query_, time_of(one.event))) continue;
      (one.canary ? canaries : opened).push_back(std::move(one));
    }
    const std::vector<std::int64_t> released = opener_.take_released();
    const Result<Recorded> recorded = record_page(ports_, {reader_, query_, opened, released, &canaries});
    if (!recorded) return recorded.error();
    for (std::uint64_t i = 0; i < recorded->rows; ++i) {
      if (!on_event(opened[i].event)) return false;
    }
    if (!recorded->refusal.empty()) {
      refusal_recorded_ = true;
      return Error{recorded->why, recorded->refusal};
    }
    return page.size() == kPageRows;
  }
};

Result<void> check_custody(const Ports& ports, const TenantId& tenant) {
  const store::Keeping keeping =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::keeping_of(txn, tenant); }));
  if (keeping.custody == store::Custody::service) return {};
  return Error{Errc::refused,
               "this tenant keeps its own keys: its history opens with `countersign reader`, at the tenant's side"};
}

}  // namespace

Result<void> read_history(const Ports& ports, const Reader& reader, const HistoryQuery& query,
                          const OnEvent& on_event) {
  const Result<void> ours = check_custody(ports, query.tenant);
  if (!ours) {
    return ours.error().code == Errc::refused ? refuse(ports, reader, query, ours.error()) : ours.error();
  }
  Pages pages(ports, reader, query);
  for (;;) {
    const Result<bool> more = pages.give(on_event);
    if (!more) {
      if (more.error().code == Errc::unavailable || pages.refusal_recorded()) return more.error();
      return refuse(ports, reader, query, more.error());
    }
    if (!*more) return {};
  }
}

}  // namespace countersign::flow
