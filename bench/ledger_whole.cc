// Verifies every tree of a database's ledger, each leaf from its entry, with so many leaves flipped or dropped on the
// way, chosen by chance: the trees that hold them must be refused, and no other.
//   ledger_whole DATA_DIR POLICY DAMAGED
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>

#include "core/ledger/checkpoint.h"
#include "core/ledger/policy.h"

namespace countersign::bench {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "ledger_whole: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(result.error().what);
  return *std::move(result);
}

struct Statement {
  sqlite3_stmt* stmt = nullptr;
  Statement(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, nullptr) != SQLITE_OK) give_up(sqlite3_errmsg(db));
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(stmt); }
  bool step() const { return sqlite3_step(stmt) == SQLITE_ROW; }
  std::string text(int column) const {
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(stmt, column));
    return {reinterpret_cast<const char*>(sqlite3_column_text(stmt, column)), size};
  }
};

// The leaves that are damaged, by their place in the order of writing.
std::set<std::int64_t> chosen(std::int64_t leaves, int damaged) {
  std::mt19937_64 random(20'240'401);
  std::set<std::int64_t> out;
  while (out.size() < static_cast<std::size_t>(damaged))
    out.insert(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(leaves)));
  return out;
}

struct Damaged {
  std::set<std::string> trees;
  int flipped = 0, dropped = 0;
};

// The growing edge of each tree, out of entries alone.
std::unordered_map<std::string, ledger::Edge> hash_all(sqlite3* db, const std::set<std::int64_t>& places,
                                                       Damaged& damaged) {
  std::unordered_map<std::string, ledger::Edge> out;
  const Statement rows(db, "SELECT tree, entry FROM ledger_entries NOT INDEXED");
  for (std::int64_t place = 0; rows.step(); ++place) {
    const std::string tree = rows.text(0);
    std::string entry = rows.text(1);
    if (places.contains(place)) {
      damaged.trees.insert(tree);
      if (place % 2 == 0) {
        ++damaged.dropped;
        continue;
      }
      ++damaged.flipped;
      entry[static_cast<std::size_t>(place) % entry.size()] ^= 1;
    }
    out[tree].append(ledger::leaf_hash(bytes_of(entry)));
  }
  return out;
}

}  // namespace

int run(int argc, char** argv) {
  if (argc != 4) give_up("usage: ledger_whole DATA_DIR POLICY DAMAGED");
  std::ifstream in(argv[2]);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const ledger::Policy policy = need(ledger::parse_policy(text));
  sqlite3* db = nullptr;
  if (sqlite3_open_v2((std::string(argv[1]) + "/countersign.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr) !=
      SQLITE_OK) {
    give_up(sqlite3_errmsg(db));
  }
  std::int64_t leaves = 0;
  {
    const Statement count(db, "SELECT sum(size) FROM ledger_trees");
    if (count.step()) leaves = sqlite3_column_int64(count.stmt, 0);
  }
  const auto start = std::chrono::steady_clock::now();
  Damaged damaged;
  const auto edges = hash_all(db, chosen(leaves, std::atoi(argv[3])), damaged);
  std::set<std::string> refused;
  std::size_t trees = 0;
  const ledger::VerifierKey& log = policy.logs.front().key;
  const Statement heads(db, "SELECT tree, note FROM checkpoints");
  while (heads.step()) {
    ++trees;
    const std::string tree = heads.text(0);
    const ledger::Note note = need(ledger::parse_note(heads.text(1)));
    const std::string origin = tree.empty() ? log.name() : ledger::tenant_origin(log.name(), TenantId::trusted(tree));
    const ledger::Checkpoint head = need(ledger::open_checkpoint(note, need(log.named(origin))));
    const auto edge = edges.find(tree);
    const ledger::Head ours =
        edge == edges.end() ? ledger::Head{} : ledger::Head{edge->second.size(), edge->second.root()};
    if (ours != head.head) refused.insert(tree);
  }
  sqlite3_close(db);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%lld leaves in %zu trees: %d flipped and %d dropped in %zu trees, %zu trees refused, %.1f s\n",
              static_cast<long long>(leaves), trees, damaged.flipped, damaged.dropped, damaged.trees.size(),
              refused.size(), took);
  if (refused != damaged.trees) give_up("the trees that were refused are not those that were damaged");
  return 0;
}

}  // namespace countersign::bench

int main(int argc, char** argv) { return countersign::bench::run(argc, argv); }
