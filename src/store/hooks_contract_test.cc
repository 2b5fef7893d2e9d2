// What every engine promises about after_commit.
#include <array>
#include <atomic>
#include <future>
#include <latch>

#include "store/engines_test.h"
#include "testing/fault_store.h"

namespace countersign::store {
namespace {

class HooksContract : public Contract {};

INSTANTIATE_TEST_SUITE_P(Store, HooksContract, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

const TenantId kTenant = TenantId::trusted("DATENANT");

TEST_P(HooksContract, RunInOrderAfterTheCommitAndBeforeTheAnswer) {
  const User alice = user(kTenant, "alice");
  std::vector<std::string> seen;
  std::promise<void> done;
  store_->write(
      [&](Txn& txn) -> Result<void> {
        txn.after_commit([&] {
          const auto found = store::read(*store_, [&](Txn& fresh) { return user_by_id(fresh, kTenant, alice.id); });
          seen.push_back(found && *found ? "first, durable" : "first, too early");
        });
        TRY(insert_user(txn, alice));
        txn.after_commit([&] { seen.push_back("second"); });
        return {};
      },
      [&](Result<void> result) {
        seen.push_back(result ? "done" : "failed");
        done.set_value();
      });
  done.get_future().get();
  EXPECT_EQ(seen, (std::vector<std::string>{"first, durable", "second", "done"}));
}

TEST_P(HooksContract, OfAnUndoneFlowNeverRun) {
  int ran = 0;
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    txn.after_commit([&] { ++ran; });
    TRY(insert_user(txn, user(kTenant, "alice")));
    return Error{Errc::refused, "changed its mind"};
  }), Errc::refused);
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    txn.after_commit([&] { ++ran; });
    const User bob = user(kTenant, "bob");
    TRY(insert_user(txn, bob));
    return insert_user(txn, bob);
  }), Errc::conflict);
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    txn.after_commit([&] { ++ran; });
    throw std::runtime_error("lack of something");
  }), Errc::unavailable);
  EXPECT_EQ(ran, 0);
}

// One of five fails after it wrote, so SQLite runs the whole batch again: no hook may count twice.
TEST_P(HooksContract, OfABatchRunOnceForEachFlowThatSucceeded) {
  constexpr int kFlows = 20;
  std::array<std::atomic<int>, kFlows> ran{};
  std::vector<User> users;
  for (int i = 0; i < kFlows; ++i) users.push_back(user(kTenant, "user" + std::to_string(i)));
  std::latch go(1);
  std::latch answered(kFlows + 1);
  store_->write([&](Txn&) -> Result<void> {
    if (GetParam() != Kind::memory) go.wait();
    return {};
  }, [&](Result<void>) { answered.count_down(); });
  for (std::size_t i = 0; i < kFlows; ++i) {
    store_->write([&, i](Txn& txn) -> Result<void> {
      txn.after_commit([&, i] { ++ran[i]; });
      TRY(insert_user(txn, users[i]));
      if (i % 5 == 4) return insert_user(txn, users[i]);
      return {};
    }, [&](Result<void>) { answered.count_down(); });
  }
  go.count_down();
  answered.wait();
  for (std::size_t i = 0; i < kFlows; ++i) EXPECT_EQ(ran[i], i % 5 == 4 ? 0 : 1) << i;
}

TEST_P(HooksContract, AreThoseOfTheRunThatWasCommitted) {
  testing::FaultStore twice(*store_);
  twice.run_twice();
  std::atomic<int> runs = 0;
  std::atomic<int> ran = 0;
  twice.write(
      [&](Txn& txn) -> Result<void> {
        ++runs;
        txn.after_commit([&] { ++ran; });
        return insert_user(txn, user(kTenant, "alice"));
      },
      [](Result<void>) {});
  store_.reset();  // finishes both
  EXPECT_GE(runs, 2);
  EXPECT_EQ(ran, 1);
}

TEST_P(HooksContract, OfALostCommitNeverRun) {
  testing::FaultStore lossy(*store_);
  lossy.fail_commits(Errc::unavailable);
  int ran = 0;
  std::promise<void> done;
  lossy.write(
      [&](Txn& txn) -> Result<void> {
        txn.after_commit([&] { ++ran; });
        return insert_user(txn, user(kTenant, "alice"));
      },
      [&](Result<void>) { done.set_value(); });
  done.get_future().get();
  EXPECT_EQ(ran, 0);
}

TEST_P(HooksContract, OfAReadRunWhenItHasEndedWell) {
  int ran = 0;
  const auto reading = [&](Txn& txn) -> Result<void> {
    txn.after_commit([&] { ++ran; });
    TRY(txn.rows(Query::ping, {}, [](const Row&) {}));
    return {};
  };
  EXPECT_TRUE(store_->read(reading));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(store_->read([&](Txn& txn) -> Result<void> {
    TRY(reading(txn));
    return Error{Errc::refused, "changed its mind"};
  }).error().code, Errc::refused);
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace countersign::store
