// The SQLite engine: one writer thread with group commit, a checkpoint thread, readers in the caller's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "store/sqlite/connection.h"
#include "store/sqlite/reserve.h"
#include "store/store.h"

namespace countersign::store::sqlite {

struct Limits {
  std::size_t queue = 20'000;  // flows waiting for the writer; at 30,000/s they wait 0.7 s
  std::size_t batch = 256;     // flows of one commit
  std::size_t readers = 16;
  int busy_ms = 1500;
};

class SqliteStore : public Store {
  struct Pending {
    Flow flow;
    Done done;
    Result<void> result;
    Hooks hooks;
  };
  class Reader;  // a connection borrowed for one read

  const std::filesystem::path file_;
  const Limits limits_;
  Reserve reserve_;
  std::unique_ptr<Connection> writer_;
  std::unique_ptr<Connection> checkpointer_;

  std::mutex queue_mutex_;
  std::condition_variable queue_grew_;
  std::deque<Pending> queue_;
  bool writer_waits_ = false;
  bool stopping_ = false;
  bool locked_out_ = false;  // by another program; the writer's own

  std::mutex readers_mutex_;
  std::condition_variable reader_came_back_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
  std::size_t readers_ = 0;

  std::mutex write_lock_;  // held for each batch, and by a checkpoint that wants the log to itself
  std::atomic<bool> pause_writer_{false};
  std::mutex checkpoint_mutex_;
  std::condition_variable checkpoint_wanted_;
  std::atomic<int> wal_pages_{0};
  std::atomic<bool> wal_grew_{false};
  bool checkpoint_stops_ = false;
  std::chrono::steady_clock::time_point tend_at_{};  // the checkpoint thread's own

  std::thread checkpoint_thread_;
  std::thread writer_thread_;

  SqliteStore(std::filesystem::path file, Limits limits, Reserving reserving);
  void write_loop();
  void run(std::vector<Pending>& batch);
  void try_to_run(std::vector<Pending>& batch);
  Result<void> run_batch(std::vector<Pending>& batch);
  Result<void> run_in_savepoint(Pending& pending);
  bool lost() const;
  static Error ended(const Pending& by);
  void refuse_all(std::vector<Pending>& batch, const Error& error);
  Result<void> begin();
  void checkpoint_loop();
  void checkpoint();
  void tend();
  Result<std::unique_ptr<Connection>> borrow();
  void give_back(std::unique_ptr<Connection> reader);

 public:
  // Makes folder (0700) and file (0600) where they are missing, runs the migrations, checks every statement.
  static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file, Limits limits,
                                                   Reserving reserving = {});
  // Finishes the queued writes first.
  ~SqliteStore() override;

  Result<void> read(const Flow& flow) override;
  // `done` runs on the writer's thread and holds up every other write: it hands over and returns.
  void write(Flow flow, Done done) override;
  Result<void> ping() override;
  Room room() const override { return reserve_.room(); }
};

// store::migrate over a file.
Result<std::vector<std::string>> migrate(const std::filesystem::path& file, Migrate how);

}  // namespace countersign::store::sqlite
