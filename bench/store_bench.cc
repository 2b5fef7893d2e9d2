// links: store
// What the store alone can do: durable "authentications" (an enrolment's next state and a history row in one flow) with
// so many in flight, and look-ups of a user with groups. Usage: store_bench [USERS [DATABASE-URL|postgres]]
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "store/history.h"
#include "store/open.h"
#include "store/users.h"
#include "testing/postgres_cluster.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTenants = 100;
constexpr seconds kRun{3};
constexpr Instant kNow{milliseconds(1'700'000'000'000)};

const TenantId& tenant_of(std::size_t user) {
  static const std::vector<TenantId> all = [] {
    testing::SeededRandom random(7);
    std::vector<TenantId> out;
    for (std::size_t i = 0; i < kTenants; ++i) out.push_back(TenantId::make(random));
    return out;
  }();
  return all[user % kTenants];
}

std::string name_of(std::size_t user) { return "user" + std::to_string(user) + "@example.org"; }

// What this process has computed, all threads; unlike the clock it says the same on a busy machine.
double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

std::vector<Enrolment> populate(Store& store, std::size_t users) {
  testing::SeededRandom random(1);
  std::vector<Enrolment> out;
  constexpr std::size_t kAtOnce = 10'000;
  for (std::size_t from = 0; from < users; from += kAtOnce) {
    const auto done = write_and_wait(store, [&](Txn& txn) -> Result<int> {
      for (std::size_t i = from; i < std::min(from + kAtOnce, users); ++i) {
        const User user{.tenant = tenant_of(i), .id = UserId::make(random), .username = name_of(i), .email = "",
                        .realname = "", .failures = {}, .groups = {}, .created = kNow, .last_login = {}};
        TRY(insert_user(txn, user));
        out.push_back({.tenant = user.tenant, .id = EnrolmentId::make(random), .user = user.id, .kind = "totp",
                       .phone = {}, .label = "", .sealed_state = random_bytes(random, 120), .created = kNow,
                       .last_used = {}});
        TRY(insert_enrolment(txn, out.back()));
      }
      return 0;
    });
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().what.c_str());
      std::exit(1);
    }
  }
  return out;
}

void authentications(Store& store, std::vector<Enrolment>& enrolments, int in_flight) {
  testing::SeededRandom random(static_cast<std::uint64_t>(in_flight));
  std::mt19937_64 pick(static_cast<std::uint64_t>(in_flight));
  std::counting_semaphore<> window(in_flight);
  std::atomic<int> failed{0};
  std::mutex mutex;
  std::vector<double> took_ms;
  const Bytes sealed = random_bytes(random, 300);
  const double cpu_before = cpu_us();
  const auto start = Clock::now();
  while (Clock::now() - start < kRun) {
    window.acquire();
    Enrolment& mine = enrolments[pick() % enrolments.size()];
    const auto began = Clock::now();
    store.write(
        [read = mine, &sealed, event = EventId::make(random)](Txn& txn) -> Result<void> {
          if (!TRY(advance_enrolment(txn, read, read.sealed_state, kNow))) return Error{Errc::conflict, "lost"};
          return append_history(txn, {.tenant = read.tenant, .day = 19'675, .id = event, .sealed = sealed});
        },
        [&, began](Result<void> done) {
          if (!done) ++failed;
          {
            const std::lock_guard lock(mutex);
            took_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
          }
          window.release();
        });
    ++mine.version;  // the next write of this enrolment meets the version this one makes
  }
  for (int i = 0; i < in_flight; ++i) window.acquire();
  const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(took_ms.begin(), took_ms.end());
  const auto at = [&](double share) {
    return took_ms[static_cast<std::size_t>(static_cast<double>(took_ms.size() - 1) * share)];
  };
  const auto count = static_cast<double>(took_ms.size());
  std::printf("%4d in flight: %8.0f authentications/s  %6.1f us of CPU  p50 %6.2f ms  p99 %6.2f ms  max %6.2f ms  %d failed\n",
              in_flight, count / took_s, (cpu_us() - cpu_before) / count, at(0.5), at(0.99), at(1), failed.load());
}

void reads(Store& store, std::size_t users, int threads) {
  std::atomic<std::int64_t> count{0};
  const double cpu_before = cpu_us();
  const auto start = Clock::now();
  {
    std::vector<std::jthread> running;
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        std::mt19937_64 pick(static_cast<std::uint64_t>(t));
        while (Clock::now() - start < kRun) {
          const std::size_t user = pick() % users;
          const auto found = read(store, [&](Txn& txn) { return user_by_name(txn, tenant_of(user), name_of(user)); });
          if (!found || !*found) std::exit(1);
          ++count;
        }
      });
    }
  }
  const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%4d threads: %8.0f reads of a user/s  %6.1f us of CPU\n", threads, static_cast<double>(count) / took_s,
              (cpu_us() - cpu_before) / static_cast<double>(count));
}

int run(std::size_t users, std::string database) {
  const testing::TempDir dir;
  testing::PostgresCluster cluster;
  if (database == "postgres") {  // one of our own, durable
    std::string missing = cluster.make();
    if (missing.empty()) missing = cluster.start("on");
    if (!missing.empty()) {
      std::fprintf(stderr, "%s\n", missing.c_str());
      return 1;
    }
    database = cluster.url("postgres");
  }
  auto opened = open(database, dir.path());
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what.c_str());
    return 1;
  }
  const auto began = Clock::now();
  std::vector<Enrolment> enrolments = populate(**opened, users);
  std::printf("%zu users made in %.1f s\n", users, std::chrono::duration<double>(Clock::now() - began).count());
  for (const int in_flight : {1, 16, 64, 256, 1024}) authentications(**opened, enrolments, in_flight);
  for (const int threads : {1, 2}) reads(**opened, users, threads);
  return 0;
}

}  // namespace
}  // namespace countersign::store

int main(int argc, char** argv) {
  return countersign::store::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000, argc > 2 ? argv[2] : "");
}
