// What every engine promises about flows: whole or undone, answered once, correct beside each other.
#include <latch>
#include <limits>
#include <thread>

#include "store/engines_test.h"
#include "testing/fault_store.h"

namespace countersign::store {
namespace {

class Flows : public Contract {};

INSTANTIATE_TEST_SUITE_P(Store, Flows, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");

// Waits for a number of completions and keeps what they said.
class Answers {
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::optional<Errc>> answers_;

 public:
  Done take() {
    return [this](Result<void> done) {
      const std::lock_guard lock(mutex_);
      answers_.push_back(done ? std::nullopt : std::optional(done.error().code));
      came_.notify_all();
    };
  }
  std::vector<std::optional<Errc>> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return answers_.size() >= count; });
    return answers_;
  }
};

TEST_P(Flows, UndoesTheWholeFlowThatFails) {
  const User alice = user(kTenant, "alice");
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(insert_user(txn, alice));
    return Error{Errc::refused, "changed its mind"};
  }), Errc::refused);
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); }));
}

TEST_P(Flows, UndoesAFlowThatPassesOverAFailedStatement) {
  stored_user(kTenant, "alice");
  const User bob = user(kTenant, "bob");
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(insert_user(txn, bob));
    EXPECT_EQ(insert_user(txn, user(kTenant, "alice")).error().code, Errc::conflict);
    EXPECT_FALSE(insert_user(txn, user(kTenant, "carol")));
    return {};
  }), Errc::conflict);
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_id(txn, kTenant, bob.id); }));
}

TEST_P(Flows, KeepsTheOtherFlowsWhenOneFails) {
  Answers answers;
  std::latch go(1);
  store_->write([&](Txn&) -> Result<void> {
    if (GetParam() != Kind::memory) go.wait();  // the rest queues up behind it and becomes a batch
    return {};
  }, answers.take());
  std::vector<User> users;
  for (int i = 0; i < 20; ++i) users.push_back(user(kTenant, "user" + std::to_string(i)));
  for (int i = 0; i < 20; ++i) {
    store_->write([&, i](Txn& txn) -> Result<void> {
      TRY(insert_user(txn, users[static_cast<std::size_t>(i)]));
      if (i % 5 == 0) return Error{Errc::refused, "one of five"};
      return {};
    }, answers.take());
  }
  go.count_down();
  const auto all = answers.wait_for(21);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::optional(Errc::refused)), 4);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::nullopt), 17);
  EXPECT_EQ(get([](Txn& txn) { return users_page(txn, kTenant, "", 100); }).size(), 16u);
}

TEST_P(Flows, LetsExactlyOneOfManyWin) {
  const Enrolment read = stored_enrolment(stored_user(kTenant, "alice"), "totp", 0);
  constexpr int kThreads = 100;
  std::atomic<int> won{0};
  Answers answers;
  {
    std::latch go(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        go.arrive_and_wait();
        auto mine = std::make_shared<bool>(false);
        store_->write([&read, mine](Txn& txn) -> Result<void> {
          *mine = TRY(advance_enrolment(txn, read, Bytes{1}, kNow));
          return {};
        }, [&won, mine, done = answers.take()](Result<void> result) {
          if (result && *mine) ++won;
          done(std::move(result));
        });
      });
    }
    answers.wait_for(kThreads);
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(get([&](Txn& txn) { return enrolment_by_id(txn, kTenant, read.id); })->version, 1);
}

TEST_P(Flows, CountsEveryFailureOfParallelGuesses) {
  const User alice = stored_user(kTenant, "alice");
  constexpr int kGuesses = 64;
  Answers answers;
  for (int i = 0; i < kGuesses; ++i) {
    store_->write([&](Txn& txn) -> Result<void> {
      TRY(add_failure(txn, kTenant, alice.id, 10, kNow));
      return {};
    }, answers.take());
  }
  const auto all = answers.wait_for(kGuesses);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::nullopt), kGuesses);
  EXPECT_EQ(get([&](Txn& txn) { return user_gate(txn, kTenant, alice.id); })->failures.count, kGuesses);
}

TEST_P(Flows, OpensOneAttemptOfManyAtOnce) {
  const User alice = stored_user(kTenant, "alice");
  Answers answers;
  for (int i = 0; i < 32; ++i) {
    store_->write([one = attempt(alice)](Txn& txn) { return insert_attempt(txn, one); }, answers.take());
  }
  const auto all = answers.wait_for(32);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::nullopt), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::optional(Errc::conflict)), 31);
}

