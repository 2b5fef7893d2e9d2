#include "net/registry.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "net/parking.h"

namespace countersign::net {
namespace {

using Time = Registry::Time;

Time at(int s) { return Time(std::chrono::seconds(s)); }

// One connection whose other end tells whether it was shut down.
struct Member {
  Member(Registry& registry, asio::io_context& io, std::size_t listener = 0) {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
    entry.emplace(registry, listener, ends[0], std::make_shared<Parking>(io.get_executor()));
  }
  ~Member() {
    entry.reset();
    ::close(ends[0]);
    ::close(ends[1]);
  }
  bool can_write() {
    pollfd entry_poll{ends[1], POLLRDHUP, 0};
    return ::poll(&entry_poll, 1, 0) == 0;
  }

  std::array<int, 2> ends{};
  std::optional<Registry::Entry> entry;
};

struct RegistryTest : ::testing::Test {
  asio::io_context io;
  Registry registry;
};

TEST_F(RegistryTest, ExpiresWhatIsPastItsDeadline) {
  Member early(registry, io), late(registry, io), busy(registry, io);
  early.entry->arm(Phase::head, at(10));
  late.entry->arm(Phase::body, at(20));
  registry.sweep(at(10));
  EXPECT_TRUE(early.entry->expired());
  EXPECT_FALSE(late.entry->expired());
  EXPECT_FALSE(busy.entry->expired());
}

TEST_F(RegistryTest, LeavesRoomForLastWordsUnlessNobodyReads) {
  Member head(registry, io), write(registry, io);
  head.entry->arm(Phase::head, at(1));
  write.entry->arm(Phase::write, at(1));
  registry.sweep(at(2));
  EXPECT_TRUE(head.can_write());
  EXPECT_FALSE(write.can_write());
}

TEST_F(RegistryTest, EvictsTheLongestIdleOfTheListener) {
  Member other(registry, io, 1), younger(registry, io), older(registry, io), working(registry, io);
  other.entry->arm(Phase::idle, at(1));
  younger.entry->arm(Phase::idle, at(3));
  older.entry->arm(Phase::idle, at(2));
  working.entry->arm(Phase::head, at(1));
  EXPECT_TRUE(registry.evict_idle(0));
  EXPECT_TRUE(older.entry->expired());
  EXPECT_FALSE(younger.entry->expired());
  EXPECT_TRUE(registry.evict_idle(0));
  EXPECT_TRUE(younger.entry->expired());
  EXPECT_FALSE(registry.evict_idle(0));
}

TEST_F(RegistryTest, ForgetsWhatHasEnded) {
  { const Member gone(registry, io); }
  EXPECT_EQ(registry.size(), 0U);
  registry.close_all();
}

}  // namespace
}  // namespace countersign::net
