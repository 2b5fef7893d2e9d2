// How this server names itself to push services: a signed token for each of them (RFC 8292), used again for hours.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/base/time.h"
#include "core/crypto/sign.h"

namespace countersign::push {

inline constexpr std::chrono::hours kTokenLife{12};   // RFC 8292 §2: at most 24 hours
inline constexpr std::chrono::hours kTokenReused{6};  // so that clocks may differ by hours

// Thread-safe.
class Vapid {
  struct Token {
    std::string header;
    Instant made{};
  };

  crypto::Es256Key key_;
  std::string contact_;
  std::mutex mutex_;
  std::map<std::string, Token> tokens_;  // by origin

 public:
  // `contact`: a mailto: or https: address at which a push service finds the operator (RFC 8292 §2.1).
  Vapid(crypto::Es256Key key, std::string contact) : key_(std::move(key)), contact_(std::move(contact)) {}

  // The value of the Authorization header for the push service at `origin`.
  std::string authorization(const std::string& origin, Instant now);

 private:
  Token make(const std::string& origin, Instant now) const;
};

// The form in which browsers take the public key: base64url of the point (W3C Push API, applicationServerKey).
std::string application_server_key(const crypto::Es256Key& key);

}  // namespace countersign::push
