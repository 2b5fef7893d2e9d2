#include "flow/opened_rows.h"

#include "core/codec/hex.h"
#include "core/record/stored_event.h"
#include "flow/canaries.h"
#include "flow/guards.h"
#include "flow/history_book.h"
#include "flow/key_exchange.h"
#include "flow/ledger.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kReleasesKept = 64;  // keys of epochs held by one reading

template <class Event>
Result<OpenedEvent> decoded(const store::HistoryRow& row, std::string_view text) {
  Event event;
  event.id = row.id;
  event.tenant = row.tenant;
  TRY(record::decode(text, event));
  return OpenedEvent(std::move(event));
}

Result<OpenedEvent> decode(const store::HistoryRow& row, std::string_view text) {
  switch (row.stream) {
    case store::Stream::authentication: return decoded<record::AuthEvent>(row, text);
    case store::Stream::activity: return decoded<record::ActivityEvent>(row, text);
    case store::Stream::telephony: break;
  }
  return Error{Errc::malformed, "no message has been sent by this version"};
}

// Rows by epoch, in the order of their numbers.
std::vector<ledger::RowSet> row_sets(const std::vector<OpenedRow>& rows, std::uint64_t count) {
  std::map<history::EpochId, std::set<std::uint64_t>> by_epoch;
  for (std::uint64_t i = 0; i < count; ++i) by_epoch[rows[i].place.epoch].insert(rows[i].place.number);
  std::vector<ledger::RowSet> out;
  for (const auto& [epoch, numbers] : by_epoch) {
    out.push_back({.epoch = codec::to_hex(epoch),
                   .rows = ledger::row_ranges({numbers.begin(), numbers.end()}),
                   .count = numbers.size()});
  }
  return out;
}

}  // namespace

Instant time_of(const OpenedEvent& event) {
  return std::visit([](const auto& one) { return one.at; }, event);
}

std::string log_json_of(const OpenedEvent& event) {
  return std::visit([](const auto& one) { return record::to_log_json(one); }, event);
}

Result<const history::EpochKey*> Opener::key_of(const store::HistoryRow& row, const history::EpochId& id) {
  if (const auto known = keys_.find(id); known != keys_.end()) return &known->second;
  const auto stored = TRY(store::read(
      ports_.store, [&](store::Txn& txn) { return store::epoch_by_id(txn, tenant_, row.day, id); }));
  if (!stored) return Error{Errc::refused, "a row of history stands in a day that its epoch is not of"};
  // No key goes out where nothing could say so afterwards.
  if (ports_.store.room().space != store::Space::enough) return store::no_room();
  const history::EpochHeader header = TRY(history::decode_header(stored->header));
  TRY(adopt_keys(ports_, tenant_, history::month_of(header.day)));
  const keys::Release why{tenant_, reader_.actor.credential, reader_.purpose};
  const Secret key = TRY(ports_.keys.release_epoch(why, header));
  history::EpochKey ready = TRY(history::EpochKey::make(header, key));
  if (keys_.size() >= kReleasesKept) keys_.clear();
  released_.insert(row.day);
  return &keys_.emplace(id, std::move(ready)).first->second;
}

Result<OpenedRow> Opener::open(const store::HistoryRow& row) {
  const Result<history::RowPlace> place = history::place_of(row.sealed);
  if (!place) return Error{Errc::refused, "a row of history was altered: it is of no form"};
  const history::EpochKey* key = TRY(key_of(row, place->epoch));
  const std::string open_part = record::open_part(tenant_, name_of(row.stream), row.day, row.id);
  const std::string text = TRY(key->open(open_part, row.sealed));
  return OpenedRow{*place, row.day, TRY(decode(row, text)), record::is_canary(text)};
}

std::vector<std::int64_t> Opener::take_released() {
  std::vector<std::int64_t> out(released_.begin(), released_.end());
  released_.clear();
  return out;
}

Result<Recorded> record_reading(const Ports& ports, store::Txn& txn, const Reading& reading) {
  ledger::Event event =
      begin_event(ports, ledger::EventType::read, reading.query.tenant, reading.reader.actor);
  event.purpose = reading.reader.purpose;
  event.case_reference = reading.reader.case_reference;
  event.object = name_of(reading.query.stream);
  event.days = reading.released;
  if (reading.canaries) {
    const auto touched = row_sets(*reading.canaries, reading.canaries->size());
    const std::string bulk = TRY(touch_canaries(ports, txn, event, touched));
    if (!bulk.empty()) return Recorded{0, bulk, Errc::refused};
  }
  const Grasp grasp = TRY(take_rows(ports, txn, event, reading.rows.size()));
  event.rows = row_sets(reading.rows, grasp.rows);
  event.count = grasp.rows;
  std::vector<ledger::Event> events = {event};
  if (!grasp.refusal.empty()) {
    ledger::Event capped = begin_event(ports, ledger::EventType::read, event.tenant, event.actor);
    capped.outcome = ledger::Outcome::capped;
    capped.purpose = event.purpose;
    capped.case_reference = event.case_reference;
    capped.object = event.object;
    capped.count = reading.rows.size() - grasp.rows;
    capped.detail = grasp.refusal;
    if (grasp.rows == 0 && event.days.empty()) events.clear();
    events.push_back(std::move(capped));
  }
  TRY(record(txn, events));
  return Recorded{grasp.rows, grasp.refusal, Errc::exhausted};
}

}  // namespace countersign::flow