TEST_P(Flows, FinishesQueuedWritesBeforeItEnds) {
  Answers answers;
  for (int i = 0; i < 200; ++i) {
    store_->write([row = event(kTenant, 7)](Txn& txn) { return append_history(txn, row); }, answers.take());
  }
  store_.reset();
  const auto all = answers.wait_for(200);
  EXPECT_EQ(all.size(), 200u);
  EXPECT_EQ(std::count(all.begin(), all.end(), std::nullopt), 200);
}

TEST_P(Flows, ReadsOneSnapshot) {
  if (GetParam() == Kind::memory) GTEST_SKIP() << "takes turns instead";
  stored_user(kTenant, "alice");
  const auto counts = get([&](Txn& txn) -> Result<std::pair<std::size_t, std::size_t>> {
    const std::size_t before = TRY(users_page(txn, kTenant, "", 10)).size();
    stored_user(kTenant, "bob");
    return std::pair(before, TRY(users_page(txn, kTenant, "", 10)).size());
  });
  EXPECT_EQ(counts, std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(get([](Txn& txn) { return users_page(txn, kTenant, "", 10); }).size(), 2u);
}

TEST_P(Flows, RefusesToWriteInARead) {
  const auto out = store_->read([&](Txn& txn) { return insert_user(txn, user(kTenant, "alice")); });
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::refused);
}

TEST_P(Flows, StopsNulAndBrokenTextAtTheDoor) {
  using namespace std::string_literals;
  for (const std::string& text : {"a\0b"s, "\xc3"s, "\xed\xa0\x80"s}) {
    EXPECT_EQ(write([&](Txn& txn) {
      User bad = user(kTenant, "alice");
      bad.realname = text;
      return insert_user(txn, bad);
    }), Errc::malformed);
    EXPECT_EQ(store_->read([&](Txn& txn) -> Result<void> {
      TRY(tenant_by_name(txn, text));
      return {};
    }).error().code, Errc::malformed);
  }
  EXPECT_EQ(write([&](Txn& txn) { return insert_user(txn, user(kTenant, "alice")); }), std::nullopt);
}

TEST_P(Flows, TakesTextThatLooksLikeSql) {
  const std::string name = "x'); DROP TABLE users; -- $1 %s \\ \"";
  const User stored = stored_user(kTenant, name);
  EXPECT_EQ(get([&](Txn& txn) { return user_by_id(txn, kTenant, stored.id); })->username, name);
}

TEST_P(Flows, KeepsWhatItAnsweredOverAReopening) {
  if (GetParam() == Kind::memory) GTEST_SKIP() << "forgets";
  const User alice = stored_user(kTenant, "alice");
  reopen();
  EXPECT_TRUE(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); }));
}

TEST_P(Flows, PagesHistoryInTheOrderOfWritingAcrossDays) {
  // The last events of a day come after the first of the next.
  const std::vector<std::int64_t> days = {5, 5, 6, 5, 6, 6, 7, 6, 20, 20, 21};
  std::vector<EventId> written;
  for (const std::int64_t day : days) {
    const HistoryRow row = event(kTenant, day);
    written.push_back(row.id);
    ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, row); }), std::nullopt);
    ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, event(kOther, day)); }), std::nullopt);
  }
  for (const int limit : {1, 2, 3, 5, 100}) {
    std::vector<EventId> seen;
    std::int64_t position = 0;
    while (get([&](Txn& txn) {
      const auto note = [&](const HistoryRow& row) {
        EXPECT_GT(row.position, position);
        EXPECT_EQ(row.sealed, (Bytes{7, 0, 7}));
        position = row.position;
        seen.push_back(row.id);
      };
      return history_page(txn, kTenant, Stream::authentication, 0, 1'000'000, position, limit, note);
    }) > 0) {
    }
    EXPECT_EQ(seen, written) << "limit " << limit;
  }
}

TEST_P(Flows, ReadsADaysHistoryBackwards) {
  std::vector<EventId> fifth;
  for (const std::int64_t day : {3, 5, 5, 5, 6}) {
    const HistoryRow row = event(kTenant, day);
    if (day == 5) fifth.insert(fifth.begin(), row.id);
    ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, row); }), std::nullopt);
    ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, event(kOther, 4)); }), std::nullopt);
  }
  const auto day_before = [&](std::int64_t day) {
    return get([&](Txn& txn) { return history_day_before(txn, kTenant, Stream::authentication, day); });
  };
  EXPECT_EQ(day_before(1'000'000), 6);
  EXPECT_EQ(day_before(5), 3);
  EXPECT_EQ(day_before(3), std::nullopt);
  std::vector<EventId> seen;
  HistoryPlace before{5, std::numeric_limits<std::int64_t>::max()};
  while (get([&](Txn& txn) {
    return history_back(txn, kTenant, Stream::authentication, before, 2, [&](const HistoryRow& row) {
      EXPECT_LT(row.position, before.position);
      before.position = row.position;
      seen.push_back(row.id);
    });
  }) > 0) {
  }
  EXPECT_EQ(seen, fifth);
}

