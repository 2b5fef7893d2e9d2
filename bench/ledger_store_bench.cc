// links: store core_ledger
// What the ledger's tables can do on SQLite: events committed a second, one a flow, with so many in flight over so many
// trees; and how long a scope takes to find a thief's 30,000 entries of 1,000 trees among those of everybody.
// Usage: ledger_store_bench [ENTRIES]     6000000 is more than the month of security.md §2.4, on 5 GB of disk
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <vector>

#include "core/ledger/event.h"
#include "store/ledger.h"
#include "store/open.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr seconds kRun{3};
constexpr Instant kNow{milliseconds(1'700'000'000'000)};
constexpr std::size_t kTreesRead = 1000;  // by the thief, on each day of a month
constexpr std::size_t kDays = 30;
constexpr std::size_t kAtOnce = 200;      // trees of one transaction

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What this process has computed, all threads; unlike the clock it says the same on a busy machine.
double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "%s\n", error.what.c_str());
  std::exit(1);
}

std::vector<TenantId> make_tenants(std::size_t count) {
  testing::SeededRandom random(7);
  std::vector<TenantId> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(TenantId::make(random));
  return out;
}

// Fifty people of the staff who read many tenants, or each tenant's own key that fetches its log.
enum class Readers { staff, keys };
constexpr std::size_t kStaff = 50;

struct Reader {
  std::string actor, credential, session, ip;
};

Reader reader_of(Readers readers, std::size_t tenant, std::size_t n) {
  const std::string person = std::to_string(n % kStaff);
  const std::string key = std::to_string(tenant);
  if (readers == Readers::staff) return {"a_" + person, "c_" + person, "s_5b8e2c" + person, "198.51.100." + person};
  return {"DIKEY" + key, "DIKEY" + key, "", "2001:db8::" + key};
}

