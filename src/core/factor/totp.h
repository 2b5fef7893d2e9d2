// Time-based codes: RFC 6238 over RFC 4226. State: secret, hash, digits, step length, last step used.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "core/crypto/hash.h"
#include "core/factor/factor.h"

namespace countersign::factor::totp {

inline constexpr int kWindowSteps = 1;             // RFC 6238 §5.2: at most one step of delay, and of a fast clock
inline constexpr std::size_t kSecretBytesMin = 16;  // RFC 4226 §4 R6: at least 128 bits
inline constexpr std::size_t kSecretBytesMax = 64;

struct Parameters {
  crypto::HashKind hash = crypto::HashKind::sha1;
  int digits = 6;             // 6 or 8
  seconds step{30};           // 30 or 60
};

// The first state.   malformed: secret shorter than 16 or longer than 64 bytes, digits not 6 or 8, step not 30 or 60.
Result<Bytes> enrol(const Secret& secret, const Parameters& parameters);

Result<Verified> verify(ByteView state, const Secret& passcode, Instant now);

// The code of `now`; for the software authenticator and tests.
Result<std::string> code_at(const Secret& secret, const Parameters& parameters, Instant now);

extern const Kind kKind;

}  // namespace countersign::factor::totp
