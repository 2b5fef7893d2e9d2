#include "flow/close_epochs.h"

#include <map>

#include "core/codec/hex.h"
#include "core/history/epoch.h"
#include "core/record/auth_event.h"
#include "flow/canaries.h"
#include "flow/history_book.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "store/epochs.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

constexpr int kPageRows = 2'000;

// The hashes of an epoch's rows, in the order of their numbers; its canaries are counted.
Result<std::vector<Bytes>> hashes_of(const Ports& ports, store::StoredEpoch& epoch) {
  const history::CanaryMarks marks = TRY(canary_marks(ports, epoch.tenant, epoch.id));
  std::map<std::uint64_t, Bytes> by_number;
  std::int64_t position = 0;
  for (std::int64_t got = kPageRows; got == kPageRows;) {
    got = TRY(store::read(ports.store, [&](store::Txn& txn) {
      return store::history_of_epoch(txn, epoch.tenant, {epoch.day, epoch.id, position, kPageRows},
                                     [&](const store::HistoryRow& row) {
                                       position = row.position;
                                       const Result<history::RowPlace> place = history::place_of(row.sealed);
                                       if (!place) return;  // history_of_epoch found the epoch in it
                                       const std::string open =
                                           record::open_part(row.tenant, name_of(row.stream), row.day, row.id);
                                       by_number[place->number] = history::row_hash(open, row.sealed);
                                       if (is_canary(marks, row)) ++epoch.canaries;
                                     });
    }));
  }
  std::vector<Bytes> out;
  for (auto& [number, hash] : by_number) out.push_back(std::move(hash));
  return out;
}

Result<void> close(const Ports& ports, store::StoredEpoch epoch) {
  const std::vector<Bytes> hashes = TRY(hashes_of(ports, epoch));
  const history::EpochTrailer trailer = TRY(history::trailer_of(epoch.id, hashes));
  epoch.rows = trailer.rows;
  epoch.trailer = history::encode(trailer);
  ledger::Actor service;
  service.kind = "service";
  ledger::Event event = begin_event(ports, ledger::EventType::epoch_closed, epoch.tenant, service);
  event.object = codec::to_hex(epoch.id);
  event.count = trailer.rows;
  event.days = {epoch.day};
  event.detail = codec::to_hex(epoch.trailer);
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::close_epoch(txn, epoch))) return {};  // another node was first
    return record(txn, {event});
  });
}

}  // namespace

Result<int> close_epochs(const Ports& ports) {
  const std::int64_t before = record::day_of(ports.clock.now() - kEpochGrace);
  ports.history->forget_before(before);
  const auto open = TRY(store::read(
      ports.store, [&](store::Txn& txn) { return store::unclosed_epochs(txn, before, kEpochsARound); }));
  for (const store::StoredEpoch& epoch : open) TRY(close(ports, epoch));
  return static_cast<int>(open.size());
}

}  // namespace countersign::flow
