#include "server/sweeper.h"

#include <future>

#include "flow/notices.h"
#include "flow/push.h"
#include "store/attempts.h"
#include "store/history.h"
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
constexpr int kBatch = 1'000;            // rows deleted in one transaction

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
}

void Sweeper::hear() {
  const Instant now = ports_.flow.clock.now();
  const auto newest = store::read(ports_.flow.store, [&](store::Txn& txn) {
    return store::changes_since(txn, heard_, now - kLookBack, [&](std::string_view key) { ports_.flow.wake(key); });
  });
  if (newest) heard_ = std::max(heard_, *newest);
}

}  // namespace countersign::server
