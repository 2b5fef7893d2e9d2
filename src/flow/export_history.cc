#include "flow/export_history.h"

#include <algorithm>
#include <set>

#include "core/codec/hex.h"
#include "core/history/export.h"
#include "flow/custody.h"
#include "flow/guards.h"
#include "flow/key_exchange.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

constexpr int kPageRows = 500;

using OnLine = std::function<bool(std::string_view line)>;

// Sent on in the order of the file. False: nobody listens any more.
class Lines {
  const OnLine& on_line_;
  bool heard_ = true;

 public:
  explicit Lines(const OnLine& on_line) : on_line_(on_line) {}
  bool put(const history::ExportLine& line) {
    heard_ = heard_ && on_line_(history::encode(line));
    return heard_;
  }
};

struct Page {
  std::vector<store::HistoryRow> rows;
  std::vector<std::uint64_t> numbers;
  std::int64_t last = 0;  // position
  std::int64_t seen = 0;
};

class Exporting {
  const Ports& ports_;
  const Reader& reader_;
  const ExportQuery& query_;
  Lines lines_;
  std::uint64_t rows_ = 0;
  bool refusal_recorded_ = false;

  ledger::Event event_of(ledger::EventType type) const {
    ledger::Event event = begin_event(ports_, type, query_.tenant, reader_.actor);
    event.purpose = reader_.purpose;
    event.case_reference = reader_.case_reference;
    event.object = "history";
    return event;
  }

  // Takes the rows out of the reader's budget and records them, in one transaction; how many may leave.
  Result<Grasp> record_rows(const ledger::Event& event, const std::string& epoch,
                            const std::vector<std::uint64_t>& numbers) const {
    Grasp grasp;
    TRY(write_again(ports_.store, [&](store::Txn& txn) -> Result<void> {
      grasp = TRY(take_rows(ports_, txn, event, numbers.size()));
      ledger::Event noted = event;
      const auto end = numbers.begin() + static_cast<std::ptrdiff_t>(grasp.rows);
      std::vector<std::uint64_t> taken(numbers.begin(), end);
      std::ranges::sort(taken);
      taken.erase(std::ranges::unique(taken).begin(), taken.end());  // as altered rows may claim
      noted.count = taken.size();
      if (!taken.empty()) noted.rows = {{.epoch = epoch, .rows = ledger::row_ranges(taken), .count = noted.count}};
      if (!grasp.refusal.empty()) {
        noted.outcome = ledger::Outcome::capped;
        noted.detail = grasp.refusal;
      }
      return record(txn, {noted});
    }));
    return grasp;
  }

  Result<Page> next_page(const store::StoredEpoch& epoch, std::int64_t after) const {
    return store::read(ports_.store, [&](store::Txn& txn) -> Result<Page> {
      Page page;
      const store::EpochQuery query{epoch.day, epoch.id, after, kPageRows};
      page.seen = TRY(store::history_of_epoch(txn, epoch.tenant, query, [&](const store::HistoryRow& row) {
        page.last = row.position;
        const auto place = history::place_of(row.sealed);
        if (!place) return;  // altered in the database; the trailer will tell
        page.rows.push_back(row);
        page.numbers.push_back(place->number);
      }));
      return page;
    });
  }

  Result<bool> put_epoch(const store::StoredEpoch& epoch) {
    if (!lines_.put(history::ExportEpoch{epoch.header, epoch.trailer})) return false;
    const std::string name = codec::to_hex(epoch.id);
    for (std::int64_t after = 0;;) {  // a page at a time, so that no transaction lasts long
      const Page page = TRY(next_page(epoch, after));
      if (page.seen == 0) return true;
      const Grasp grasp = TRY(record_rows(event_of(ledger::EventType::export_), name, page.numbers));
      for (std::size_t i = 0; i < grasp.rows; ++i) {
        const store::HistoryRow& row = page.rows[i];
        const std::string open = record::open_part(row.tenant, name_of(row.stream), row.day, row.id);
        if (!lines_.put(history::ExportRow{row.sealed, open})) return false;
        ++rows_;
      }
      if (!grasp.refusal.empty()) {
        refusal_recorded_ = true;
        return Error{Errc::exhausted, grasp.refusal};
      }
      after = page.last;
    }
  }

