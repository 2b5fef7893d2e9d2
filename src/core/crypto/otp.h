// The arithmetic that one-time codes share: RFC 4226 §5, with any HMAC as RFC 6238 §1.2 allows.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/crypto/mac.h"

namespace countersign::crypto {

inline constexpr int kOtpDigitsMin = 6;  // RFC 4226 §5.3
inline constexpr int kOtpDigitsMax = 9;  // 2^31 has ten digits, the first of them nearly constant

// The 31-bit number that all codes of this counter are cut from (RFC 4226 §5.3 steps 1 and 2).
std::uint32_t hotp_value(const MacKey& key, std::uint64_t counter);

// Dynamic truncation of a MAC of at least 20 bytes (RFC 4226 §5.3).
std::uint32_t truncate(ByteView mac);

// value mod 10^digits with leading zeros (RFC 4226 §5.3 step 3). `digits` outside 6…9 is brought into that range.
std::string otp_text(std::uint32_t value, int digits);

}  // namespace countersign::crypto
