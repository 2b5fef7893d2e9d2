// Counter-based codes: RFC 4226. State: secret, digits, next counter.
#pragma once

#include <cstdint>
#include <string>

#include "core/factor/factor.h"

namespace countersign::factor::hotp {

inline constexpr std::uint64_t kLookAhead = 10;          // RFC 4226 §7.4
inline constexpr std::uint64_t kResyncLookAhead = 1000;  // three codes in a row are 60 bits of evidence

Result<Bytes> enrol(const Secret& secret, int digits, std::uint64_t counter);
Result<Verified> verify(ByteView state, const Secret& passcode, Instant now);
// RFC 4226 §7.4: three codes in a row, each the next of the one before.   refused: not found within the look-ahead.
Result<Verified> resync(ByteView state, const Secret& code1, const Secret& code2, const Secret& code3);
Result<std::string> code_at(const Secret& secret, int digits, std::uint64_t counter);

extern const Kind kKind;

}  // namespace countersign::factor::hotp
