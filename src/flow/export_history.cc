#include "flow/export_history.h"

#include <algorithm>
#include <set>

#include "core/codec/hex.h"
#include "core/history/export.h"
#include "flow/canaries.h"
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
  struct One {
    store::HistoryRow row;
    std::uint64_t number = 0;
    bool canary = false;
  };
  std::vector<One> rows;
  std::uint64_t people = 0;  // of the rows, those that are no canaries
  std::int64_t last = 0;     // position
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
    event.intent = query_.intent;
    event.object = "history";
    return event;
  }

  // The rows of people, or the canaries, among the first `count` of a page.
  static std::vector<ledger::RowSet> named(const std::string& epoch, const Page& page, std::size_t count,
                                           bool canaries) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < count; ++i) {
      if (page.rows[i].canary == canaries) numbers.push_back(page.rows[i].number);
    }
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());  // as altered rows may claim
    if (numbers.empty()) return {};
    return {{.epoch = epoch, .rows = ledger::row_ranges(numbers), .count = numbers.size()}};
  }

  // How many of a page's rows may leave: so many of people, and the canaries among them.
  static std::size_t leaving(const Page& page, std::uint64_t people) {
    std::size_t count = 0;
    while (count < page.rows.size() && (page.rows[count].canary || people > 0)) {
      people -= page.rows[count++].canary ? 0 : 1;
    }
    return count;
  }

  // How many rows may leave, and why no more.
  struct Leave {
    std::size_t rows = 0;
    std::optional<Error> refusal;
  };

  // Takes the rows out of the reader's budget and records them, in one transaction. Canaries that leave have an event
  // of their own: it marks the export, and no count of people holds them.
  Result<Leave> record_rows(const std::string& epoch, const Page& page) const {
    Leave out;
    TRY(write_again(ports_.store, [&](store::Txn& txn) -> Result<void> {
      ledger::Event event = event_of(ledger::EventType::export_);
      const std::string bulk = TRY(touch_canaries(ports_, txn, event, named(epoch, page, page.rows.size(), true)));
      if (!bulk.empty()) {
        out = {0, Error{Errc::refused, bulk}};
        return {};
      }
      const Grasp grasp = TRY(take_rows(ports_, txn, event, page.people));
      out = {leaving(page, grasp.rows), {}};
      event.rows = named(epoch, page, out.rows, false);
      event.count = event.rows.empty() ? 0 : event.rows.front().count;
      if (!grasp.refusal.empty()) {
        out.refusal = Error{Errc::exhausted, grasp.refusal};
        event.outcome = ledger::Outcome::capped;
        event.detail = grasp.refusal;
      }
      std::vector<ledger::Event> events = {event};
      ledger::Event mark = event_of(ledger::EventType::canary);
      mark.rows = named(epoch, page, out.rows, true);
      mark.count = mark.rows.empty() ? 0 : mark.rows.front().count;
      if (mark.count > 0) events.push_back(std::move(mark));
      return record(txn, events);
    }));
    return out;
  }

  Result<Page> next_page(const store::StoredEpoch& epoch, const history::CanaryMarks& marks,
                         std::int64_t after) const {
    return store::read(ports_.store, [&](store::Txn& txn) -> Result<Page> {
      Page page;
      const store::EpochQuery query{epoch.day, epoch.id, after, kPageRows};
      page.seen = TRY(store::history_of_epoch(txn, epoch.tenant, query, [&](const store::HistoryRow& row) {
        page.last = row.position;
        const auto place = history::place_of(row.sealed);
        if (!place) return;  // altered in the database; the trailer will tell
        page.rows.push_back({row, place->number, is_canary(marks, row)});
        if (!page.rows.back().canary) ++page.people;
      }));
      return page;
    });
  }

  Result<bool> put_epoch(const store::StoredEpoch& epoch) {
    if (!lines_.put(history::ExportEpoch{epoch.header, epoch.trailer})) return false;
    const history::CanaryMarks marks = TRY(canary_marks(ports_, epoch.tenant, epoch.id));
    const std::string name = codec::to_hex(epoch.id);
    for (std::int64_t after = 0;;) {  // a page at a time, so that no transaction lasts long
      const Page page = TRY(next_page(epoch, marks, after));
      if (page.seen == 0) return true;
      const Leave leave = TRY(record_rows(name, page));
      for (std::size_t i = 0; i < leave.rows; ++i) {
        const store::HistoryRow& row = page.rows[i].row;
        const std::string open = record::open_part(row.tenant, name_of(row.stream), row.day, row.id);
        if (!lines_.put(history::ExportRow{row.sealed, open})) return false;
        ++rows_;
      }
      if (leave.refusal) {
        refusal_recorded_ = true;
        return *leave.refusal;
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

}  // namespace

Result<void> check_export_days(const store::DayRange& days) {
  if (days.first < 0 || days.last > history::kDayMax || days.first > days.last) {
    return Error{Errc::malformed, "the first day must not be after the last"};
  }
  if (days.last - days.first >= kExportDaysMax) return Error{Errc::malformed, "an export has at most 400 days"};
  return {};
}

Result<void> export_history(const Ports& ports, const Reader& reader, const ExportQuery& query,
                            const std::function<bool(std::string_view)>& on_line) {
  TRY(check_export_days(query.days));
  Exporting exporting(ports, reader, query, on_line);
  const Result<void> done = exporting.run();
  if (done || done.error().code == Errc::unavailable || exporting.refusal_recorded()) return done;
  return exporting.refuse(done.error());
}

}  // namespace countersign::flow
