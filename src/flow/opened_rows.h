// Opening sealed rows with keys that are released for one reading; the header of the files that read history only.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "flow/read_history.h"

namespace countersign::flow {

struct OpenedRow {
  history::RowPlace place;
  std::int64_t day = 0;
  OpenedEvent event;
  bool canary = false;  // about nobody: it goes no further
};

// The keys of one reading. They are wiped when it ends.
class Opener {
  const Ports& ports_;
  const Reader& reader_;
  TenantId tenant_;
  std::map<history::EpochId, history::EpochKey> keys_;
  std::set<std::int64_t> released_;  // days, since the last event

 public:
  Opener(const Ports& ports, const Reader& reader, TenantId tenant)
      : ports_(ports), reader_(reader), tenant_(std::move(tenant)) {}

  // Errors as read_history.
  Result<OpenedRow> open(const store::HistoryRow& row);
  // The days whose keys were released since this was last asked.
  std::vector<std::int64_t> take_released();

 private:
  Result<const history::EpochKey*> key_of(const store::HistoryRow& row, const history::EpochId& id);
};

struct Recorded {
  std::uint64_t rows = 0;  // how many of them may leave
  std::string refusal;     // why the others may not; empty: all
  Errc why = Errc::exhausted;  // refused: the reader was ended
};
// One page of a reading that is about to leave.
struct Reading {
  const Reader& reader;
  const HistoryQuery& query;
  const std::vector<OpenedRow>& rows;
  const std::vector<std::int64_t>& released;
  const std::vector<OpenedRow>* canaries = nullptr;  // that were on the page; nullptr: none
};
// Takes the rows out of the reader's budget and records the reading, or that it was refused, in the transaction given.
// conflict: the tree or the budget has moved on.
Result<Recorded> record_reading(const Ports& ports, store::Txn& txn, const Reading& reading);

}  // namespace countersign::flow
