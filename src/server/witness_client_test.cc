// The log and a witness against each other over HTTP, honest and not.
#include "server/witness_client.h"

#include <gtest/gtest.h>

#include "flow/ledger.h"
#include "flow/run_again.h"
#include "server/ledger_keeper.h"
#include "server/witness.h"
#include "testing/http_server.h"
#include "testing/ledger_keys.h"
#include "testing/small_world.h"

namespace countersign::server {
namespace {

struct Watched : ::testing::Test {
  testing::TempDir dir;
  testing::SmallWorld world;
  oplog::KeptLines lines;
  oplog::Log log{world.clock, lines};
  ledger::SigningKey key = testing::witness_key(11, "w1");
  std::unique_ptr<Witness> witness;
  std::atomic<int> answers_with = 0;  // another status than the witness's
  std::unique_ptr<testing::HttpServer> http;
  std::unique_ptr<flow::WitnessBook> book;
  std::unique_ptr<WitnessClient> client;

  void SetUp() override {
    const auto log_key = flow::log_name(*world.ports)->key;
    witness = *Witness::open({world.clock, key.verifier, ledger::sign_with(key.key)}, dir.path().string(), {log_key});
    http = std::make_unique<testing::HttpServer>([this](const net::HttpRequest& request) -> net::Reply {
      net::HttpResponse answer = witness->serve(request);
      if (answers_with != 0) answer.status = answers_with;
      return answer;
    });
    restart();
  }
  // The server anew: what it knew of its witnesses is gone.
  void restart() {
    const std::string line = "http://127.0.0.1:" + std::to_string(http->port()) + " " + key.verifier.text();
    book = std::make_unique<flow::WitnessBook>(*read_witnesses({line}, 1), 1);
    client = *WitnessClient::make({*world.ports, log, *book, ""});
  }
  void happen(int events = 1) { happen_in(world, events); }
  static void happen_in(testing::SmallWorld& world, int events) {
    for (int i = 0; i < events; ++i) {
      const auto event = flow::begin_event(*world.ports, ledger::EventType::list, world.tenant.id, {.kind = "staff"});
      ASSERT_TRUE(flow::record_now(*world.ports, event));
      ASSERT_TRUE(flow::publish_checkpoints(*world.ports, {}));
    }
  }
  void publish() {
    ASSERT_TRUE(flow::publish_checkpoints(*world.ports, [this](const std::string& note) { return client->ask(note); }));
  }
  bool cosigned() {
    const auto stored = store::read(*world.store, [](store::Txn& txn) { return store::checkpoint_of(txn, ""); });
    const auto note = ledger::parse_note((*stored)->note);
    return ledger::verify_note(*note, {key.verifier}).has_value();
  }
  bool said(std::string_view what) {
    const auto all = lines.lines();
    return std::ranges::any_of(all, [&](const std::string& line) { return line.find(what) != line.npos; });
  }
  flow::WitnessStanding standing() const { return book->state(0).standing; }
  // Every head of this log, but with another history.
  void forget() {
    world.store = store::open_memory();
    world.ports.reset(
        new flow::Ports{*world.store, *world.keys, world.clock, world.random, [](std::string_view) {}, {}});
  }
};

TEST_F(Watched, TheStoredHeadCarriesTheCosignature) {
  happen(3);
  publish();
  EXPECT_TRUE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::cosigned);
  EXPECT_TRUE(book->quorum_met());
}

TEST_F(Watched, AfterARestartTheWitnessItselfTellsWhatItHas) {
  happen(3);
  publish();
  restart();
  happen(4);
  publish();
  EXPECT_TRUE(cosigned());
  EXPECT_EQ(book->state(0).size, 7u);
}

TEST_F(Watched, AWitnessThatWasAwaySeesTheHeadLater) {
  answers_with = 500;
  happen();
  publish();
  EXPECT_FALSE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::away);
  EXPECT_FALSE(book->quorum_met());
  EXPECT_TRUE(said("ledger.quorum_missed"));
  answers_with = 0;
  publish();  // it is left alone for a while
  EXPECT_FALSE(cosigned());
  world.clock.advance(seconds(10));
  publish();
  EXPECT_TRUE(cosigned());
  EXPECT_TRUE(said("ledger.quorum_met"));
}

TEST_F(Watched, ALedgerThatForgotIsSaidLoudly) {
  happen(5);
  publish();
  forget();
  restart();
  happen(2);
  publish();
  EXPECT_FALSE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::disagrees);
  EXPECT_NE(book->state(0).why.find("rolled back"), std::string::npos) << book->state(0).why;
  EXPECT_TRUE(said("ledger.forked"));
}

TEST_F(Watched, ALedgerThatForgotAndGrewAgainIsFoundOut) {
  happen(3);
  publish();
  forget();
  world.clock.advance(seconds(1));  // else the same happens again
  restart();
  happen(6);
  publish();
  EXPECT_FALSE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::disagrees);
  EXPECT_EQ(book->disagreeing(), 1u);
}

TEST_F(Watched, AnotherRootForTheSameSizeIsFoundOut) {
  happen(3);
  publish();
  forget();
  world.clock.advance(seconds(1));
  restart();
  happen(3);
  publish();
  EXPECT_FALSE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::disagrees);
}

TEST_F(Watched, ACosignatureOfAnotherKeyIsNotTaken) {
  const auto other = testing::witness_key(12, "w1");
  const std::string line = "http://127.0.0.1:" + std::to_string(http->port()) + " " + other.verifier.text();
  book = std::make_unique<flow::WitnessBook>(*read_witnesses({line}, 1), 1);
  client = *WitnessClient::make({*world.ports, log, *book, ""});
  happen();
  publish();
  EXPECT_FALSE(cosigned());
  EXPECT_EQ(standing(), flow::WitnessStanding::away);
}

TEST(Witnesses, AreReadWithTheirKeysOrRefused) {
  const std::string key = testing::witness_key(1, "w").verifier.text(),
                    log = testing::ledger_key(2, "l").verifier.text();
  const auto fine = read_witnesses({"https://w.example/x/ " + key}, 1);
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->front().url, "https://w.example/x");
  for (const auto& lines :
       std::vector<std::vector<std::string>>{{key},
                                             {"https://w.example"},
                                             {"ftp://w.example " + key},
                                             {"http://w.example " + key},
                                             {"http://127.evil.example " + key},
                                             {"https://w.example " + log},
                                             {"https://w.example " + key, "https://v.example " + key}}) {
    const auto read = read_witnesses(lines, 0);
    ASSERT_FALSE(read) << lines.front();
    EXPECT_EQ(read.error().code, Errc::malformed);
  }
  EXPECT_EQ(read_witnesses({"https://w.example " + key}, 2).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::server
