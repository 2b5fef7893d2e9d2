// What grants and budgets promise, over every engine.
#include <algorithm>
#include <atomic>
#include <thread>

#include "store/engines_test.h"
#include "store/ledger.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");

class Budgets : public Contract {
 protected:
  Grant grant(std::string id, std::string parent, int second) {
    return {.id = std::move(id), .parent = std::move(parent), .kind = "session", .tenant = kTenant,
            .made = kNow + seconds(second)};
  }
  void store(const Grant& one) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_grant(txn, one); }), std::nullopt);
  }
  void kill(const char* id, Instant now) {
    ASSERT_EQ(write([&](Txn& txn) { return kill_grant(txn, id, now); }), std::nullopt);
  }
  auto of(const char* id) {
    return get([&](Txn& txn) { return grant_of(txn, id); });
  }
  std::optional<Spent> spent(const char* principal, const char* budget) {
    return get([&](Txn& txn) { return spent_by(txn, principal, budget); });
  }
  std::int64_t note(const TenantRead& read, Instant since) {
    return put([&](Txn& txn) { return note_tenant_read(txn, read, since); });
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Budgets, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(Budgets, AGrantComesBackAsItWentIn) {
  store(grant("s_1", "c_77", 5));
  const auto found = of("s_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "s_1");
  EXPECT_EQ(found->parent, "c_77");
  EXPECT_EQ(found->kind, "session");
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->made, kNow + seconds(5));
  EXPECT_FALSE(found->killed);
  EXPECT_FALSE(of("c_77"));
}

TEST_P(Budgets, OfTwoGrantsOfOneIdTheFirstCounts) {
  store(grant("s_1", "c_77", 0));
  store(grant("s_1", "c_88", 1));
  EXPECT_EQ(of("s_1")->parent, "c_77");
}

TEST_P(Budgets, GrantsAreFoundByWhatMadeThem) {
  store(grant("s_2", "c_77", 2));
  store(grant("s_1", "c_77", 1));
  store(grant("k_1", "s_1", 3));
  store(grant("c_77", "", 0));
  const auto made = get([](Txn& txn) { return grants_made_by(txn, "c_77"); });
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].id, "s_1");
  EXPECT_EQ(made[1].id, "s_2");
  EXPECT_TRUE(get([](Txn& txn) { return grants_made_by(txn, ""); }).empty()) << "nothing made them";
}

TEST_P(Budgets, AGrantDiesOnceAndStaysDead) {
  store(grant("s_1", "c_77", 0));
  kill("s_1", kNow + seconds(1));
  kill("s_1", kNow + seconds(2));
  EXPECT_EQ(of("s_1")->killed, kNow + seconds(1));
  EXPECT_EQ(of("s_1")->parent, "c_77");
  store(grant("s_1", "c_77", 3));
  EXPECT_EQ(of("s_1")->killed, kNow + seconds(1));
}

TEST_P(Budgets, WhatWasNeverNotedCanBeKilled) {
  kill("uid-1000", kNow);
  ASSERT_TRUE(of("uid-1000"));
  EXPECT_EQ(of("uid-1000")->killed, kNow);
  store(grant("uid-1000", "c_1", 1));
  EXPECT_EQ(of("uid-1000")->killed, kNow);
}

TEST_P(Budgets, AKillIsLiftedOnceAndTheGrantCanBeKilledAgain) {
  const auto lift = [&](const char* id) {
    return put([&](Txn& txn) { return lift_kill(txn, id); });
  };
  store(grant("s_1", "c_77", 0));
  EXPECT_FALSE(lift("s_1")) << "it lives";
  EXPECT_FALSE(lift("s_2")) << "nobody knows it";
  kill("s_1", kNow + seconds(1));
  kill("uid:7", kNow + seconds(1));
  EXPECT_TRUE(lift("uid:7"));
  EXPECT_FALSE(lift("uid:7"));
  EXPECT_FALSE(of("uid:7")->killed);
  EXPECT_TRUE(of("s_1")->killed) << "another's";
  kill("uid:7", kNow + seconds(5));
  EXPECT_EQ(of("uid:7")->killed, kNow + seconds(5));
}

TEST_P(Budgets, NodesHearWhatWasKilledSince) {
  for (const char* id : {"a", "b", "c", "d"}) store(grant(id, "", 0));
  kill("b", kNow + seconds(2));
  kill("a", kNow + seconds(3));
  kill("c", kNow + seconds(1));
  const auto killed = get([](Txn& txn) { return killed_grants(txn, kNow + seconds(2)); });
  ASSERT_EQ(killed.size(), 2u);
  EXPECT_EQ(killed[0].id, "b");
  EXPECT_EQ(killed[1].id, "a");
}

