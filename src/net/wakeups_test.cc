#include "net/wakeups.h"

#include <gtest/gtest.h>

#include <thread>

namespace countersign::net {
namespace {

using State = Wakeups::State;

TEST(Wakeups, CallEveryWaiterOfTheKeyOnce) {
  Wakeups wakeups;
  int first = 0, second = 0, other = 0;
  const auto a = wakeups.wait_for("k", wakeups.seen(), [&] { ++first; });
  const auto b = wakeups.wait_for("k", wakeups.seen(), [&] { ++second; });
  const auto c = wakeups.wait_for("other", wakeups.seen(), [&] { ++other; });
  wakeups.wake("k");
  wakeups.wake("k");
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(other, 0);
}

TEST(Wakeups, CountAWakeSinceTheWaiterLooked) {
  Wakeups wakeups;
  const auto seen = wakeups.seen();
  wakeups.wake("k");
  int calls = 0;
  EXPECT_EQ(wakeups.wait_for("k", seen, [&] { ++calls; }).state(), State::woken);
  EXPECT_EQ(wakeups.wait_for("k", wakeups.seen(), [&] { ++calls; }).state(), State::waiting);
  EXPECT_EQ(calls, 0);
}

TEST(Wakeups, ForgetAWaiterThatHasLeft) {
  Wakeups wakeups;
  int calls = 0;
  { const auto waiter = wakeups.wait_for("k", wakeups.seen(), [&] { ++calls; }); }
  wakeups.wake("k");
  EXPECT_EQ(calls, 0);
}

TEST(Wakeups, TakeNoMoreThanTheyMay) {
  Wakeups wakeups(1);
  {
    const auto first = wakeups.wait_for("a", wakeups.seen(), [] {});
    EXPECT_EQ(first.state(), State::waiting);
    EXPECT_EQ(wakeups.wait_for("b", wakeups.seen(), [] {}).state(), State::full);
  }
  const auto again = wakeups.wait_for("b", wakeups.seen(), [] {});
  EXPECT_EQ(again.state(), State::waiting);
  wakeups.wake("b");
  EXPECT_EQ(wakeups.wait_for("c", wakeups.seen(), [] {}).state(), State::waiting);
}

TEST(Wakeups, LoseNothingBetweenThreads) {
  Wakeups wakeups;
  std::atomic<int> given{0}, wanted{0};
  std::thread waker([&] {
    for (int i = 1; i <= 20'000; ++i) {
      while (wanted < i) std::this_thread::yield();
      given = i;
      wakeups.wake("k");
    }
  });
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool lost = false;
  for (int i = 1; i <= 20'000; ++i) {
    wanted = i;
    for (auto seen = wakeups.seen(); given < i && !lost; seen = wakeups.seen()) {
      const auto woken = std::make_shared<std::atomic<bool>>(false);
      const auto waiter = wakeups.wait_for("k", seen, [woken] { *woken = true; });
      while (waiter.state() == State::waiting && !*woken && !lost) {
        std::this_thread::yield();
        lost = std::chrono::steady_clock::now() > patience;
      }
    }
  }
  EXPECT_FALSE(lost);
  waker.join();
}

}  // namespace
}  // namespace countersign::net
