// A whole Countersign without network, disk or real time, for tests of faces and flows: a store in memory, keys from a
// root key of its own, a clock that stands still, chance that repeats. One tenant with one application and one user.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flow/administer.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"
#include "flow/ports.h"
#include "flow/push.h"
#include "keys/local.h"
#include "store/open.h"
#include "testing/manual_clock.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::testing {

// The value of what must succeed in the arrangement of a test.
template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "the test's own arrangement failed: %s\n", result.error().what.c_str());
    std::abort();
  }
  return *std::move(result);
}
inline void need(Result<void> result) {
  if (!result) {
    std::fprintf(stderr, "the test's own arrangement failed: %s\n", result.error().what.c_str());
    std::abort();
  }
}

// The outcome of a use case that answers through a Done, over a store that answers within the call.
template <class T, class Start>
Result<T> outcome(Start&& start) {
  std::optional<Result<T>> out;
  start(flow::Done<T>([&out](Result<T> result) { out.emplace(std::move(result)); }));
  if (!out) std::abort();
  return *std::move(out);
}

class House {
  TempDir dir_;  // of the root key and the keyring

  static std::unique_ptr<keys::LocalKeys> fresh_keys(const TempDir& dir, Random& random) {
    const std::string file = dir.path() / "root.key";
    need(keys::LocalKeys::create(file, random));
    return need(keys::LocalKeys::open(file, random));
  }

 public:
  ManualClock clock;
  SeededRandom random;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<keys::Keys> keys;
  std::vector<std::string> woken;  // keys, in the order woken
  std::mutex woken_mutex;
  flow::Ports ports;
  Tenant tenant;
  Application app;
  User user;

  House()
      : store(store::open_memory()),
        keys(fresh_keys(dir_, random)),
        ports{*store, *keys, clock, random,
              [this](std::string_view key) {
                const std::lock_guard lock(woken_mutex);
                woken.emplace_back(key);
              },
              {}} {
    ports.settings.public_url = "https://mfa.example:8443";
    tenant = add_tenant("Demo");
    app = add_app(tenant, "ssh");
    user = add_user(tenant, "ada");
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  flow::Administration by() { return {ports, {}}; }
  Tenant add_tenant(std::string name) { return need(flow::create_tenant(by(), std::move(name), TenantId())); }
  Application add_app(const Tenant& of, std::string name) {
    flow::AppDraft draft;
    draft.tenant = of.id;
    draft.name = std::move(name);
    return need(flow::create_app(by(), std::move(draft))).app;
  }
  User add_user(const Tenant& of, std::string name) {
    flow::UserDraft draft;
    draft.tenant = of.id;
    draft.username = std::move(name);
    return need(flow::create_user(by(), std::move(draft)));
  }
  // A phone without authenticator, and the code that binds one.
  Phone add_phone(const User& of) { return need(flow::create_phone(by(), of, {})); }
  std::string activation_code(const Phone& phone) {
    return need(flow::activate_phone(by(), phone, ports.settings.activation_lifetime)).code;
  }

  // Starts a push for the user at that application.
  Result<flow::Standing> begin_push(const Application& at, const User& of, std::string display_username = {}) {
    flow::PushRequest request;
    request.app = at;
    request.user = of.id;
    request.access.ip = "192.0.2.7";
    request.display_username = std::move(display_username);
    request.pushinfo = {{"host", "web1"}};
    return outcome<flow::Standing>(
        [&](flow::Done<flow::Standing> done) { flow::begin_push(ports, std::move(request), std::move(done)); });
  }
  Result<flow::Standing> standing(const Application& at, const AttemptId& attempt) {
    return outcome<flow::Standing>(
        [&](flow::Done<flow::Standing> done) { flow::attempt_standing(ports, at, attempt, std::move(done)); });
  }
};

}  // namespace countersign::testing
