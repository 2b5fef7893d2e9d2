// What a device signs, and the header that carries it (docs/protocols/device.md, "Signed requests").
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::device {

inline constexpr std::size_t kAuthorizationMax = 512;  // bytes of the header's value
inline constexpr seconds kClockSkewMax{300};
inline constexpr std::size_t kSignatureSize = 64;      // r‖s, RFC 7518 §3.4

struct Authorization {
  PhoneId device;
  std::string ts;   // as sent: 1 to 12 digits, seconds since 1970
  Bytes signature;  // 64 bytes

  Instant at() const;
};

// malformed: another scheme; a parameter missing, unknown or twice; a value of the wrong form; anything after the last.
// exhausted: over 512 bytes.
Result<Authorization> parse_authorization(std::string_view header);
// Reads back as the same value.
std::string write_authorization(const Authorization& authorization);

// The parts of a request that stand under its signature, as they go over the wire.
struct SignedParts {
  std::string_view method, host, path, query, ts, body;
};

// The text to sign; `host` is brought to lower case.
std::string request_message(const SignedParts& parts);

}  // namespace countersign::device
