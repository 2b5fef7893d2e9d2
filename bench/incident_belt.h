// Between those who make the rows of a month and the one who writes them.
#pragma once

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "store/breach.h"
#include "store/epochs.h"
#include "store/history.h"
#include "store/ledger.h"

namespace countersign::bench {

constexpr std::size_t kAhead = 8;  // pieces that wait for the writer

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "incident_seed: %s\n", result.error().what.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// What a worker makes and the writer puts into the database.
struct Piece {
  struct Growth {
    ledger::Edge before, after;
    std::vector<store::LedgerEntry> entries;
    std::vector<store::CompletedNode> nodes;
  };
  std::vector<store::StoredEpoch> epochs;
  std::vector<store::HistoryRow> rows;
  std::vector<store::Dispatch> dispatches;
  std::vector<Growth> growths;
};

// Pieces of work on their way from the workers; each worker's in the order in which it made them.
class Belt {
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  int workers_;

 public:
  explicit Belt(int workers) : workers_(workers) {}
  void put(Piece piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pieces_.size() < kAhead; });
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    --workers_;
    changed_.notify_all();
  }
  std::optional<Piece> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !pieces_.empty() || workers_ == 0; });
    if (pieces_.empty()) return std::nullopt;
    Piece out = std::move(pieces_.front());
    pieces_.pop_front();
    changed_.notify_all();
    return out;
  }
};

inline Result<void> insert_closed(store::Txn& txn, const store::StoredEpoch& epoch) {
  store::OpenEpoch open;
  open.tenant = epoch.tenant, open.day = epoch.day, open.id = epoch.id;
  open.writer = epoch.writer, open.header = epoch.header;
  TRY(store::insert_epoch(txn, open));
  TRY(store::close_epoch(txn, epoch));
  return {};
}

inline Result<void> write(store::Txn& txn, const Piece& piece) {
  for (const store::StoredEpoch& epoch : piece.epochs) TRY(insert_closed(txn, epoch));
  for (const store::HistoryRow& row : piece.rows) TRY(store::append_history(txn, row));
  for (const store::Dispatch& one : piece.dispatches) TRY(store::insert_dispatch(txn, one));
  for (const Piece::Growth& one : piece.growths) {
    TRY(store::append_ledger(txn, one.before, one.after, one.entries, one.nodes));
  }
  return {};
}

}  // namespace countersign::bench
