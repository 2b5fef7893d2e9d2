// One SQLite connection: opened as we want it, statements prepared once, errors in our six words.
#pragma once

#include <sqlite3.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/migrations.h"
#include "store/statements.h"
#include "store/store.h"

namespace countersign::store::sqlite {

inline constexpr int kParametersMax = 16;

// What begins and ends transactions, prepared as well: parsing "SAVEPOINT" takes longer than running it.
enum class Control { begin_read, begin_write, commit, rollback, savepoint, release, rollback_to };
inline constexpr std::size_t kControls = 7;

struct Opening {
  std::string path;
  bool reads_only = false;
  int cache_kib = 2048;
  int busy_ms = 1500;  // with everything else on the way this answers within the 2 s promised
};

// For one thread at a time.
class Connection {
  struct Prepared {
    sqlite3_stmt* stmt = nullptr;
    std::array<std::uint8_t, kParametersMax + 1> index{};  // of $n; SQLite numbers them in order of appearance
  };

  sqlite3* db_ = nullptr;
  std::array<Prepared, kQueryCount> prepared_{};
  std::array<sqlite3_stmt*, kControls> controls_{};
  bool met_full_disk_ = false;
  friend class SqliteTxn;

  Connection() = default;
  Result<Prepared*> prepare(Query query);
  Error error();

 public:
  // unavailable: with what to do about it.
  static Result<std::unique_ptr<Connection>> open(const Opening& opening);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> run(Control control);
  // Runs SQL of ours without parameters, any number of statements.
  Result<void> exec(const char* sql);
  // refused: a statement does not fit the schema.
  Result<void> prepare_all();
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  void busy_timeout(int ms) { sqlite3_busy_timeout(db_, ms); }
  // Whether the file at the path is no longer the one that is open.
  bool moved() const;
  // Whether a statement has failed for want of room since the last forgetting.
  bool met_full_disk() const { return met_full_disk_; }
  void forget_full_disk() { met_full_disk_ = false; }
  sqlite3* handle() { return db_; }
};

// Statements of a flow on a connection whose transaction somebody else begins and ends. After a failed statement every
// other fails in the same way, as PostgreSQL has it: an undone flow cannot go on by accident.
class SqliteTxn : public Txn {
  Connection& connection_;
  Hooks& hooks_;
  std::optional<Error> failed_;
  const bool spares_room_;

  Result<std::int64_t> run(Query query, Params params, const OnRow* on_row);

 public:
  SqliteTxn(Connection& connection, Hooks& hooks, Space space)
      : connection_(connection), hooks_(hooks), spares_room_(space != Space::enough) {}
  Result<std::int64_t> rows(Query query, Params params, const OnRow& on_row) override;
  Result<std::int64_t> change(Query query, Params params) override;
  void after_commit(std::function<void()> what) override { hooks_.push_back(std::move(what)); }
  bool spares_room() const override { return spares_room_; }
  const std::optional<Error>& failed() const { return failed_; }
};

// The flow's own error, that of a statement it did not pass on, or unavailable when it threw. `hooks` are those of this
// run alone, for whoever commits it.
Result<void> run_flow(const Flow& flow, Connection& connection, Hooks& hooks, Space space = Space::enough);
// One transaction of its own, begun as said.
Result<void> transact(const Flow& flow, Connection& connection, Control begin, Hooks& hooks);

// Migrations over a connection.
class SqliteTarget : public MigrationTarget {
  Connection& connection_;

 public:
  explicit SqliteTarget(Connection& connection) : connection_(connection) {}
  Engine engine() const override { return Engine::sqlite; }
  Result<void> transact(const Flow& flow) override;
  Result<void> script(const std::string& sql) override { return connection_.exec(sql.c_str()); }
};

}  // namespace countersign::store::sqlite