TEST_P(Budgets, ABudgetMovesOnlyFromWhatWasRead) {
  EXPECT_FALSE(spent("a_19", "rows_day"));
  const Spent first{.principal = "a_19", .budget = "rows_day", .since = kNow, .used = 10};
  const auto put_one = [&](const Spent& after, const std::optional<Spent>& before) {
    return write([&](Txn& txn) { return put_spent(txn, after, before); });
  };
  EXPECT_EQ(put_one(first, std::nullopt), std::nullopt);
  EXPECT_EQ(put_one(first, std::nullopt), Errc::conflict);
  Spent second = first;
  second.used = 30;
  EXPECT_EQ(put_one(second, first), std::nullopt);
  EXPECT_EQ(put_one(second, first), Errc::conflict);
  Spent anew{.principal = "a_19", .budget = "rows_day", .since = kNow + seconds(86'400), .used = 1};
  EXPECT_EQ(put_one(anew, second), std::nullopt);
  EXPECT_EQ(put_one(second, Spent{.principal = "a_19", .budget = "rows_day", .since = kNow, .used = 1}),
            Errc::conflict);
  ASSERT_TRUE(spent("a_19", "rows_day"));
  EXPECT_EQ(spent("a_19", "rows_day")->since, anew.since);
  EXPECT_EQ(spent("a_19", "rows_day")->used, 1);
  EXPECT_FALSE(spent("a_19", "tenants_hour"));
  EXPECT_FALSE(spent("a_20", "rows_day"));
}

TEST_P(Budgets, ParallelSpendersNeverExceedTheBudget) {
  constexpr int kThreads = 8;
  constexpr std::int64_t kBudget = 50;
  std::atomic<int> allowed{0};
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (bool more = true; more;) {
          const auto before = store::read(*store_, [](Txn& txn) { return spent_by(txn, "a_19", "rows_day"); });
          if (!before) {
            ++failed;
            return;
          }
          Spent after = before->value_or(Spent{.principal = "a_19", .budget = "rows_day", .since = kNow});
          if (after.used == kBudget) return;
          ++after.used;
          const auto done = write([&](Txn& txn) { return put_spent(txn, after, *before); });
          if (!done) ++allowed;
          more = !done || *done == Errc::conflict;
          if (!more) ++failed;
        }
      });
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(allowed, kBudget);
  EXPECT_EQ(spent("a_19", "rows_day")->used, kBudget);
}

TEST_P(Budgets, CountsTheTenantsOfAPrincipalOnce) {
  const TenantId other = TenantId::trusted("DAOTHER");
  const auto at = [](int second) { return kNow + seconds(second); };
  EXPECT_EQ(note({.principal = "a_19", .tenant = kTenant, .at = at(0)}, kNow), 1);
  EXPECT_EQ(note({.principal = "a_19", .tenant = kTenant, .at = at(1)}, kNow), 1);
  EXPECT_EQ(note({.principal = "a_19", .tenant = other, .at = at(2)}, kNow), 2);
  EXPECT_EQ(note({.principal = "a_20", .tenant = other, .at = at(2)}, kNow), 1);
  EXPECT_EQ(note({.principal = "a_19", .tenant = other, .at = at(9)}, at(2)), 1) << "the first is past";
  EXPECT_EQ(note({.principal = "a_19", .tenant = kTenant, .at = at(10)}, at(2)), 2) << "and is read again";
  // A clock that was set back.
  EXPECT_EQ(note({.principal = "a_19", .tenant = kTenant, .at = at(0)}, at(2)), 2);
}

TEST_P(Budgets, ForgetsTheTenantsOfOnePrincipal) {
  const TenantId other = TenantId::trusted("DAOTHER");
  for (const char* principal : {"a_19", "a_20"}) note({.principal = principal, .tenant = kTenant, .at = kNow}, kNow);
  EXPECT_EQ(write([](Txn& txn) { return forget_tenant_reads(txn, "a_19"); }), std::nullopt);
  EXPECT_EQ(note({.principal = "a_19", .tenant = other, .at = kNow}, kNow), 1);
  EXPECT_EQ(note({.principal = "a_20", .tenant = other, .at = kNow}, kNow), 2);
}

TEST_P(Budgets, ARefusedReadOfATenantIsNotNoted) {
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(note_tenant_read(txn, {.principal = "a_19", .tenant = kTenant, .at = kNow}, kNow));
    return Error{Errc::exhausted, "a tenant too many"};
  }), Errc::exhausted);
  EXPECT_EQ(note({.principal = "a_19", .tenant = TenantId::trusted("DAOTHER"), .at = kNow}, kNow), 1);
}

TEST_P(Budgets, ParallelReadersNeverReachATenantTooMany) {
  constexpr int kThreads = 10;
  constexpr std::int64_t kTenantsMax = 3;
  std::atomic<int> allowed{0};
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const TenantId mine = TenantId::trusted("DA" + std::to_string(t));
        const auto done = write([&](Txn& txn) -> Result<void> {
          const auto count =
              TRY(note_tenant_read(txn, {.principal = "a_19", .tenant = mine, .at = kNow}, kNow - seconds(3600)));
          if (count > kTenantsMax) return Error{Errc::exhausted, "a tenant too many"};
          return {};
        });
        if (!done) ++allowed;
        if (done == Errc::exhausted) ++refused;
      });
    }
  }
  EXPECT_EQ(allowed, kTenantsMax);
  EXPECT_EQ(refused, kThreads - kTenantsMax);
}

TEST_P(Budgets, OldBudgetsAreClearedOutAFewAtATime) {
  for (int i = 0; i < 5; ++i) {
    const std::string principal = "a_" + std::to_string(i);
    ASSERT_EQ(write([&](Txn& txn) {
      return put_spent(txn, {.principal = principal, .budget = "b", .since = kNow + seconds(i), .used = 1}, {});
    }), std::nullopt);
  }
  note({.principal = "a_0", .tenant = kTenant, .at = kNow + seconds(1)}, kNow);
  const auto clear = [&](int second, int limit) {
    return put([&](Txn& txn) { return delete_budgets_before(txn, kNow + seconds(second), limit); });
  };
  EXPECT_EQ(clear(1, 10), 1);
  EXPECT_EQ(clear(4, 2), 4);  // two budgets, two rows of tenants
  EXPECT_EQ(clear(4, 2), 1);
  EXPECT_EQ(clear(4, 2), 0);
  EXPECT_TRUE(spent("a_4", "b"));
  EXPECT_FALSE(spent("a_3", "b"));
}

}  // namespace
}  // namespace countersign::store
