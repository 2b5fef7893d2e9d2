#include "store/sqlite/connection.h"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <variant>

#include "core/codec/utf8.h"

namespace countersign::store::sqlite {
namespace {

constexpr int kPagesAtOnce = 8192;  // more than any cache_size here, which bounds it

// What happened, and what to do about it.
Error error_of(sqlite3* db) {
  const int extended = sqlite3_extended_errcode(db);
  const auto say = [&](Errc code, const char* advice) {
    return Error{code, "the database: " + std::string(sqlite3_errstr(extended)) + "; " + advice};
  };
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      switch (extended) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID: return Error{Errc::conflict, "a row with that key exists already"};
      }
      return say(Errc::malformed, "a value does not fit its column");
    case SQLITE_FULL: return say(Errc::unavailable, "free space on the disk of the data directory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return say(Errc::unavailable, "another program holds the database file; end it");
    case SQLITE_CANTOPEN: return say(Errc::unavailable, "check that the data directory exists and is ours");
    case SQLITE_PERM:
    case SQLITE_AUTH: return say(Errc::unavailable, "check owner and mode of the database file");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return say(Errc::unavailable, "the file is damaged; restore a backup");
    case SQLITE_READONLY:
      if (extended == SQLITE_READONLY && sqlite3_db_readonly(db, "main") == 0) {
        return Error{Errc::refused, "a read flow cannot write"};
      }
      return say(Errc::unavailable, "the file cannot be written; check owner, mode and mount");
    case SQLITE_IOERR: return say(Errc::unavailable, "check the disk of the data directory and the space on it");
    case SQLITE_NOMEM: return say(Errc::unavailable, "there is not enough memory");
  }
  return say(Errc::unavailable, "see the code in the SQLite manual");
}

// Room on the disk or in the user's quota.
bool wants_room(sqlite3* db) {
  const int code = sqlite3_errcode(db) & 0xff;
  const int system = sqlite3_system_errno(db);
  return code == SQLITE_FULL || (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT));
}

class SqliteRow : public Row {
  sqlite3_stmt* stmt_;

 public:
  explicit SqliteRow(sqlite3_stmt* stmt) : stmt_(stmt) {}
  bool null(int column) const override { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(stmt_, column); }
  std::string_view text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
  }
  ByteView bytes(int column) const override {
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(stmt_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
  }
};

// A view without characters may have no address, which SQLite would read as NULL.
int bind_param(sqlite3_stmt* stmt, int at, const Param& param) {
  if (const auto* n = std::get_if<std::int64_t>(&param)) return sqlite3_bind_int64(stmt, at, *n);
  if (const auto* text = std::get_if<std::string_view>(&param)) {
    return sqlite3_bind_text64(stmt, at, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<ByteView>(&param)) {
    return sqlite3_bind_blob64(stmt, at, bytes->empty() ? "" : static_cast<const void*>(bytes->data()), bytes->size(),
                               SQLITE_STATIC);
  }
  return sqlite3_bind_null(stmt, at);
}

struct Reset {
  sqlite3_stmt* stmt;
  ~Reset() { sqlite3_reset(stmt); }
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Opening& opening) {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // one lock for all threads, and nobody reads what it counts
    // Each connection takes the pages of its cache at once and keeps them: a reader empties its cache at every new
    // snapshot, and giving 4 KiB back and taking them again for each page was a sixth of a request's time.
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, kPagesAtOnce);
  });

  std::unique_ptr<Connection> out(new Connection);
  // Never CREATE: a reader that finds the file gone must not put an empty one in its place.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(opening.path.c_str(), &out->db_, flags, nullptr) != SQLITE_OK) return error_of(out->db_);
  out->busy_timeout(opening.busy_ms);
  sqlite3_wal_autocheckpoint(out->db_, 0);  // a checkpoint in the writer costs 20 ms tails; it has its own thread
  const std::string pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                              "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;"
                              "PRAGMA cache_size = -" + std::to_string(opening.cache_kib) + ";" +
                              (opening.reads_only ? "PRAGMA query_only = ON;" : "");
  TRY(out->exec(pragmas.c_str()));
  return out;
}

Connection::~Connection() {
  for (Prepared& prepared : prepared_) sqlite3_finalize(prepared.stmt);
  for (sqlite3_stmt* control : controls_) sqlite3_finalize(control);
  sqlite3_close(db_);
}

Error Connection::error() {
  if (wants_room(db_)) met_full_disk_ = true;
  return error_of(db_);
}

