// What the file and the machine can do to the SQLite engine.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <latch>

#include "store/engines_test.h"
#include "store/sqlite/sqlite_store.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");

class SqliteFile : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  const std::filesystem::path file_ = dir_.path() / "data" / "countersign.db";
  testing::SeededRandom random_;
  std::unique_ptr<Store> store_;

  void open_with(sqlite::Limits limits) {
    store_.reset();
    auto opened = sqlite::SqliteStore::open(file_, limits);
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }
  HistoryRow event(std::size_t size) {
    return {.tenant = kTenant, .id = EventId::make(random_), .sealed = random_bytes(random_, size)};
  }
  std::optional<Errc> write(const Flow& flow) {
    const auto done = write_and_wait(*store_, [&](Txn& txn) -> Result<int> {
      TRY(flow(txn));
      return 0;
    });
    return done ? std::nullopt : std::optional(done.error().code);
  }
  std::optional<Errc> append(std::size_t size) {
    return write([&, row = event(size)](Txn& txn) { return append_history(txn, row); });
  }
  std::int64_t rows() {
    return *store::read(*store_, [](Txn& txn) { return count_history(txn, kTenant, Stream::authentication); });
  }
};

// While it lives no file of this process grows beyond the limit: the disk is "full".
class FullDisk {
  rlimit before_{};

 public:
  explicit FullDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
};

