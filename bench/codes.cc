// Visits that have been allowed, so that their codes can be exchanged: what a browser and its user would have done.
//   codes DATA_DIR sqlite|postgresql://… APPLICATIONS COUNT GOOD_FROM_S OUT_FILE
// The server must not run meanwhile where the store is SQLite. The codes' minute begins GOOD_FROM_S seconds from now.
// A line of OUT_FILE: application, code. Run it again for more.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/population.h"
#include "core/record/stored_event.h"
#include "flow/stored_visit.h"
#include "flow/visit.h"
#include "keys/local.h"
#include "server/system.h"
#include "store/open.h"
#include "store/tenants.h"

namespace countersign::bench {
namespace {

constexpr std::int64_t kBatch = 5'000;

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "codes: %s\n", result.error().what.c_str());
    std::exit(1);
  }
  return *std::move(result);
}

Application application(const flow::Ports& ports, std::int64_t n) {
  Application app;
  app.tenant = TenantId::trusted(web_tenant_id(n));
  app.id = AppId::trusted(web_app_id(n));
  app.type = AppType::websdk;
  app.name = "web";
  const keys::Place place{app.tenant, "apps", "secret_key", app.id.text()};
  app.sealed_secret = need(ports.keys.seal(place, Secret(web_secret_key(n))));
  return app;
}

void add_applications(const flow::Ports& ports, std::int64_t count) {
  need(store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    for (std::int64_t n = 0; n < count; ++n) {
      if (TRY(store::app_by_id(txn, AppId::trusted(web_app_id(n))))) continue;
      Tenant tenant;
      tenant.id = TenantId::trusted(web_tenant_id(n));
      tenant.name = "web-" + std::to_string(n);
      TRY(store::insert_tenant(txn, tenant));
      TRY(store::insert_app(txn, application(ports, n)));
    }
    return true;
  }));
}

// As begin_visit makes it and a passcode at the prompt ends it.
signin::Visit allowed(const flow::Ports& ports, const Application& app, Instant when) {
  signin::Visit visit;
  visit.tenant = app.tenant;
  visit.id = VisitId::make(ports.random);
  visit.app = app.id;
  visit.user = UserId::make(ports.random);
  visit.username = "bench";
  visit.back = {kWebCallback, random_text(ports.random, 32, kIdAlphabet), "", "duo_code", "localhost"};
  visit.browser = BrowserId::make(ports.random);
  visit.cookie_digest = visit.challenge = random_bytes(ports.random, 32);
  visit.access.ip = "192.0.2.7";
  visit.created = when;
  visit.expires = when + signin::kVisitLifetime;
  record::AuthEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = app.tenant;
  event.at = when;
  event.factor = "hardware_token";
  event.reason = "valid_passcode";
  event.result = "success";
  return need(signin::allow(visit, event, when));
}

void add_codes(const flow::Ports& ports, std::int64_t applications, std::int64_t count, seconds good_from,
               std::ofstream& out) {
  std::vector<Application> apps;
  for (std::int64_t n = 0; n < applications; ++n) apps.push_back(application(ports, n));
  for (std::int64_t made = 0; made < count; made += kBatch) {
    std::vector<store::StoredVisit> rows;
    for (std::int64_t n = made; n < std::min(count, made + kBatch); ++n) {
      const signin::Visit visit =
          allowed(ports, apps[static_cast<std::size_t>(n % applications)], ports.clock.now() + good_from);
      rows.push_back(need(flow::seal_visit(ports, visit, 1)));
      out << n % applications << ' ' << need(flow::code_of(ports, visit.id)) << '\n';
    }
    need(store::write_and_wait(ports.store, [&rows](store::Txn& txn) -> Result<bool> {
      for (const store::StoredVisit& row : rows) TRY(store::insert_visit(txn, row));
      return true;
    }));
  }
}

}  // namespace

int run(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: codes DATA_DIR sqlite|postgresql://… APPLICATIONS COUNT GOOD_FROM_S OUT_FILE\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  server::SystemClock clock;
  server::SystemRandom random;
  const auto keys = need(keys::LocalKeys::open(dir / "root.key", random));
  const auto store = need(store::open(argv[2], dir));
  const flow::Ports ports{*store, *keys, clock, random, [](std::string_view) {}, {}};
  const std::int64_t applications = std::atoll(argv[3]);
  add_applications(ports, applications);
  std::ofstream out(argv[6]);
  add_codes(ports, applications, std::atoll(argv[4]), seconds(std::atoll(argv[5])), out);
  return out.good() ? 0 : 1;
}

}  // namespace countersign::bench

int main(int argc, char** argv) { return countersign::bench::run(argc, argv); }