LedgerEntry entry_of(const TenantId& tenant, Instant at, const Reader& reader) {
  const ledger::Event event{.at = at,
                            .node = "n1",
                            .type = ledger::EventType::read,
                            .tenant = tenant,
                            .actor = {.kind = "staff", .id = reader.actor, .credential = reader.credential,
                                      .session = reader.session, .parent = "c_11", .ip = reader.ip},
                            .purpose = "support",
                            .case_reference = "4711",
                            .intent = "",
                            .object = "authentication",
                            .query = R"({"days":["2026-03-14"]})",
                            .rows = {{.epoch = "00112233445566778899aabbccddeeff", .rows = "0-499,502", .count = 501}},
                            .count = 501,
                            .days = {20'526},
                            .detail = ""};
  auto text = ledger::encode(event);
  if (!text) give_up(text.error());
  const ledger::Hash leaf = ledger::leaf_hash(bytes_of(*text));
  return {.tree = tenant.text(), .leaf = leaf, .entry = *std::move(text), .at = at, .actor = reader.actor,
          .credential = reader.credential, .session = reader.session, .ip = reader.ip};
}

Result<void> append(Txn& txn, LedgerEntry entry) {
  const ledger::Edge before = TRY(ledger_edge(txn, entry.tree));
  ledger::Edge after = before;
  std::vector<CompletedNode> nodes;
  entry.seq = before.size();
  after.append(entry.leaf, [&](const ledger::Node& node, const ledger::Hash& hash) { nodes.push_back({node, hash}); });
  return append_ledger(txn, before, after, {std::move(entry)}, nodes);
}

void events(Store& store, const std::vector<TenantId>& tenants, Readers readers, int in_flight) {
  std::counting_semaphore<> window(in_flight);
  std::atomic<int> failed{0};
  std::atomic<int> done{0};
  const double cpu_before = cpu_us();
  const auto start = Clock::now();
  for (std::size_t i = 0; Clock::now() - start < kRun; ++i) {
    window.acquire();
    store.write(
        [entry = entry_of(tenants[i % tenants.size()], kNow - seconds(86'400) + milliseconds(i),
                          reader_of(readers, i % tenants.size(), i))](Txn& txn) { return append(txn, entry); },
        [&](Result<void> result) {
          if (!result) ++failed;
          ++done;
          window.release();
        });
  }
  for (int i = 0; i < in_flight; ++i) window.acquire();
  std::printf("%6zu trees, read by %s, %4d in flight: %8.0f events committed/s  %6.1f us of CPU  %d failed\n", tenants.size(),
              readers == Readers::staff ? "staff" : "keys ", in_flight, done / seconds_since(start),
              (cpu_us() - cpu_before) / done, failed.load());
}

// A month of a tree: on each day its own key reads, and the thief where he does.
Result<void> append_month(Txn& txn, const TenantId& tenant, std::size_t number, std::size_t own_a_day) {
  std::vector<LedgerEntry> entries;
  std::vector<CompletedNode> nodes;
  const ledger::Edge before = TRY(ledger_edge(txn, tenant.text()));
  ledger::Edge after = before;
  const auto add = [&](Instant at, const Reader& reader) {
    entries.push_back(entry_of(tenant, at, reader));
    entries.back().seq = after.size();
    after.append(entries.back().leaf,
                 [&](const ledger::Node& node, const ledger::Hash& hash) { nodes.push_back({node, hash}); });
  };
  for (std::size_t day = 0; day < kDays; ++day) {
    const Instant at = kNow + seconds(86'400 * day) + milliseconds(number);
    for (std::size_t i = 0; i < own_a_day; ++i) add(at, reader_of(Readers::keys, number, i));
    if (number < kTreesRead) add(at, {"thief", "thief", "thief", "thief"});
  }
  if (entries.empty()) return {};
  return append_ledger(txn, before, after, entries, nodes);
}

void populate(Store& store, const std::vector<TenantId>& tenants, std::size_t entries) {
  const auto start = Clock::now();
  const std::size_t own_a_day = entries / kDays / tenants.size();
  for (std::size_t from = 0; from < tenants.size(); from += kAtOnce) {
    const auto done = write_and_wait(store, [&](Txn& txn) -> Result<int> {
      for (std::size_t i = from; i < std::min(from + kAtOnce, tenants.size()); ++i) {
        TRY(append_month(txn, tenants[i], i, own_a_day));
      }
      return 0;
    });
    if (!done) give_up(done.error());
  }
  std::printf("%zu entries in %zu trees made in %.1f s\n", (own_a_day * tenants.size() + kTreesRead) * kDays,
              tenants.size(), seconds_since(start));
}

void scope(Store& store) {
  for (const FoundBy by : {FoundBy::credential, FoundBy::session, FoundBy::ip, FoundBy::actor}) {
    const EntryQuery query{.by = by, .value = "thief", .from = kNow, .to = kNow + seconds(86'400 * kDays)};
    std::size_t found = 0, bytes = 0;
    const auto start = Clock::now();
    const auto done = read(store, [&](Txn& txn) {
      return find_entries(txn, query, [&](const LedgerEntry& entry) { ++found, bytes += entry.entry.size(); });
    });
    if (!done) give_up(done.error());
    std::printf("a scope of %zu entries (%zu MB): %.0f ms\n", found, bytes / 1'000'000, seconds_since(start) * 1e3);
  }
}

int run(std::size_t entries) {
  const testing::TempDir dir;
  auto opened = open("", dir.path());
  if (!opened) give_up(opened.error());
  for (const std::size_t trees : {1u, 100u, 10'000u}) {
    const auto tenants = make_tenants(trees);
    for (const Readers readers : {Readers::staff, Readers::keys}) {
      for (const int in_flight : {16, 256}) events(**opened, tenants, readers, in_flight);
    }
  }
  populate(**opened, make_tenants(100'000), entries);
  scope(**opened);
  for (const Readers readers : {Readers::staff, Readers::keys}) {
    events(**opened, make_tenants(10'000), readers, 256);
  }
  return 0;
}

}  // namespace
}  // namespace countersign::store

int main(int argc, char** argv) {
  return countersign::store::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200'000);
}
