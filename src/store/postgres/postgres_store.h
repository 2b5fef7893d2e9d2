// The PostgreSQL engine: a pool of connections, one transaction a flow, writer threads so that write() never waits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/postgres/connection.h"
#include "store/store.h"

namespace countersign::store::postgres {

struct Limits {
  std::size_t connections = 16;  // of a node
  std::size_t writers = 8;       // so many of them for writes at most; reads always find the others
  std::size_t queue = 20'000;
  milliseconds answer_within{1800};  // 2 s promised, less what a busy machine adds
  milliseconds connect_within{1200};
  milliseconds rest{200};        // after a failed connection everybody is answered at once for so long
  seconds spare{5};              // after a full disk what room there is belongs to sign-ins for so long
};

// Connections, handed out one a flow. While the database is away only one flow at a time finds that out.
class Pool {
  const std::string url_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable came_back_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
  std::optional<Error> away_;
  Deadline try_again_{};
  bool trying_ = false;

  Result<std::unique_ptr<Connection>> connect(Deadline deadline, bool probing);

 public:
  Pool(std::string url, Limits limits) : url_(std::move(url)), limits_(limits) {}
  Result<std::unique_ptr<Connection>> borrow(Deadline deadline);
  // A broken connection is closed, and the idle ones with it: they ended with the same server.
  void give_back(std::unique_ptr<Connection> connection);
  // The database did not answer in time: everybody else is told so at once for a while.
  void rest(const Error& error);
};

class PostgresStore : public Store {
  struct Pending {
    Flow flow;
    Done done;
    Deadline deadline;
  };

  const Limits limits_;
  Pool pool_;
  std::mutex queue_mutex_;
  std::condition_variable queue_grew_;
  std::deque<Pending> queue_;
  bool stopping_ = false;
  std::vector<std::thread> writers_;
  const OnSpace on_space_;
  std::mutex told_mutex_;
  Space told_ = Space::enough;
  std::atomic<Deadline> spare_until_{};

  PostgresStore(std::string url, Limits limits, OnSpace on_space)
      : limits_(limits), pool_(std::move(url), limits), on_space_(std::move(on_space)) {}
  void tell(Space now);
  void write_loop();
  Result<void> run(const Flow& flow, Mode mode, Deadline deadline);
  Deadline from_now() const { return std::chrono::steady_clock::now() + limits_.answer_within; }

 public:
  // Runs the migrations and checks every statement.
  static Result<std::unique_ptr<PostgresStore>> open(const std::string& url, Limits limits,
                                                     OnSpace on_space = Reserving().on_space);
  // Finishes the queued writes first.
  ~PostgresStore() override;

  Result<void> read(const Flow& flow) override;
  void write(Flow flow, Done done) override;
  Result<void> ping() override;
  // Its disk is the database server's, and no reserve is held there.
  Room room() const override {
    return {std::chrono::steady_clock::now() < spare_until_.load() ? Space::short_of : Space::enough, 0};
  }
};

// store::migrate over a URL.
Result<std::vector<std::string>> migrate(const std::string& url, Migrate how);

}  // namespace countersign::store::postgres
