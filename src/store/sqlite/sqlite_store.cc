#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace countersign::store::sqlite {
namespace {

constexpr int kWriterCacheKib = 8192;  // all that an idle server has taken
constexpr int kReaderCacheKib = 24576;  // the inner pages of a table of five million users stay
constexpr int kLockedOutBusyMs = 50;   // once locked out, further batches answer at once until the lock is gone
constexpr milliseconds kCheckpointEvery{50};
constexpr int kRestartPages = 8192;    // 32 MiB: from here on the log is worth a short pause of the writer
constexpr int kSparingPages = 256;     // the same while room is short
constexpr seconds kTendEvery{1};       // the reserve

// Data files are for this user alone, whatever the umask says; SQLite gives the log files the mode of the database.
Result<void> make_file(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Error{Errc::unavailable, "cannot open " + file.string() + ": " + std::strerror(errno) +
                                        "; check that the folder exists and belongs to this user"};
  }
  ::close(fd);
  return {};
}

}  // namespace

SqliteStore::SqliteStore(std::filesystem::path file, Limits limits, Reserving reserving)
    : file_(std::move(file)), limits_(limits), reserve_(file_, std::move(reserving)) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file, Limits limits,
                                                       Reserving reserving) {
  TRY(make_file(file));
  std::unique_ptr<SqliteStore> out(new SqliteStore(file, limits, std::move(reserving)));
  const Opening writing = {.path = file.string(), .cache_kib = kWriterCacheKib, .busy_ms = limits.busy_ms};
  out->writer_ = TRY(Connection::open(writing));
  SqliteTarget target(*out->writer_);
  TRY(run_migrations(target, Migrate::up));
  TRY(out->writer_->prepare_all());
  out->checkpointer_ = TRY(Connection::open({.path = file.string(), .cache_kib = 64, .busy_ms = 20}));
  sqlite3_wal_hook(
      out->writer_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteStore*>(self)->wal_pages_.store(pages, std::memory_order_relaxed);
        return SQLITE_OK;
      },
      out.get());
  out->checkpoint_thread_ = std::thread([store = out.get()] { store->checkpoint_loop(); });
  out->writer_thread_ = std::thread([store = out.get()] { store->write_loop(); });
  return out;
}

SqliteStore::~SqliteStore() {
  if (writer_thread_.joinable()) {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    queue_grew_.notify_one();
    writer_thread_.join();
  }
  if (checkpoint_thread_.joinable()) {
    {
      const std::lock_guard lock(checkpoint_mutex_);
      checkpoint_stops_ = true;
    }
    checkpoint_wanted_.notify_one();
    checkpoint_thread_.join();
  }
}

void SqliteStore::write(Flow flow, Done done) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (queue_.size() < limits_.queue) {
      queue_.push_back({std::move(flow), std::move(done), {}, {}});
      if (std::exchange(writer_waits_, false)) queue_grew_.notify_one();
      return;
    }
  }
  done(Error{Errc::exhausted, "too many writes are waiting for the database"});
}

