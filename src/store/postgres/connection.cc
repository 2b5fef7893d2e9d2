#include "store/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

#include "core/codec/utf8.h"

namespace countersign::store::postgres {
namespace {

constexpr std::size_t kParametersMax = 16;

// The state's class decides (PostgreSQL, appendix A). The server's messages may hold values of rows, the code does not.
Failure failure_of(const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? "?" : field;
  const auto say = [&](Errc code, const char* advice) {
    return Failure{{code, "PostgreSQL answered " + std::string(state) + "; " + advice}};
  };
  if (state == "23505") return {{Errc::conflict, "a row with that key exists already"}};
  if (state == "40001" || state == "40P01") {
    return {{Errc::unavailable, "transactions got into each other's way, three times"}, true};
  }
  if (state == "25006") return {{Errc::refused, "a read flow cannot write"}};
  if (state == "57014") return say(Errc::unavailable, "a statement took too long; look for locks and missing memory");
  if (state == "53100") {
    Failure full = say(Errc::unavailable, "free space on the database server's disk");
    full.full_disk = true;
    return full;
  }
  if (state.starts_with("53")) return say(Errc::unavailable, "the database server lacks memory or connections");
  if (state.starts_with("57") || state.starts_with("08")) return say(Errc::unavailable, "it is going down or starting");
  const bool misfit = state.starts_with("22") || state.starts_with("23");
  if (misfit) return say(Errc::malformed, "a value does not fit its column");
  if (state == "42501") return say(Errc::unavailable, "grant the role its tables");
  if (state.starts_with("42")) return say(Errc::refused, "a statement does not fit the schema");
  return say(Errc::unavailable, "see the code in its manual, appendix A");
}

int timeout_ms(Deadline deadline) {
  if (deadline == Deadline::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// False at the deadline.
bool wait_for(PGconn* conn, short events, Deadline deadline) {
  pollfd fd{.fd = PQsocket(conn), .events = events, .revents = 0};
  return ::poll(&fd, 1, timeout_ms(deadline)) > 0;
}

// Parameters as libpq wants them: binary, integers in network order.
struct Bound {
  std::array<const char*, kParametersMax> values{};
  std::array<int, kParametersMax> lengths{};
  std::array<int, kParametersMax> formats{};
  std::array<std::array<char, 8>, kParametersMax> integers{};

  void set(std::size_t at, std::string_view bytes) {
    values[at] = bytes.empty() ? "" : bytes.data();
    lengths[at] = static_cast<int>(bytes.size());
  }
  // False: text that is none.
  bool bind(std::size_t at, const Param& param) {
    formats[at] = 1;
    if (const auto* n = std::get_if<std::int64_t>(&param)) {
      const auto bits = static_cast<std::uint64_t>(*n);
      for (std::size_t i = 0; i < 8; ++i) integers[at][i] = static_cast<char>(bits >> (56 - 8 * i));
      set(at, {integers[at].data(), 8});
    } else if (const auto* text = std::get_if<std::string_view>(&param)) {
      set(at, *text);
      return codec::valid_text(*text);
    } else if (const auto* bytes = std::get_if<ByteView>(&param)) {
      set(at, text_of(*bytes));
    }
    return true;
  }
};

class PostgresRow : public Row {
  const PGresult* result_;

 public:
  int at = 0;
  explicit PostgresRow(const PGresult* result) : result_(result) {}
  bool null(int column) const override { return PQgetisnull(result_, at, column) != 0; }
  std::int64_t integer(int column) const override {
    std::int64_t out = 0;  // int2, int4, int8
    const std::string_view bytes = text(column);
    if (!bytes.empty() && (bytes[0] & 0x80) != 0) out = -1;
    for (const char c : bytes) out = static_cast<std::int64_t>(static_cast<std::uint64_t>(out) << 8) | (c & 0xff);
    return out;
  }
  std::string_view text(int column) const override {
    return {PQgetvalue(result_, at, column), static_cast<std::size_t>(PQgetlength(result_, at, column))};
  }
  ByteView bytes(int column) const override { return bytes_of(text(column)); }
};

bool well(const Answer& answer) {
  const ExecStatusType status = PQresultStatus(answer.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

Failure Connection::lost(const char* what) {
  broken_ = true;
  std::string why = PQerrorMessage(conn_);
  std::replace(why.begin(), why.end(), '\n', ' ');
  return {{Errc::unavailable, std::string(what) + "; check that PostgreSQL runs and can be reached. " + why}, true};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& url, int statement_ms, Deadline deadline) {
  std::unique_ptr<Connection> out(new Connection);
  const char* keys[] = {"dbname", "fallback_application_name", "client_encoding", "tcp_user_timeout", nullptr};
  const char* values[] = {url.c_str(), "countersign", "UTF8", "1500", nullptr};
  out->conn_ = PQconnectStartParams(keys, values, 1);
  if (out->conn_ == nullptr) return Error{Errc::unavailable, "there is not enough memory"};
  PQsetNoticeProcessor(out->conn_, [](void*, const char*) {}, nullptr);
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
    if (PQstatus(out->conn_) == CONNECTION_BAD || state == PGRES_POLLING_FAILED) {
      return out->lost("the database cannot be reached").error;
    }
    if (!wait_for(out->conn_, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      return out->lost("the database does not answer").error;
    }
    state = PQconnectPoll(out->conn_);
  }
  PQsetnonblocking(out->conn_, 1);
  const char* encoding = PQparameterStatus(out->conn_, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) != "UTF8") {
    return Error{Errc::refused, "the database's encoding is not UTF8; create one with ENCODING 'UTF8'"};
  }
  // Acknowledged is durable, whatever the server's default is.
  TRY(out->script("SET synchronous_commit = on; SET idle_in_transaction_session_timeout = 5000;"
                  "SET statement_timeout = " + std::to_string(statement_ms), deadline));
  return out;
}

Connection::~Connection() { PQfinish(conn_); }

bool Connection::flush(Deadline deadline) {
  for (;;) {
    const int more = PQflush(conn_);
    if (more == 0) return true;
    if (more < 0 || !wait_for(conn_, POLLIN | POLLOUT, deadline) || PQconsumeInput(conn_) == 0) return false;
  }
}

// nullptr: no further answer, or the line is broken.
Answer Connection::next(Deadline deadline) {
  while (PQisBusy(conn_) != 0) {
    if (!wait_for(conn_, POLLIN, deadline) || PQconsumeInput(conn_) == 0) {
      broken_ = true;
      return nullptr;
    }
  }
  return Answer(PQgetResult(conn_));
}

std::optional<Failure> Connection::run(const char* first, Query query, Params params, Deadline deadline,
                                       Answer& answer) {
  const Statement& statement = store::statement(query);
  if (params.size() != static_cast<std::size_t>(statement.parameters) || params.size() > kParametersMax) std::abort();
  Bound bound;
  std::size_t at = 0;
  for (const Param& param : params) {
    if (!bound.bind(at++, param)) return Failure{{Errc::malformed, "text for the database is UTF-8 without NUL"}};
  }
  const bool prepares = !prepared_[static_cast<std::size_t>(query)];
  int expected = 1;
  bool sent = true;
  if (first != nullptr) {
    sent = PQsendQueryParams(conn_, first, 0, nullptr, nullptr, nullptr, nullptr, 1) == 1;
    ++expected;
  }
  if (prepares) {
    sent = sent && PQsendPrepare(conn_, statement.name.data(), statement.text.data(), 0, nullptr) == 1;
    ++expected;
  }
  sent = sent && PQsendQueryPrepared(conn_, statement.name.data(), statement.parameters, bound.values.data(),
                                     bound.lengths.data(), bound.formats.data(), 1) == 1;
  if (!sent || PQpipelineSync(conn_) != 1 || !flush(deadline)) return lost("the connection to the database broke");

  std::optional<Failure> failure;
  for (int i = 0; i < expected; ++i) {
    answer = next(deadline);
    if (!answer) return lost("the database went away");
    if (!well(answer) && !failure) failure = failure_of(answer.get());
    if (well(answer) && prepares && i + 2 == expected) prepared_.set(static_cast<std::size_t>(query));
    if (next(deadline) || broken_) return lost("the database went away");
  }
  const Answer sync = next(deadline);
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) return lost("the database went away");
  return failure;
}

std::optional<Failure> Connection::run(const char* sql, Deadline deadline) {
  if (PQsendQueryParams(conn_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1 || PQpipelineSync(conn_) != 1 ||
      !flush(deadline)) {
    return lost("the connection to the database broke");
  }
  const Answer answer = next(deadline);
  if (!answer || next(deadline) || broken_) return lost("the database went away");
  const Answer sync = next(deadline);
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) return lost("the database went away");
  if (!well(answer)) return failure_of(answer.get());
  return std::nullopt;
}

// Several statements in one message are for the simple protocol, which pipeline mode does not speak.
Result<void> Connection::script(const std::string& sql, Deadline deadline) {
  PQexitPipelineMode(conn_);
  if (PQsendQuery(conn_, sql.c_str()) != 1 || !flush(deadline)) return lost("the connection broke").error;
  Result<void> done;
  while (const Answer answer = next(deadline)) {
    const ExecStatusType status = PQresultStatus(answer.get());
    if (!well(answer) && status != PGRES_EMPTY_QUERY && done) done = failure_of(answer.get()).error;
  }
  if (broken_ || PQenterPipelineMode(conn_) != 1) return lost("the database went away").error;
  return done;
}

Result<void> Connection::prepare_all(Deadline deadline) {
  for (const Statement& statement : statements()) {
    if (PQsendPrepare(conn_, statement.name.data(), statement.text.data(), 0, nullptr) != 1) {
      return lost("the connection broke").error;
    }
  }
  if (PQpipelineSync(conn_) != 1 || !flush(deadline)) return lost("the connection broke").error;
  Result<void> done;
  for (const Statement& statement : statements()) {
    const Answer answer = next(deadline);
    if (!answer || next(deadline) || broken_) return lost("the database went away").error;
    if (!well(answer) && done) {
      done = Error{Errc::refused, "statement " + std::string(statement.name) + " does not fit the database's schema"};
    }
  }
  if (PQresultStatus(next(deadline).get()) != PGRES_PIPELINE_SYNC) return lost("the database went away").error;
  if (done) prepared_.set();
  return done;
}

Result<Answer> PostgresTxn::run(Query query, Params params) {
  if (failed_) return failed_->error;
  const char* begin = mode_ == Mode::reads ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                           : "BEGIN ISOLATION LEVEL READ COMMITTED";
  Answer answer;
  failed_ = connection_.run(begun_ ? nullptr : begin, query, params, deadline_, answer);
  if (!failed_ || failed_->error.code != Errc::malformed) begun_ = true;  // refused text was never sent
  if (failed_) return failed_->error;
  return answer;
}

Result<std::int64_t> PostgresTxn::rows(Query query, Params params, const OnRow& on_row) {
  const Answer answer = TRY(run(query, params));
  PostgresRow row(answer.get());
  const int count = PQntuples(answer.get());
  for (; row.at < count; ++row.at) on_row(row);
  return std::int64_t{count};
}

Result<std::int64_t> PostgresTxn::change(Query query, Params params) {
  const Answer answer = TRY(run(query, params));
  return std::int64_t{std::atoll(PQcmdTuples(answer.get()))};
}

std::optional<Failure> PostgresTxn::run_flow(const Flow& flow) {
  Result<void> done;
  try {
    done = flow(*this);
  } catch (const std::exception& thrown) {  // this may be a writer's thread, which serves everybody
    done = Error{Errc::unavailable, std::string("a flow threw: ") + thrown.what()};
  }
  if (!done && !failed_) failed_ = Failure{done.error()};
  if (connection_.broken() || !begun_) return failed_;
  if (failed_) {
    (void)connection_.run("ROLLBACK", deadline_);
    return failed_;
  }
  auto ended = connection_.run("COMMIT", deadline_);
  // Whether a commit that got lost on the way took place is not known: it must not run again by itself.
  if (ended && connection_.broken() && mode_ == Mode::writes) ended->again = false;
  return ended;
}

Result<void> PostgresTarget::transact(const Flow& flow) {
  PostgresTxn txn(connection_, Mode::writes, Deadline::max());
  if (auto failure = txn.run_flow(flow)) return std::move(failure->error);
  for (const auto& hook : txn.hooks()) hook();
  return {};
}

}  // namespace countersign::store::postgres
