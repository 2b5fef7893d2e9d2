// One PostgreSQL connection in pipeline mode: never blocks beyond a deadline, statements prepared on first use.
#pragma once

#include <libpq-fe.h>

#include <bitset>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/migrations.h"
#include "store/statements.h"
#include "store/store.h"

namespace countersign::store::postgres {

using Deadline = std::chrono::steady_clock::time_point;

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

// An error, and whether the same flow may do better when it runs again at once.
struct Failure {
  Error error;
  bool again = false;
  bool full_disk = false;
};

// For one thread at a time. After any failure of the line, `broken` is true and the connection is thrown away.
class Connection {
  PGconn* conn_ = nullptr;
  std::bitset<kQueryCount> prepared_;
  bool broken_ = false;

  Connection() = default;
  Failure lost(const char* what);
  // False at the deadline or when the line is gone.
  bool flush(Deadline deadline);
  Answer next(Deadline deadline);

 public:
  // unavailable: within the deadline. refused: not a database that we can use. `statement_ms` 0: no limit.
  static Result<std::unique_ptr<Connection>> open(const std::string& url, int statement_ms, Deadline deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs `first` (nullptr: nothing), then the statement, in one round trip.
  std::optional<Failure> run(const char* first, Query query, Params params, Deadline deadline, Answer& answer);
  // Runs one statement without parameters.
  std::optional<Failure> run(const char* sql, Deadline deadline);
  // Runs any number of statements of ours.
  Result<void> script(const std::string& sql, Deadline deadline);
  // refused: a statement does not fit the schema.
  Result<void> prepare_all(Deadline deadline);
  bool broken() const { return broken_ || PQstatus(conn_) == CONNECTION_BAD; }
};

enum class Mode { reads, writes };

// The transaction begins with its first statement, in the same round trip.
class PostgresTxn : public Txn {
  Connection& connection_;
  const Mode mode_;
  const Deadline deadline_;
  const bool spares_room_;
  bool begun_ = false;
  std::optional<Failure> failed_;
  Hooks hooks_;

  Result<Answer> run(Query query, Params params);

 public:
  PostgresTxn(Connection& connection, Mode mode, Deadline deadline, Space space = Space::enough)
      : connection_(connection), mode_(mode), deadline_(deadline), spares_room_(space != Space::enough) {}
  Result<std::int64_t> rows(Query query, Params params, const OnRow& on_row) override;
  Result<std::int64_t> change(Query query, Params params) override;
  void after_commit(std::function<void()> what) override { hooks_.push_back(std::move(what)); }
  bool spares_room() const override { return spares_room_; }
  // Runs the flow and ends the transaction; the failure that undid it, if any.
  std::optional<Failure> run_flow(const Flow& flow);
  // After a run_flow that went well: what it wants done.
  const Hooks& hooks() const { return hooks_; }
};

// Migrations over a connection of their own, without a limit on time.
class PostgresTarget : public MigrationTarget {
  Connection& connection_;

 public:
  explicit PostgresTarget(Connection& connection) : connection_(connection) {}
  Engine engine() const override { return Engine::postgres; }
  Result<void> transact(const Flow& flow) override;
  Result<void> script(const std::string& sql) override { return connection_.script(sql, Deadline::max()); }
};

}  // namespace countersign::store::postgres