TEST_P(Flows, KeepsHistoryOfDaysStreamsAndTenantsApart) {
  for (const std::int64_t day : {1, 2, 3, 4}) {
    ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, event(kTenant, day)); }), std::nullopt);
  }
  HistoryRow activity = event(kTenant, 2);
  activity.stream = Stream::activity;
  ASSERT_EQ(write([&](Txn& txn) { return append_history(txn, activity); }), std::nullopt);
  const auto count = [&](const TenantId& tenant, Stream stream, std::int64_t first, std::int64_t last) {
    return get([&](Txn& txn) {
      return history_page(txn, tenant, stream, first, last, 0, 100, [](const HistoryRow&) {});
    });
  };
  EXPECT_EQ(count(kTenant, Stream::authentication, 2, 3), 2);
  EXPECT_EQ(count(kTenant, Stream::activity, 0, 9), 1);
  EXPECT_EQ(count(kTenant, Stream::telephony, 0, 9), 0);
  EXPECT_EQ(count(kOther, Stream::authentication, 0, 9), 0);
  EXPECT_EQ(get([](Txn& txn) { return count_history(txn, kTenant, Stream::authentication); }), 4);
}

TEST_P(Flows, TakesAServerValueOnce) {
  const Bytes value = {0, 1, 0};
  EXPECT_FALSE(get([](Txn& txn) { return server_value(txn, "ca_key"); }));
  ASSERT_EQ(write([&](Txn& txn) { return insert_server_value(txn, "ca_key", value); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_server_value(txn, "ca_key", Bytes{2}); }), Errc::conflict);
  EXPECT_EQ(get([](Txn& txn) { return server_value(txn, "ca_key"); }), value);
}

TEST_P(Flows, TellsChangesAfterANumberAndLateOnesAgain) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(write([&](Txn& txn) { return note_change(txn, "key" + std::to_string(i), kNow + seconds(i)); }),
              std::nullopt);
  }
  std::vector<std::string> keys;
  const auto note = [&](std::string_view key) { keys.emplace_back(key); };
  const std::int64_t newest = get([&](Txn& txn) { return changes_since(txn, 0, kNow + seconds(9), note); });
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{"key0", "key1", "key2"}));
  keys.clear();
  EXPECT_EQ(get([&](Txn& txn) { return changes_since(txn, newest, kNow + seconds(9), note); }), newest);
  EXPECT_TRUE(keys.empty());
  EXPECT_EQ(get([&](Txn& txn) { return changes_since(txn, newest, kNow + seconds(2), note); }), newest);
  EXPECT_EQ(keys, std::vector<std::string>{"key2"});
  EXPECT_EQ(put([](Txn& txn) { return delete_changes_before(txn, kNow + seconds(9)); }), 3);
  ASSERT_EQ(write([](Txn& txn) { return note_change(txn, "again", kNow); }), std::nullopt);
  EXPECT_GT(get([&](Txn& txn) { return changes_since(txn, newest, kNow + seconds(9), note); }), newest);
}

TEST_P(Flows, LeavesNothingWhicheverStatementFails) {
  testing::FaultStore faulty(*store_);
  const User alice = user(kTenant, "alice");
  const auto flow = [&](Txn& txn) -> Result<void> {
    TRY(insert_user(txn, alice));
    TRY(insert_enrolment(txn, enrolment(alice, "totp", 0)));
    return append_history(txn, event(kTenant, 1));
  };
  for (int n = 1; n <= 3; ++n) {
    faulty.fail_from(n, Errc::unavailable);
    const auto done = write_and_wait(faulty, [&](Txn& txn) -> Result<int> {
      TRY(flow(txn));
      return 0;
    });
    EXPECT_EQ(done.error().code, Errc::unavailable);
    EXPECT_GE(faulty.statements(), n);  // a store may have tried again
  }
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); }));
  EXPECT_EQ(get([](Txn& txn) { return count_history(txn, kTenant, Stream::authentication); }), 0);
  faulty.heal();
  faulty.run_twice();
  EXPECT_TRUE(write_and_wait(faulty, [&](Txn& txn) -> Result<int> {
    TRY(flow(txn));
    return 0;
  }));
  EXPECT_EQ(get([](Txn& txn) { return count_history(txn, kTenant, Stream::authentication); }), 1);
}

TEST_P(Flows, AnswersAPing) { EXPECT_TRUE(store_->ping()); }

}  // namespace
}  // namespace countersign::store
