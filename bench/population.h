// The made-up world that the benchmarks share: who exists, with which keys, follows from two numbers.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "core/crypto/mac.h"

namespace countersign::bench {

enum class Codes { hotp, totp };

struct Population {
  std::int64_t tenants = 1;
  std::int64_t users = 10'000;
  Codes codes = Codes::hotp;

  std::int64_t tenant_of(std::int64_t user) const { return user % tenants; }
};

inline std::string numbered(std::string prefix, std::int64_t n, std::size_t length) {
  const std::string digits = std::to_string(n);
  prefix.append(length - prefix.size() - digits.size(), '0');
  return prefix + digits;
}

inline std::string tenant_id(std::int64_t n) { return numbered("DABENCH", n, 20); }
inline std::string app_id(std::int64_t n) { return numbered("DIBENCH", n, 20); }
inline std::string user_id(std::int64_t n) { return numbered("DUBENCH", n, 20); }
inline std::string enrolment_id(std::int64_t n) { return numbered("DHBENCH", n, 20); }
inline std::string username(std::int64_t n) { return numbered("user", n, 14); }

inline std::string secret_of(const std::string& app) {
  const Bytes mac = crypto::hmac(crypto::HashKind::sha256, bytes_of("bench secret key"), bytes_of(app));
  return codec::to_hex(ByteView(mac).first(20));
}
inline std::string secret_key(std::int64_t tenant) { return secret_of(app_id(tenant)); }

// Web applications, each of a tenant of its own, beside the others.
inline constexpr const char* kWebCallback = "https://app.example/callback";
inline std::string web_tenant_id(std::int64_t n) { return numbered("DAWEB", n, 20); }
inline std::string web_app_id(std::int64_t n) { return numbered("DIWEB", n, 20); }
inline std::string web_secret_key(std::int64_t n) { return secret_of(web_app_id(n)); }

inline Bytes seed_of(std::int64_t user) {
  Bytes mac = crypto::hmac(crypto::HashKind::sha256, bytes_of("bench seed"), bytes_of(user_id(user)));
  mac.resize(20);
  return mac;
}

}  // namespace countersign::bench
