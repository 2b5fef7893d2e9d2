#include "server/data_dir.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/time.h"
#include "testing/temp_dir.h"

namespace countersign::server {
namespace {

// A server that is killed right after it has forked: its child has the lock for some milliseconds yet.
void leave_a_child_with_the_lock(const std::filesystem::path& data, milliseconds lets_go_after) {
  const pid_t server = ::fork();
  ASSERT_GE(server, 0);
  if (server == 0) {
    const auto held = DataDir::open(data);
    if (!held) ::_exit(1);
    if (::fork() != 0) ::_exit(0);
    const itimerval end{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = lets_go_after.count() * 1000}};
    ::setitimer(ITIMER_REAL, &end, nullptr);
    for (;;) ::pause();
  }
  int status = -1;
  ASSERT_EQ(::waitpid(server, &status, 0), server);
  ASSERT_EQ(status, 0);
}

TEST(DataDirectory, IsHeldByOneAtATime) {
  const testing::TempDir dir;
  const auto first = DataDir::open(dir.path());
  ASSERT_TRUE(first) << first.error().what;
  const auto second = DataDir::open(dir.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_NE(second.error().what.find("process " + std::to_string(::getpid())), std::string::npos);
}

TEST(DataDirectory, WaitsForTheChildOfOneThatWasKilledWhileStarting) {
  const testing::TempDir dir;
  leave_a_child_with_the_lock(dir.path(), milliseconds(300));
  const auto next = DataDir::open(dir.path());
  EXPECT_TRUE(next) << next.error().what;
}

}  // namespace
}  // namespace countersign::server