TEST_F(SqliteFile, IsForThisUserAlone) {
  open_with({});
  ASSERT_EQ(append(10), std::nullopt);
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat((file_.string() + "-wal").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat(file_.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST_F(SqliteFile, AnswersUnavailableOnAFullDiskAndRecovers) {
  open_with({});
  ASSERT_EQ(append(10), std::nullopt);
  {
    const FullDisk full(256 * 1024);
    std::optional<Errc> code;
    std::int64_t written = 1;
    for (; written < 1000 && !(code = append(8000)); ++written) {
    }
    EXPECT_EQ(code, Errc::unavailable);
    EXPECT_EQ(append(8000), Errc::unavailable);
    EXPECT_EQ(rows(), written);  // what was acknowledged, and nothing else
  }
  const std::int64_t before = rows();
  EXPECT_EQ(append(8000), std::nullopt);
  EXPECT_EQ(rows(), before + 1);
}

TEST_F(SqliteFile, FailsTheWholeBatchWhenItsTransactionIsLost) {
  open_with({});
  std::latch go(1);
  std::promise<void> first;
  store_->write([&](Txn&) -> Result<void> {
    go.wait();
    return {};
  }, [&](Result<void>) { first.set_value(); });
  constexpr int kWrites = 100;
  std::atomic<int> left{kWrites};
  std::atomic<int> hooks{0};
  std::atomic<int> acknowledged{0};
  std::promise<void> all;
  {
    const FullDisk full(256 * 1024);
    for (int i = 0; i < kWrites; ++i) {
      store_->write([&hooks, row = event(8000)](Txn& txn) {
        txn.after_commit([&hooks] { ++hooks; });
        return append_history(txn, row);
      }, [&](Result<void> done) {
        if (done) ++acknowledged;
        if (--left == 0) all.set_value();
      });
    }
    go.count_down();
    all.get_future().get();
  }
  first.get_future().get();
  EXPECT_LT(acknowledged, kWrites);
  EXPECT_EQ(rows(), acknowledged);
  EXPECT_EQ(hooks, acknowledged);
}

TEST_F(SqliteFile, AnswersInTimeWhileAnotherProgramHoldsTheFile) {
  open_with({.busy_ms = 100});
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(append(10), Errc::unavailable);
  EXPECT_EQ(rows(), 0);  // readers go on
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(append(10), std::nullopt);
}

TEST_F(SqliteFile, NoticesThatTheFileIsGone) {
  open_with({});
  ASSERT_EQ(append(10), std::nullopt);
  const std::filesystem::path away = dir_.path() / "away.db";
  std::filesystem::rename(file_, away);
  EXPECT_EQ(append(10), Errc::unavailable);
  const auto ping = store_->ping();
  ASSERT_FALSE(ping);
  EXPECT_EQ(ping.error().code, Errc::unavailable);
  EXPECT_FALSE(std::filesystem::exists(file_));
  std::filesystem::rename(away, file_);
  EXPECT_EQ(append(10), std::nullopt);
  EXPECT_TRUE(store_->ping());
  EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteFile, RefusesMoreThanTheQueueHolds) {
  open_with({.queue = 5});
  std::latch started(1);
  std::latch go(1);
  std::atomic<int> exhausted{0};
  std::atomic<int> well{0};
  const auto count = [&](Result<void> done) {
    if (done) ++well;
    if (!done && done.error().code == Errc::exhausted) ++exhausted;
  };
  store_->write([&](Txn&) -> Result<void> {
    started.count_down();
    go.wait();
    return {};
  }, count);
  started.wait();
  for (int i = 0; i < 8; ++i) store_->write([](Txn&) -> Result<void> { return {}; }, count);
  EXPECT_EQ(exhausted, 3);
  go.count_down();
  store_.reset();
  EXPECT_EQ(well, 6);
}

TEST_F(SqliteFile, SurvivesAFlowThatThrows) {
  open_with({});
  EXPECT_EQ(write([](Txn&) -> Result<void> { throw std::runtime_error("lack of something"); }), Errc::unavailable);
  EXPECT_EQ(append(10), std::nullopt);
}

TEST_F(SqliteFile, KeepsTheLogShort) {
  open_with({});
  for (int i = 0; i < 60; ++i) ASSERT_EQ(append(1'000'000), std::nullopt);
  // 60 MB were written; the log begins again where it is copied, some 32 MiB late.
  EXPECT_LT(std::filesystem::file_size(file_.string() + "-wal"), 50'000'000u);
  EXPECT_EQ(rows(), 60);
}

TEST_F(SqliteFile, SaysThatTheFileIsNoDatabase) {
  std::filesystem::create_directories(file_.parent_path());
  FILE* file = ::fopen(file_.c_str(), "w");
  for (int i = 0; i < 1000; ++i) ::fputs("not a database ", file);
  ::fclose(file);
  const auto opened = sqlite::SqliteStore::open(file_, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
}

// The words of an EXPLAIN: steps of a plan, or opcodes of a program.
std::vector<std::string> explained(sqlite3* db, std::string_view how, Query query) {
  const std::string text = std::string(how) + std::string(statement(query).text);
  sqlite3_stmt* stmt = nullptr;
  std::vector<std::string> out;
  EXPECT_EQ(sqlite3_prepare_v2(db, text.c_str(), -1, &stmt, nullptr), SQLITE_OK);
  const int column = how == "EXPLAIN " ? 1 : 3;
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    out.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(stmt, column)));
  }
  sqlite3_finalize(stmt);
  return out;
}

TEST_F(SqliteFile, UsesAnIndexForEveryStatementOfASignIn) {
  open_with({});
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  for (const Query query :
       {Query::app_by_id, Query::user_by_name, Query::user_by_id, Query::user_gate, Query::add_failure,
        Query::clear_failures, Query::touch_login, Query::policies_for, Query::enrolments_of, Query::enrolment_of_phone,
        Query::advance_enrolment, Query::phones_of, Query::phone_by_id, Query::phone_of_device, Query::attempt_by_id,
        Query::open_attempt_of, Query::open_attempts_of_phone, Query::update_attempt, Query::run_out_attempts,
        Query::delete_attempts_before, Query::activation_by_digest, Query::remembered_by_digest,
        Query::history_of_day, Query::history_next_day, Query::history_day_of, Query::history_by_user_tag,
        Query::history_by_number_tag, Query::history_of_epoch, Query::delete_history, Query::epochs_of,
        Query::epoch_by_id, Query::unclosed_epochs, Query::close_epoch, Query::delete_epochs, Query::ledger_edge,
        Query::take_ledger_turn, Query::grow_ledger_tree, Query::ledger_entries, Query::ledger_leaves,
        Query::ledger_nodes, Query::grown_trees,
        Query::checkpoint_of, Query::publish_ledger_tree, Query::actors_by_credential, Query::actors_by_session,
        Query::actors_by_ip, Query::actors_by_actor, Query::entries_of_actor, Query::insert_ledger_entry,
        Query::grant_of, Query::grants_made_by, Query::killed_grants, Query::lift_kill, Query::forget_tenant_reads,
        Query::spent_by, Query::update_spent, Query::count_tenant_reads, Query::delete_budgets_before,
        Query::delete_tenant_reads_before, Query::scopes_page, Query::breach_notice_by_code,
        Query::breach_notices_of, Query::breach_notice_by_id, Query::mark_notice_opened, Query::due_mails,
        Query::lease_mail, Query::settle_mail, Query::delete_mails_before, Query::tenant_contact,
        Query::export_by_id, Query::update_export, Query::exports_of, Query::count_open_exports, Query::expire_exports,
        Query::delete_exports_before, Query::count_history_of_days, Query::signer_by_id, Query::kill_signer,
        Query::dispatches_through, Query::dispatches_of,
        Query::dispatch_by_reference, Query::mark_reaped, Query::changes_since,
        Query::visit_by_id, Query::update_visit, Query::delete_visits_before, Query::delete_spent_before,
        Query::browser_by_id, Query::update_browser, Query::delete_browsers_before, Query::delete_browser_known,
        Query::put_known_browser, Query::known_browsers_of, Query::known_on_browser, Query::known_host,
        Query::session_by_digest, Query::update_session, Query::delete_sessions_before, Query::delete_sessions_of,
        Query::credential_by_digest, Query::delete_credential_of, Query::fatigue_of, Query::update_fatigue,
        Query::delete_fatigue_before, Query::protection_of, Query::incidents_page, Query::delete_notices_before}) {
    for (const std::string& step : explained(db, "EXPLAIN QUERY PLAN ", query)) {
      EXPECT_FALSE(step.starts_with("SCAN")) << statement(query).name << ": " << step;
    }
  }
  sqlite3_close(db);
}

// A deferred seek is SQLite's word for: the row is fetched only once the index has passed it.
TEST_F(SqliteFile, LooksForATagInTheIndexAlone) {
  open_with({});
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  for (const Query query : {Query::history_by_user_tag, Query::history_by_number_tag}) {
    const auto opcodes = explained(db, "EXPLAIN ", query);
    EXPECT_EQ(std::count(opcodes.begin(), opcodes.end(), "DeferredSeek"), 1) << statement(query).name;
    EXPECT_EQ(std::count(opcodes.begin(), opcodes.end(), "SorterOpen"), 0) << statement(query).name;
    const auto plan = explained(db, "EXPLAIN QUERY PLAN ", query);
    ASSERT_EQ(plan.size(), 1u);
    EXPECT_NE(plan[0].find("USING INDEX history_by_day"), std::string::npos) << plan[0];
  }
  sqlite3_close(db);
}

TEST_F(SqliteFile, SortsNothingWhereTheIndexHasTheOrder) {
  open_with({});
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  for (const Query query : {Query::dispatches_through, Query::history_of_epoch,
                            Query::unclosed_epochs, Query::grown_trees, Query::breach_notices_of}) {
    for (const std::string& step : explained(db, "EXPLAIN QUERY PLAN ", query)) {
      EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << statement(query).name << ": " << step;
    }
  }
  sqlite3_close(db);
}

}  // namespace
}  // namespace countersign::store
