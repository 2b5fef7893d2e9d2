// What PostgreSQL alone can do to us: die, hang, come back.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "store/engines_test.h"
#include "store/postgres/postgres_store.h"
#include "testing/postgres_cluster.h"

namespace countersign::store {
namespace {

constexpr auto kPromise = std::chrono::seconds(2);

// One server for these tests, apart from the one the contract suite uses; each finds it running.
class PostgresAway : public ::testing::Test {
  struct Server {
    testing::PostgresCluster cluster;
    std::string missing = cluster.make();
  };

 protected:
  static Server& server() {
    static Server one;
    return one;
  }
  testing::PostgresCluster& cluster_ = server().cluster;
  std::unique_ptr<Store> store_;
  testing::SeededRandom random_;

  void SetUp() override {
    if (!server().missing.empty()) GTEST_SKIP() << server().missing;
    if (cluster_.pid() == 0) ASSERT_EQ(cluster_.start(), "");
    auto opened = open(cluster_.url("postgres"), {});
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }
  std::optional<Errc> write() {
    const auto done = write_and_wait(*store_, [&](Txn& txn) -> Result<int> {
      TRY(append_history(txn, {.tenant = TenantId::trusted("DAX"), .id = EventId::make(random_), .sealed = {1}}));
      return 0;
    });
    return done ? std::nullopt : std::optional(done.error().code);
  }
  std::optional<Errc> read() {
    const auto done = store_->ping();
    return done ? std::nullopt : std::optional(done.error().code);
  }
  // Every process of the server, through /proc.
  void signal_all(int signal) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != name.npos) continue;
      std::ifstream stat(entry.path() / "stat");
      std::string skip;
      int parent = 0;
      std::getline(stat, skip, ')');
      stat >> skip >> parent;
      if (parent == cluster_.pid()) ::kill(std::stoi(name), signal);
    }
    ::kill(cluster_.pid(), signal);
  }
  // Asks until it answers; the breaker rests for a moment after the server is back.
  bool comes_back() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      if (!write()) return true;
    }
    return false;
  }
};

TEST_F(PostgresAway, AnswersUnavailableWhileTheServerIsDownAndRecovers) {
  ASSERT_EQ(write(), std::nullopt);
  ASSERT_EQ(read(), std::nullopt);
  cluster_.kill();
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(write(), Errc::unavailable);
    EXPECT_EQ(read(), Errc::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - start, kPromise);
  }
  ASSERT_EQ(cluster_.start(), "");
  EXPECT_TRUE(comes_back());
  EXPECT_EQ(read(), std::nullopt);
}

TEST_F(PostgresAway, AnswersUnavailableInTimeWhileTheServerHangs) {
  ASSERT_EQ(write(), std::nullopt);
  signal_all(SIGSTOP);
  const auto start = std::chrono::steady_clock::now();
  std::atomic<int> unavailable{0};
  std::promise<void> all;
  constexpr int kWrites = 100;
  for (int i = 0; i < kWrites; ++i) {
    store_->write([](Txn& txn) { return insert_server_value(txn, "x", Bytes{1}); }, [&](Result<void> done) {
      if (!done && done.error().code == Errc::unavailable && ++unavailable == kWrites) all.set_value();
    });
  }
  EXPECT_EQ(all.get_future().wait_for(kPromise), std::future_status::ready);
  EXPECT_EQ(read(), Errc::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2 * kPromise);
  signal_all(SIGCONT);
  EXPECT_TRUE(comes_back());
}

TEST_F(PostgresAway, RunsAgainOnANewConnectionWhenBackendsDie) {
  ASSERT_EQ(write(), std::nullopt);
  auto admin = postgres::Connection::open(cluster_.url("postgres"), 0, postgres::Deadline::max());
  ASSERT_TRUE(admin);
  ASSERT_TRUE((*admin)->script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                               "AND backend_type = 'client backend'", postgres::Deadline::max()));
  EXPECT_EQ(write(), std::nullopt);
  EXPECT_EQ(read(), std::nullopt);
}

TEST_F(PostgresAway, RefusesADatabaseOfAnotherEncoding) {
  auto admin = postgres::Connection::open(cluster_.url("postgres"), 0, postgres::Deadline::max());
  ASSERT_TRUE(admin);
  ASSERT_TRUE((*admin)->script("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0",
                               postgres::Deadline::max()));
  const auto opened = open(cluster_.url("latin"), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::refused);
}

TEST(PostgresStore, SaysThatNoServerIsThere) {
  const testing::TempDir dir;
  const auto opened = open("postgresql:///none?host=" + dir.path().string() + "&password=hunter2", {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  EXPECT_EQ(opened.error().what.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace countersign::store
