// Bypass codes: random codes an administrator hands out, one set a user. State: salted hashes with uses left, expiry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/factor/factor.h"

namespace countersign::factor::bypass {

inline constexpr int kCodesMax = 10;       // duo-api §5.1
inline constexpr std::size_t kDigits = 9;  // a code is nine decimal digits, as Duo's

struct Parameters {
  int count = 10;
  int reuse = 1;                       // 0: unlimited
  std::optional<Instant> expires;      // none: never
};

struct Issued {
  std::vector<std::string> codes;      // shown once
  Bytes state;
};

// malformed: count not 1 to 10, reuse below 0.
Result<Issued> issue(const Parameters& parameters, Random& random);
Result<Verified> verify(ByteView state, const Secret& passcode, Instant now);

// How many codes are still good at `now`.   malformed: not such a state.
Result<int> codes_left(ByteView state, Instant now);

extern const Kind kKind;

}  // namespace countersign::factor::bypass
