#include "store/postgres/postgres_store.h"

#include <utility>

namespace countersign::store::postgres {
namespace {

constexpr int kStatementMs = 1500;
constexpr int kTries = 3;

}  // namespace

Result<std::unique_ptr<Connection>> Pool::borrow(Deadline deadline) {
  bool probing = false;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return !idle_.empty() || open_ < limits_.connections || away_; };
    if (!came_back_.wait_until(lock, deadline, ready)) {
      return Error{Errc::unavailable, "every connection to the database is busy"};
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    if (away_) {
      if (trying_ || std::chrono::steady_clock::now() < try_again_) return *away_;
      trying_ = probing = true;
    }
    ++open_;
  }
  return connect(deadline, probing);
}

Result<std::unique_ptr<Connection>> Pool::connect(Deadline deadline, bool probing) {
  const auto now = std::chrono::steady_clock::now();
  auto opened = Connection::open(url_, kStatementMs, std::min(deadline, now + limits_.connect_within));
  const std::lock_guard lock(mutex_);
  if (probing) trying_ = false;
  if (opened) {
    away_.reset();
  } else {
    --open_;
    away_ = opened.error();
    try_again_ = std::chrono::steady_clock::now() + limits_.rest;
  }
  came_back_.notify_all();
  return opened;
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> dead;  // closed outside the lock
  {
    const std::lock_guard lock(mutex_);
    if (connection->broken()) {
      dead.swap(idle_);
      dead.push_back(std::move(connection));
      open_ -= dead.size();
    } else {
      idle_.push_back(std::move(connection));
    }
  }
  came_back_.notify_all();
}

void Pool::rest(const Error& error) {
  const std::lock_guard lock(mutex_);
  away_ = error;
  try_again_ = std::chrono::steady_clock::now() + limits_.rest;
  came_back_.notify_all();
}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const std::string& url, Limits limits, OnSpace on_space) {
  TRY(migrate(url, Migrate::up));
  std::unique_ptr<PostgresStore> out(new PostgresStore(url, limits, std::move(on_space)));
  const Deadline deadline = out->from_now();
  auto connection = TRY(out->pool_.borrow(deadline));
  TRY(connection->prepare_all(deadline));
  out->pool_.give_back(std::move(connection));
  for (std::size_t i = 0; i < limits.writers; ++i) {
    out->writers_.emplace_back([store = out.get()] { store->write_loop(); });
  }
  return out;
}

PostgresStore::~PostgresStore() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_grew_.notify_all();
  for (std::thread& writer : writers_) writer.join();
}

void PostgresStore::write(Flow flow, Done done) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (queue_.size() < limits_.queue) {
      queue_.push_back({std::move(flow), std::move(done), from_now()});
      queue_grew_.notify_one();
      return;
    }
  }
  done(Error{Errc::exhausted, "too many writes are waiting for the database"});
}

void PostgresStore::write_loop() {
  for (;;) {
    Pending next;
    {
      std::unique_lock lock(queue_mutex_);
      queue_grew_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next.done(run(next.flow, Mode::writes, next.deadline));
  }
}

void PostgresStore::tell(Space now) {
  const std::lock_guard lock(told_mutex_);
  if (std::exchange(told_, now) != now) on_space_(now);
}

// A flow runs again when transactions got into each other's way, or when the connection proved dead before its commit.
Result<void> PostgresStore::run(const Flow& flow, Mode mode, Deadline deadline) {
  for (int tries = 1;; ++tries) {
    auto connection = TRY(pool_.borrow(deadline));
    const Space space = room().space;
    PostgresTxn txn(*connection, mode, deadline, space);
    auto failure = txn.run_flow(flow);
    pool_.give_back(std::move(connection));
    if (failure && failure->full_disk) {
      spare_until_ = std::chrono::steady_clock::now() + limits_.spare;
      tell(Space::short_of);
    }
    if (!failure) {
      if (mode == Mode::writes && space == Space::enough) tell(Space::enough);
      for (const auto& hook : txn.hooks()) hook();
      return {};
    }
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (late) pool_.rest(failure->error);
    if (!failure->again || late || tries == kTries) return std::move(failure->error);
  }
}

Result<void> PostgresStore::read(const Flow& flow) { return run(flow, Mode::reads, from_now()); }

Result<void> PostgresStore::ping() {
  return read([](Txn& txn) -> Result<void> {
    TRY(txn.rows(Query::ping, {}, [](const Row&) {}));
    return {};
  });
}

Result<std::vector<std::string>> migrate(const std::string& url, Migrate how) {
  const Limits limits;
  const auto connection =
      TRY(Connection::open(url, 0, std::chrono::steady_clock::now() + limits.connect_within));
  PostgresTarget target(*connection);
  return run_migrations(target, how);
}

}  // namespace countersign::store::postgres
