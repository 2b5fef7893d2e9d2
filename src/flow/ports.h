// What a use case is given: the six ports and nothing else. Made once in server/wiring.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/webpush/endpoint.h"
#include "flow/app_cache.h"
#include "keys/keys.h"
#include "store/store.h"

namespace countersign::factor::webauthn {
class Metadata;
}

namespace countersign::flow {

struct Settings {
  seconds push_lifetime{60};  // a push request waits so long for its answer
  seconds attempt_kept{600};  // a decided attempt can still be asked for (duo-api §9: at least 5 minutes)
  seconds activation_lifetime{86400};
  std::string public_url;                    // "https://localhost:8443", without a slash at the end
  std::vector<std::string> related_origins;  // further origins whose pages may use our passkeys
  webpush::Services push_services;           // whose endpoints phones may subscribe with
  std::string push_key;                      // the public key of Web Push, as browsers take it
};

// How many sign-ins have ended, by the result of their event; for the metrics.
struct SignInCounts {
  std::atomic<std::int64_t> success = 0, denied = 0, fraud = 0;
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
