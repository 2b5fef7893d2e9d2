#include "store/engines_test.h"

#include <atomic>

#include "store/postgres/connection.h"
#include "testing/postgres_cluster.h"

namespace countersign::store {
namespace {

// One server for the whole test program, started by the first test that wants it.
struct SharedCluster {
  testing::PostgresCluster cluster;
  std::string missing;
  SharedCluster() {
    missing = cluster.make();
    if (missing.empty()) missing = cluster.start();
  }
};

}  // namespace

PostgresDatabase new_postgres_database() {
  static SharedCluster shared;
  static std::atomic<int> made{0};
  if (!shared.missing.empty()) return {.url = {}, .missing = shared.missing};
  const std::string name = "test" + std::to_string(++made);
  auto admin = postgres::Connection::open(shared.cluster.url("postgres"), 0, postgres::Deadline::max());
  if (!admin) return {.url = {}, .missing = admin.error().what};
  const auto created = (*admin)->script("CREATE DATABASE " + name, postgres::Deadline::max());
  return {.url = shared.cluster.url(name), .missing = created ? "" : created.error().what};
}

}  // namespace countersign::store
