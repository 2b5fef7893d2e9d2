// Fills a data directory (or a PostgreSQL database) with the population of a benchmark, through the store's own doors:
//   seed DATA_DIR sqlite|postgresql://… TENANTS USERS hotp|totp
#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "bench/population.h"
#include "core/factor/hotp.h"
#include "core/factor/totp.h"
#include "keys/local.h"
#include "server/system.h"
#include "store/open.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::bench {
namespace {

constexpr std::int64_t kBatch = 5'000;

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "seed: %s\n", result.error().what.c_str());
    std::exit(1);
  }
  return *std::move(result);
}

Result<void> add_tenant(keys::Keys& keys, store::Txn& txn, std::int64_t n) {
  Tenant tenant;
  tenant.id = TenantId::trusted(tenant_id(n));
  tenant.name = "bench-" + std::to_string(n);
  TRY(store::insert_tenant(txn, tenant));
  Application app;
  app.tenant = tenant.id;
  app.id = AppId::trusted(app_id(n));
  app.name = "bench";
  app.sealed_secret = TRY(keys.seal({tenant.id, "apps", "secret_key", app.id.text()}, Secret(secret_key(n))));
  return store::insert_app(txn, app);
}

Result<Enrolment> enrolment_of(const Population& world, keys::Keys& keys, std::int64_t n) {
  Enrolment enrolment;
  enrolment.tenant = TenantId::trusted(tenant_id(world.tenant_of(n)));
  enrolment.id = EnrolmentId::trusted(enrolment_id(n));
  enrolment.user = UserId::trusted(user_id(n));
  enrolment.kind = world.codes == Codes::hotp ? "hotp" : "totp";
  const Secret seed{ByteView(seed_of(n))};
  const Bytes state =
      world.codes == Codes::hotp ? TRY(factor::hotp::enrol(seed, 6, 0)) : TRY(factor::totp::enrol(seed, {}));
  const keys::Place place{enrolment.tenant, "enrolments", "state", enrolment.id.text()};
  enrolment.sealed_state = TRY(keys.seal(place, Secret(ByteView(state))));
  return enrolment;
}

Result<void> add_user(const Population& world, keys::Keys& keys, store::Txn& txn, std::int64_t n) {
  const Enrolment enrolment = TRY(enrolment_of(world, keys, n));
  User user;
  user.tenant = enrolment.tenant;
  user.id = enrolment.user;
  user.username = username(n);
  TRY(store::insert_user(txn, user));
  return store::insert_enrolment(txn, enrolment);
}

// PostgreSQL's own way in for many rows; the store writes row by row.
class Copy {
  PGconn* connection_;
  std::string rows_;

  void check(bool fine) {
    if (fine) return;
    std::fprintf(stderr, "seed: %s\n", PQerrorMessage(connection_));
    std::exit(1);
  }

 public:
  explicit Copy(const char* url) : connection_(PQconnectdb(url)) { check(PQstatus(connection_) == CONNECTION_OK); }
  ~Copy() { PQfinish(connection_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  void begin(const char* command) {
    PGresult* result = PQexec(connection_, command);
    check(PQresultStatus(result) == PGRES_COPY_IN);
    PQclear(result);
  }
  void add(std::string row) {
    rows_ += row;
    if (rows_.size() > 1'000'000) send();
  }
  void send() {
    check(PQputCopyData(connection_, rows_.data(), static_cast<int>(rows_.size())) == 1);
    rows_.clear();
  }
  void end() {
    send();
    check(PQputCopyEnd(connection_, nullptr) == 1);
    PGresult* result = PQgetResult(connection_);
    check(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
    PQclear(PQgetResult(connection_));
  }
};

void copy_users(const Population& world, keys::Keys& keys, const char* url) {
  Copy copy(url);
  copy.begin(
      "COPY users (tenant_id, id, name, username, email, realname, status, failures, created, version) FROM STDIN");
  for (std::int64_t n = 0; n < world.users; ++n) {
    const std::string name = username(n);
    copy.add(tenant_id(world.tenant_of(n)) + "\t" + user_id(n) + "\t" + name + "\t" + name + "\t\t\tactive\t0\t0\t0\n");
  }
  copy.end();
  std::fprintf(stderr, "seed: %lld users\n", static_cast<long long>(world.users));
  copy.begin(
      "COPY enrolments (tenant_id, user_id, id, kind, phone_id, label, sealed_state, created, version) FROM STDIN");
  for (std::int64_t n = 0; n < world.users; ++n) {
    const Enrolment e = need(enrolment_of(world, keys, n));
    copy.add(e.tenant.text() + "\t" + e.user.text() + "\t" + e.id.text() + "\t" + e.kind + "\t\t\t\\\\x" +
             codec::to_hex(e.sealed_state) + "\t0\t0\n");
  }
  copy.end();
}

// Runs `one` for each number below `count`, a few thousand to a transaction.
template <class F>
void fill(store::Store& store, std::int64_t count, const char* what, F one) {
  for (std::int64_t from = 0; from < count; from += kBatch) {
    const std::int64_t to = std::min(count, from + kBatch);
    need(store::write_and_wait(store, [&one, from, to](store::Txn& txn) -> Result<bool> {
      for (std::int64_t n = from; n < to; ++n) TRY(one(txn, n));
      return true;
    }));
    if (to % 100'000 == 0) std::fprintf(stderr, "seed: %lld %s\n", static_cast<long long>(to), what);
  }
}

}  // namespace

int run(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: seed DATA_DIR sqlite|postgresql://… TENANTS USERS hotp|totp\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  Population world;
  world.tenants = std::atoll(argv[3]);
  world.users = std::atoll(argv[4]);
  world.codes = std::string_view(argv[5]) == "totp" ? Codes::totp : Codes::hotp;
  std::filesystem::create_directories(dir);
  std::filesystem::permissions(dir, std::filesystem::perms::owner_all);
  server::SystemRandom random;
  const std::string root_key = dir / "root.key";
  if (!std::filesystem::exists(root_key) && !keys::LocalKeys::create(root_key, random)) {
    std::fprintf(stderr, "seed: cannot write %s\n", root_key.c_str());
    return 1;
  }
  const auto keys = need(keys::LocalKeys::open(root_key, random));
  const auto store = need(store::open(argv[2], dir));
  fill(*store, world.tenants, "tenants",
       [&](store::Txn& txn, std::int64_t n) { return add_tenant(*keys, txn, n); });
  if (std::string_view(argv[2]).starts_with("postgres")) {
    copy_users(world, *keys, argv[2]);
  } else {
    fill(*store, world.users, "users",
         [&](store::Txn& txn, std::int64_t n) { return add_user(world, *keys, txn, n); });
  }
  return 0;
}

}  // namespace countersign::bench

int main(int argc, char** argv) { return countersign::bench::run(argc, argv); }