Result<void> Connection::run(Control control) {
  static constexpr const char* kTexts[kControls] = {"BEGIN",          "BEGIN IMMEDIATE", "COMMIT",          "ROLLBACK",
                                                    "SAVEPOINT flow", "RELEASE flow",    "ROLLBACK TO flow"};
  const auto at = static_cast<std::size_t>(control);
  sqlite3_stmt*& stmt = controls_[at];
  if (stmt == nullptr) sqlite3_prepare_v3(db_, kTexts[at], -1, SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
  if (stmt == nullptr) return error();
  const Reset reset{stmt};
  if (sqlite3_step(stmt) != SQLITE_DONE) return error();
  return {};
}

Result<void> Connection::exec(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<Connection::Prepared*> Connection::prepare(Query query) {
  Prepared& out = prepared_[static_cast<std::size_t>(query)];
  if (out.stmt != nullptr) return &out;
  const Statement& statement = store::statement(query);
  if (sqlite3_prepare_v3(db_, statement.text.data(), static_cast<int>(statement.text.size()), SQLITE_PREPARE_PERSISTENT,
                         &out.stmt, nullptr) != SQLITE_OK) {
    if ((sqlite3_errcode(db_) & 0xff) != SQLITE_ERROR) return error();
    return Error{Errc::refused, "statement " + std::string(statement.name) + " does not fit the database's schema: " +
                                    sqlite3_errmsg(db_)};
  }
  if (statement.parameters > kParametersMax) std::abort();
  for (int n = 1; n <= statement.parameters; ++n) {
    const std::string name = "$" + std::to_string(n);
    out.index[static_cast<std::size_t>(n)] =
        static_cast<std::uint8_t>(sqlite3_bind_parameter_index(out.stmt, name.c_str()));
  }
  return &out;
}

Result<void> Connection::prepare_all() {
  for (std::size_t i = 0; i < kQueryCount; ++i) TRY(prepare(static_cast<Query>(i)));
  return {};
}

bool Connection::moved() const {
  int moved = 0;
  return sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

Result<std::int64_t> SqliteTxn::run(Query query, Params params, const OnRow* on_row) {
  const Connection::Prepared* prepared = TRY(connection_.prepare(query));
  sqlite3_stmt* stmt = prepared->stmt;
  if (sqlite3_stmt_busy(stmt) != 0) std::abort();  // a statement inside its own on_row
  if (params.size() != static_cast<std::size_t>(statement(query).parameters)) std::abort();
  const Reset reset{stmt};
  std::size_t n = 1;
  for (const Param& param : params) {
    if (const auto* text = std::get_if<std::string_view>(&param); text != nullptr && !codec::valid_text(*text)) {
      return Error{Errc::malformed, "text for the database is UTF-8 without NUL"};
    }
    if (bind_param(stmt, prepared->index[n++], param) != SQLITE_OK) return connection_.error();
  }
  const SqliteRow row(stmt);
  std::int64_t count = 0;
  for (;;) {
    const int rc = sqlite3_step(stmt);
    if (rc == SQLITE_DONE) break;
    if (rc != SQLITE_ROW) return connection_.error();
    ++count;
    if (on_row != nullptr) (*on_row)(row);
  }
  return on_row != nullptr ? count : sqlite3_changes64(connection_.db_);
}

Result<std::int64_t> SqliteTxn::rows(Query query, Params params, const OnRow& on_row) {
  if (failed_) return *failed_;
  auto out = run(query, params, &on_row);
  if (!out) failed_ = out.error();
  return out;
}

Result<std::int64_t> SqliteTxn::change(Query query, Params params) {
  if (failed_) return *failed_;
  auto out = run(query, params, nullptr);
  if (!out) failed_ = out.error();
  return out;
}

Result<void> run_flow(const Flow& flow, Connection& connection, Hooks& hooks, Space space) {
  hooks.clear();
  SqliteTxn txn(connection, hooks, space);
  try {
    TRY(flow(txn));
  } catch (const std::exception& thrown) {  // this may be the writer's thread, which serves everybody
    return Error{Errc::unavailable, std::string("a flow threw: ") + thrown.what()};
  }
  if (txn.failed()) return *txn.failed();
  return {};
}

Result<void> transact(const Flow& flow, Connection& connection, Control begin, Hooks& hooks) {
  TRY(connection.run(begin));
  Result<void> done = run_flow(flow, connection, hooks);
  if (done) done = connection.run(Control::commit);
  if (!done && connection.in_transaction()) (void)connection.run(Control::rollback);
  return done;
}

Result<void> SqliteTarget::transact(const Flow& flow) {
  Hooks hooks;
  TRY(sqlite::transact(flow, connection_, Control::begin_write, hooks));
  for (const auto& hook : hooks) hook();
  return {};
}

}  // namespace countersign::store::sqlite
