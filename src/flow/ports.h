// What a use case is given: the six ports and nothing else. Made once in server/wiring.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/webpush/endpoint.h"
#include "flow/app_cache.h"
#include "flow/history_book.h"
#include "keys/keys.h"
#include "store/store.h"

namespace countersign::factor::webauthn {
class Metadata;
}

namespace countersign::flow {

// How much a kind of reader may take out of history (security.md §2.6); nullopt: as much as it likes. A tenant that was
// read in the window already counts once.
struct Allowance {
  std::string kind;  // of ledger::Actor
  std::optional<std::int64_t> rows_a_day = std::nullopt, rows_a_month = std::nullopt;
  std::optional<std::int64_t> tenants_an_hour = std::nullopt, tenants_a_month = std::nullopt;
  // Of how many tenants a reader may come across canaries within an hour; one more is an alarm and his end
  // (flow/canaries.h).
  std::optional<std::int64_t> canaries_an_hour = std::nullopt;
};
// The operator's command line reads whole logs, but not everybody's; what signs in over a network reads little.
inline std::vector<Allowance> default_allowances() {
  return {{.kind = "operator", .tenants_an_hour = 20, .tenants_a_month = 60, .canaries_an_hour = 10},
          {.kind = "staff",
           .rows_a_day = 500,
           .rows_a_month = 5'000,
           .tenants_an_hour = 3,
           .tenants_a_month = 30,
           .canaries_an_hour = 2},
          {.kind = "tenant_admin", .rows_a_day = 50'000, .rows_a_month = 500'000, .tenants_an_hour = 1},
          {.kind = "api_key",
           .rows_a_day = 50'000, .rows_a_month = 500'000, .tenants_an_hour = 3, .tenants_a_month = 30},
          {.kind = "user", .rows_a_day = 1'000, .rows_a_month = 10'000, .tenants_an_hour = 1}};
}

// Whether nodes share keys through the database (flow/key_exchange.h).
enum class KeyExchange { none, database };

// Whether letters leave by mail (flow/mail.h).
enum class Mailing { none, by_server };

// When an export of history takes a second person, and how long its tenant may stop it (security.md §2.6).
struct ExportRules {
  std::int64_t second_person_rows = 5'000;  // beyond so many rows
  std::chrono::minutes veto{30};
};

struct Settings {
  seconds push_lifetime{60};  // a push request waits so long for its answer
  seconds attempt_kept{600};  // a decided attempt can still be asked for (duo-api §9: at least 5 minutes)
  seconds activation_lifetime{86400};
  std::string public_url;                    // "https://localhost:8443", without a slash at the end
  std::vector<std::string> related_origins;  // further origins whose pages may use our passkeys
  webpush::Services push_services;           // whose endpoints phones may subscribe with
  std::string push_key;                      // the public key of Web Push, as browsers take it
  KeyExchange key_exchange = KeyExchange::none;
  Mailing mail = Mailing::none;
  std::string node = "node";                 // this process, in epochs and in the ledger
  int retention_days = 365;                  // of tenants that have said nothing
  std::vector<Allowance> allowances = default_allowances();
  ExportRules exports;
};

// How many sign-ins have ended, by the result of their event, and how many readers a canary has ended; for the metrics.
struct SignInCounts {
  std::atomic<std::int64_t> success = 0, denied = 0, fraud = 0, alarms = 0;
};

struct Ports {
  store::Store& store;
  keys::Keys& keys;
  Clock& clock;
  Random& random;
  std::function<void(std::string_view key)> wake;  // after the commit: whoever waits for `key` looks again
  Settings settings;
  SignInCounts* counts = nullptr;                        // nullptr: nobody counts
  const factor::webauthn::Metadata* metadata = nullptr;  // of makes of authenticator; nullptr: none was given
  // Tells the operator what was refused and why, without personal data: more than whoever was refused hears.
  std::function<void(std::string_view what, std::string_view why)> tell = [](std::string_view, std::string_view) {};
  AppCache* apps = nullptr;  // nullptr: several nodes write; every request reads its application
  // Shared by copies of the ports: a process has one.
  std::shared_ptr<HistoryBook> history = std::make_shared<HistoryBook>();
};

// After the commit of an event with this result.
void count_sign_in(const Ports& ports, std::string_view result);

// What a writing use case calls once, after the commit or with the reason there was none.
template <class T>
using Done = std::function<void(Result<T>)>;

// What a waiter for an attempt, or for the requests of a phone, listens to.
std::string attempt_key(const AttemptId& attempt);
std::string phone_key(const PhoneId& phone);

}  // namespace countersign::flow
