// A store in memory, keys of its own, a clock that stands still: enough of a world to sign in to.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "core/factor/hotp.h"
#include "core/factor/push.h"
#include "core/factor/totp.h"
#include "core/policy/policy.h"
#include "flow/enrol.h"
#include "flow/ports.h"
#include "flow/read_history.h"
#include "keys/local.h"
#include "store/open.h"
#include "store/tenants.h"
#include "store/users.h"
#include "testing/manual_clock.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::testing {

class SmallWorld {
  TempDir dir_;  // of the root key and the keyring

 public:
  ManualClock clock;
  SeededRandom random;
  std::unique_ptr<keys::LocalKeys> keys;
  std::unique_ptr<store::Store> store;
  std::mutex woken_mutex;
  std::vector<std::string> woken;
  std::unique_ptr<flow::Ports> ports;
  Tenant tenant;
  Application app;

  explicit SmallWorld(std::unique_ptr<store::Store> with = store::open_memory()) : store(std::move(with)) {
    const auto file = dir_.path() / "root.key";
    EXPECT_TRUE(keys::LocalKeys::create(file, random));
    keys = *keys::LocalKeys::open(file, random);
    ports.reset(new flow::Ports{*store, *keys, clock, random,
                                [this](std::string_view key) {
                                  const std::lock_guard lock(woken_mutex);
                                  woken.emplace_back(key);
                                },
                                {}});
    ports->settings.public_url = "https://localhost:8443";
    tenant = add_tenant("acme");
    app = add_app(tenant);
  }

  std::filesystem::path root_key_file() const { return dir_.path() / "root.key"; }

  // Runs a write and waits for it; any error fails the test.
  template <class F>
  void write(F flow) {
    const auto written = store::write_and_wait(*store, [&flow](store::Txn& txn) -> Result<bool> {
      TRY(flow(txn));
      return true;
    });
    EXPECT_TRUE(written) << written.error().what;
  }

  Tenant add_tenant(std::string name) {
    Tenant out;
    out.id = TenantId::make(random);
    out.name = std::move(name);
    write([&](store::Txn& txn) { return store::insert_tenant(txn, out); });
    return out;
  }

  Application add_app(const Tenant& of, AppType type = AppType::authapi) {
    Application out;
    out.tenant = of.id;
    out.id = AppId::make(random);
    out.type = type;
    out.name = "vpn-" + out.id.text();
    out.sealed_secret = *keys->seal({of.id, "apps", "secret_key", out.id.text()}, Secret(secret_key));
    write([&](store::Txn& txn) { return store::insert_app(txn, out); });
    return out;
  }

  User add_user(std::string name, UserStatus status = UserStatus::active) {
    User out;
    out.tenant = tenant.id;
    out.id = UserId::make(random);
    out.username = std::move(name);
    out.status = status;
    write([&](store::Txn& txn) { return store::insert_user(txn, out); });
    return out;
  }

  Enrolment add_enrolment(const User& user, std::string_view kind, ByteView state, PhoneId phone = {}) {
    Enrolment out = flow::new_enrolment(*ports, user.tenant, user.id, kind);
    out.phone = phone;
    EXPECT_TRUE(flow::seal_state(*ports, out, state));
    write([&](store::Txn& txn) { return store::insert_enrolment(txn, out); });
    return out;
  }

  // A time-based token with the seed of RFC 6238 appendix B.
  Enrolment add_totp(const User& user) { return add_enrolment(user, "totp", *factor::totp::enrol(Secret(seed), {})); }
  Enrolment add_hotp(const User& user) { return add_enrolment(user, "hotp", *factor::hotp::enrol(Secret(seed), 6, 0)); }
  std::string totp_now() { return *factor::totp::code_at(Secret(seed), {}, clock.now()); }
  std::string hotp_at(std::uint64_t counter) { return *factor::hotp::code_at(Secret(seed), 6, counter); }

  void set_policy(std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
    policy::Policy p;
    for (const auto& [key, value] : values) EXPECT_TRUE(policy::set(p, key, value));
    write([&](store::Txn& txn) {
      return store::put_policy(txn, tenant.id, {store::PolicyScope::tenant, tenant.id.text(), policy::encode(p)});
    });
  }

  // The authentication events so far, oldest first.
  std::vector<std::string> events(store::Stream stream = store::Stream::authentication) {
    std::vector<std::string> out;
    const flow::Reader reader{{.kind = "operator", .credential = "test"}, "test"};
    EXPECT_TRUE(flow::read_history(*ports, reader, {.tenant = tenant.id, .stream = stream},
                                   [&](const flow::OpenedEvent& event) {
                                     out.push_back(flow::log_json_of(event));
                                     return true;
                                   }));
    return out;
  }

  static constexpr const char* secret_key = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
  static constexpr const char* seed = "12345678901234567890";
};

// Calls a use case and returns what it told its completion.
template <class T, class F>
Result<T> finish(F call) {
  std::promise<Result<T>> promise;
  call([&promise](Result<T> out) { promise.set_value(std::move(out)); });
  return promise.get_future().get();
}

// Whether one event has this member with this text.
inline bool says(const std::string& event, std::string_view key, std::string_view value) {
  return event.find("\"" + std::string(key) + "\":\"" + std::string(value) + "\"") != std::string::npos;
}

}  // namespace countersign::testing
