#include "server/sweeper.h"

#include <future>

#include "flow/break_glass.h"
#include "flow/mail.h"
#include "flow/notices.h"
#include "flow/push.h"
#include "flow/reseal.h"
#include "store/attempts.h"
#include "store/breach.h"
#include "store/history.h"
#include "store/mails.h"
#include "store/protection.h"
#include "store/push.h"
#include "store/visits.h"
#include "store/push.h"

namespace countersign::server {
namespace {

using std::chrono::minutes;

constexpr milliseconds kTick{200};       // design §5: how often other nodes' changes are asked for
constexpr milliseconds kExpireEvery{1'000};
constexpr milliseconds kCleanEvery{60'000};
constexpr std::chrono::hours kDaily{24};
constexpr minutes kChangesKept{10};
constexpr seconds kLookBack{5};          // sequence numbers may be committed out of order
constexpr std::chrono::hours kVisitsKept{1};         // a page loaded again still says how it ended
constexpr std::chrono::hours kNoticesKept{24 * 90};
constexpr std::chrono::hours kBudgetsKept{24 * 30};  // security §4.2.6: keyed digests of sources live 30 days
constexpr std::chrono::hours kExportsKept{24 * 90};  // what was done with them stays in the ledger
constexpr int kBatch = 1'000;            // rows of a table deleted in one transaction
constexpr int kBatchesMax = 100;         // of one table in one round: the next goes on

// What goes when its time is over, and how long after it.
struct Sweep {
  Result<std::int64_t> (*remove)(store::Txn& txn, Instant before, int limit);
  milliseconds kept;
};
constexpr Sweep kSweeps[] = {
    {store::delete_visits_before, kVisitsKept},
    {store::delete_spent_before, milliseconds(0)},
    {store::delete_browsers_before, milliseconds(0)},
    {store::delete_sessions_before, milliseconds(0)},
    {store::delete_fatigue_before, kBudgetsKept},
    {store::delete_notices_before, kNoticesKept},
    {store::expire_exports, milliseconds(0)},
    {store::delete_exports_before, kExportsKept},
    {store::delete_mails_before, flow::kMailsKept},
};

}  // namespace

Sweeper::Sweeper(SweeperPorts ports, Nodes nodes)
    : ports_(std::move(ports)), nodes_(nodes), thread_([this] { run(); }) {}

Sweeper::~Sweeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Sweeper::run() {
  const milliseconds tick = nodes_ == Nodes::several ? kTick : kExpireEvery;
  milliseconds since_expire{0};
  milliseconds since_clean{0};
  milliseconds since_daily{0};
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, tick, [this] { return stopping_; })) {
    lock.unlock();
    if (nodes_ == Nodes::several && ports_.somebody_waits()) hear();
    if (nodes_ == Nodes::several) follow();
    if ((since_expire += tick) >= kExpireEvery) {
      since_expire = milliseconds(0);
      expire();
    }
    if ((since_clean += tick) >= kCleanEvery) {
      since_clean = milliseconds(0);
      clean();
    }
    if ((since_daily += tick) >= kDaily) {
      since_daily = milliseconds(0);
      ports_.daily();
    }
    lock.lock();
  }
}

void Sweeper::expire() {
  std::promise<Result<int>> ended;
  flow::expire_attempts(ports_.flow, [&](Result<int> count) { ended.set_value(std::move(count)); });
  const Result<int> count = ended.get_future().get();
  if (!count) ports_.log.warn("sweeper.not_expired", oplog::field(record::detail, count.error().what));
  const Result<void> tended = flow::tend_glass(ports_.flow);
  if (!tended) ports_.log.warn("sweeper.glass_not_tended", oplog::field(record::detail, tended.error().what));
}

void Sweeper::clean() {
  const Instant now = ports_.flow.clock.now();
  const auto done = store::write_and_wait(ports_.flow.store, [&](store::Txn& txn) -> Result<std::int64_t> {
    const std::int64_t gone = TRY(store::delete_attempts_before(txn, now - ports_.flow.settings.attempt_kept, kBatch));
    TRY(store::delete_changes_before(txn, now - kChangesKept));
    TRY(store::delete_notices_before(txn, now - flow::kNoticesKept, kBatch));
    return gone;
  });
  if (!done) ports_.log.warn("sweeper.not_cleaned", oplog::field(record::detail, done.error().what));
  const Result<std::int64_t> swept = sweep(ports_.flow);
  if (!swept) ports_.log.warn("sweeper.not_cleaned", oplog::field(record::detail, swept.error().what));
}

Result<std::int64_t> sweep(const flow::Ports& ports) {
  const Instant now = ports.clock.now();
  std::int64_t all = 0;
  for (const Sweep& one : kSweeps) {
    std::int64_t gone = kBatch;
    for (int batch = 0; gone == kBatch && batch < kBatchesMax; ++batch) {
      gone = TRY(store::write_and_wait(
          ports.store, [&](store::Txn& txn) { return one.remove(txn, now - one.kept, kBatch); }));
      all += gone;
    }
  }
  return all;
}

void Sweeper::follow() {
  const Result<void> followed = flow::follow_root_key(ports_.flow);
  const std::string what = followed ? "" : followed.error().what;
  if (!what.empty() && what != not_followed_) ports_.log.error("keys.not_followed", oplog::field(record::detail, what));
  not_followed_ = what;
}

void Sweeper::hear() {
  const Instant now = ports_.flow.clock.now();
  const auto newest = store::read(ports_.flow.store, [&](store::Txn& txn) {
    return store::changes_since(txn, heard_, now - kLookBack, [&](std::string_view key) { ports_.flow.wake(key); });
  });
  if (newest) heard_ = std::max(heard_, *newest);
}

}  // namespace countersign::server