void SqliteStore::write_loop() {
  std::vector<Pending> batch;
  for (;;) {
    {
      std::unique_lock lock(queue_mutex_);
      while (queue_.empty() && !stopping_) {
        writer_waits_ = true;
        queue_grew_.wait(lock);
      }
      writer_waits_ = false;
      if (queue_.empty()) return;
      while (!queue_.empty() && batch.size() < limits_.batch) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    run(batch);
    for (Pending& pending : batch) {
      if (pending.result) {
        for (const auto& hook : pending.hooks) hook();
      }
      pending.done(std::move(pending.result));
    }
    batch.clear();
  }
}

// A batch that met a full disk runs again on what the reserve gives back, as long as there is some.
void SqliteStore::run(std::vector<Pending>& batch) {
  pause_writer_.wait(true);
  const std::lock_guard lock(write_lock_);
  do {
    writer_->forget_full_disk();
    try_to_run(batch);
  } while (writer_->met_full_disk() && reserve_.give());
}

// Everything or nothing of the batch becomes durable; a flow that failed is undone alone, but for want of room all are.
void SqliteStore::try_to_run(std::vector<Pending>& batch) {
  Result<void> fine = begin();
  if (!fine) return refuse_all(batch, fine.error());
  fine = run_batch(batch);
  if (fine) fine = writer_->run(Control::commit);
  if (!fine) {
    if (writer_->in_transaction()) (void)writer_->run(Control::rollback);
    // A flow that was refused may have been so because of another's rows, which are gone now.
    for (Pending& pending : batch) pending.result = fine.error();
    return;
  }
  if (!wal_grew_.exchange(true)) {
    const std::lock_guard wake(checkpoint_mutex_);
    checkpoint_wanted_.notify_one();
  }
}

bool SqliteStore::lost() const { return writer_->met_full_disk() || !writer_->in_transaction(); }

// An error when the transaction as a whole is lost: FULL, IOERR and NOMEM may end it under our hands.
// A savepoint copies every page that its flow touches and another touched before, so the batch first runs without any;
// a flow that fails after it changed something makes the whole batch run again, each flow in a savepoint of its own.
Result<void> SqliteStore::run_batch(std::vector<Pending>& batch) {
  bool undo_one = false;
  for (Pending& pending : batch) {
    const sqlite3_int64 before = sqlite3_total_changes64(writer_->handle());
    pending.result = run_flow(pending.flow, *writer_, pending.hooks, reserve_.room().space);
    if (lost()) return ended(pending);
    undo_one = !pending.result && sqlite3_total_changes64(writer_->handle()) != before;
    if (undo_one) break;
  }
  if (!undo_one) return {};
  TRY(writer_->run(Control::rollback));
  TRY(writer_->run(Control::begin_write));
  for (Pending& pending : batch) {
    pending.result = run_in_savepoint(pending);
    if (lost()) return ended(pending);
  }
  return {};
}

Error SqliteStore::ended(const Pending& by) {
  return by.result ? Error{Errc::unavailable, "the database ended the transaction"} : by.result.error();
}

Result<void> SqliteStore::run_in_savepoint(Pending& pending) {
  TRY(writer_->run(Control::savepoint));
  Result<void> done = run_flow(pending.flow, *writer_, pending.hooks, reserve_.room().space);
  if (lost()) return done;
  if (!done) TRY(writer_->run(Control::rollback_to));
  TRY(writer_->run(Control::release));
  return done;
}

Result<void> SqliteStore::begin() {
  if (writer_->moved()) {
    return Error{Errc::unavailable, "the database file " + file_.string() +
                                        " was moved or deleted; put it back, or restart with the right data directory"};
  }
  Result<void> begun = writer_->run(Control::begin_write);
  if (locked_out_ != !begun) {
    locked_out_ = !begun;
    writer_->busy_timeout(locked_out_ ? kLockedOutBusyMs : limits_.busy_ms);
  }
  return begun;
}

// Those who queued up meanwhile have waited as long: they get the same answer instead of a wait of their own.
void SqliteStore::refuse_all(std::vector<Pending>& batch, const Error& error) {
  const std::lock_guard lock(queue_mutex_);
  for (Pending& pending : queue_) batch.push_back(std::move(pending));
  queue_.clear();
  for (Pending& pending : batch) pending.result = error;
}

void SqliteStore::checkpoint_loop() {
  std::unique_lock lock(checkpoint_mutex_);
  while (!checkpoint_stops_) {
    const bool woken = checkpoint_wanted_.wait_for(lock, kTendEvery, [this] { return checkpoint_stops_ || wal_grew_; });
    if (woken) checkpoint_wanted_.wait_for(lock, kCheckpointEvery, [this] { return checkpoint_stops_; });
    if (checkpoint_stops_) return;
    lock.unlock();
    if (wal_grew_) checkpoint();
    tend();
    lock.lock();
  }
}

void SqliteStore::tend() {
  const auto now = std::chrono::steady_clock::now();
  if (now < tend_at_) return;
  tend_at_ = now + kTendEvery;
  reserve_.tend();
}

// PASSIVE copies beside readers and writer. A log that never falls silent never starts again from its beginning by
// itself; when it has grown long the writer stands aside while the little that is left is copied.
// Errors are not reported: the log keeps every row, and the next write meets the same disk.
void SqliteStore::checkpoint() {
  wal_grew_.store(false);
  sqlite3_wal_checkpoint_v2(checkpointer_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  const int long_pages = room().space == Space::enough ? kRestartPages : kSparingPages;
  if (wal_pages_.load(std::memory_order_relaxed) < long_pages) return;
  pause_writer_.store(true);
  {
    const std::lock_guard lock(write_lock_);
    sqlite3_wal_checkpoint_v2(checkpointer_->handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  }
  pause_writer_.store(false);
  pause_writer_.notify_all();
}

Result<std::unique_ptr<Connection>> SqliteStore::borrow() {
  {
    std::unique_lock lock(readers_mutex_);
    const auto free = [this] { return !idle_readers_.empty() || readers_ < limits_.readers; };
    if (!reader_came_back_.wait_for(lock, milliseconds(limits_.busy_ms), free)) {
      return Error{Errc::unavailable, "every reader of the database is busy"};
    }
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
    ++readers_;
  }
  auto opened = Connection::open(
      {.path = file_.string(), .reads_only = true, .cache_kib = kReaderCacheKib, .busy_ms = limits_.busy_ms});
  if (!opened) give_back(nullptr);
  return opened;
}

void SqliteStore::give_back(std::unique_ptr<Connection> reader) {
  {
    const std::lock_guard lock(readers_mutex_);
    if (reader) {
      idle_readers_.push_back(std::move(reader));
    } else {
      --readers_;
    }
  }
  reader_came_back_.notify_one();
}

Result<void> SqliteStore::read(const Flow& flow) {
  std::unique_ptr<Connection> reader = TRY(borrow());
  Hooks hooks;
  Result<void> done = reader->run(Control::begin_read);
  if (done) done = run_flow(flow, *reader, hooks);
  if (reader->in_transaction()) {
    const Result<void> ended = reader->run(Control::commit);
    if (!ended) reader.reset();  // a connection that cannot even end a read is not used again
  }
  give_back(std::move(reader));
  if (done) {
    for (const auto& hook : hooks) hook();
  }
  return done;
}

Result<void> SqliteStore::ping() {
  std::unique_ptr<Connection> reader = TRY(borrow());  // the writer's connection belongs to its thread
  const bool moved = reader->moved();
  give_back(std::move(reader));
  if (moved) return Error{Errc::unavailable, "the database file was moved or deleted; put it back"};
  return read([](Txn& txn) -> Result<void> {
    TRY(txn.rows(Query::ping, {}, [](const Row&) {}));
    return {};
  });
}

Result<std::vector<std::string>> migrate(const std::filesystem::path& file, Migrate how) {
  TRY(make_file(file));
  const auto connection = TRY(Connection::open({.path = file.string()}));
  SqliteTarget target(*connection);
  return run_migrations(target, how);
}

}  // namespace countersign::store::sqlite