  // Keys that leave open whole days: one event for all of them, before the first.
  Result<bool> put_keys(const std::set<std::int64_t>& days) {
    std::vector<history::ExportDay> keys;
    for (const std::int64_t day : days) {
      TRY(adopt_keys(ports_, query_.tenant, history::month_of(day)));
      const keys::Release why{query_.tenant, reader_.actor.credential, reader_.purpose};
      keys.push_back({day, TRY(ports_.keys.release_day(why, day))});
    }
    ledger::Event event = event_of(ledger::EventType::key_release);
    event.days.assign(days.begin(), days.end());
    event.count = days.size();
    TRY(write_again(ports_.store, [&](store::Txn& txn) -> Result<void> {
      TRY(take_rows(ports_, txn, event, 0));  // one more tenant counts, whether its rows leave now or earlier
      return record(txn, {event});
    }));
    for (history::ExportDay& key : keys) {
      if (!lines_.put(std::move(key))) return false;
    }
    return true;
  }

 public:
  Exporting(const Ports& ports, const Reader& reader, const ExportQuery& query, const OnLine& on_line)
      : ports_(ports), reader_(reader), query_(query), lines_(on_line) {}

  bool refusal_recorded() const { return refusal_recorded_; }

  Result<void> run() {
    const CustodyView view = TRY(custody_of(ports_, query_.tenant));
    const std::vector<store::StoredEpoch> epochs = TRY(store::read(ports_.store, [&](store::Txn& txn) {
      return store::epochs_of(txn, query_.tenant, query_.days.first, query_.days.last);
    }));
    const bool with_rows = query_.keys != DayKeys::alone;
    lines_.put(history::ExportHead{query_.tenant, view.tenant.name, query_.days.first, query_.days.last,
                                   ports_.clock.now()});
    for (const store::KeySlot& slot : view.slots) {
      const auto key = std::ranges::find_if(view.recipients, [&](const auto& one) { return one.id == slot.recipient; });
      if (key == view.recipients.end()) continue;
      lines_.put(history::ExportSlot{slot.id, slot.kind, slot.name, key->key, slot.credential, slot.salt,
                                     slot.wrapped});
    }
    if (query_.keys != DayKeys::none) {
      std::set<std::int64_t> days;
      for (const store::StoredEpoch& epoch : epochs) days.insert(epoch.day);
      if (!days.empty() && !TRY(put_keys(days))) return {};
    }
    for (const store::StoredEpoch& epoch : epochs) {
      if (with_rows && !TRY(put_epoch(epoch))) return {};
    }
    lines_.put(history::ExportEnd{rows_});
    return {};
  }

  // The caller hears why only once that is durable.
  Error refuse(const Error& why) const {
    const bool keys = query_.keys == DayKeys::alone;
    ledger::Event event = event_of(keys ? ledger::EventType::key_release : ledger::EventType::export_);
    event.outcome = why.code == Errc::exhausted ? ledger::Outcome::capped : ledger::Outcome::denied;
    event.detail = why.what;
    const Result<void> recorded = record_now(ports_, event);
    return recorded ? why : recorded.error();
  }
};

Result<void> check(const store::DayRange& days) {
  if (days.first < 0 || days.last > history::kDayMax || days.first > days.last) {
    return Error{Errc::malformed, "the first day must not be after the last"};
  }
  if (days.last - days.first >= kExportDaysMax) return Error{Errc::malformed, "an export has at most 400 days"};
  return {};
}

}  // namespace

Result<void> export_history(const Ports& ports, const Reader& reader, const ExportQuery& query,
                            const std::function<bool(std::string_view)>& on_line) {
  TRY(check(query.days));
  Exporting exporting(ports, reader, query, on_line);
  const Result<void> done = exporting.run();
  if (done || done.error().code == Errc::unavailable || exporting.refusal_recorded()) return done;
  return exporting.refuse(done.error());
}

}  // namespace countersign::flow
