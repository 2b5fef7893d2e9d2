// otpauth:// addresses: how a one-time-code secret travels in a QR code to any authenticator app.
// Source: the Key Uri Format that Google Authenticator introduced; there is no RFC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/hash.h"

namespace countersign::codec {

inline constexpr std::size_t kOtpauthTextMax = 2048;
inline constexpr std::size_t kOtpauthSecretMin = 10;  // bytes; what the first apps made. RFC 4226 §4 R6 asks for 16.
inline constexpr std::size_t kOtpauthSecretMax = 128;
inline constexpr int kOtpauthPeriodMax = 3600;

enum class OtpKind { totp, hotp };

struct Otpauth {
  OtpKind kind = OtpKind::totp;
  std::string issuer;   // may be empty
  std::string account;  // never empty
  Secret secret;        // bytes
  crypto::HashKind algorithm = crypto::HashKind::sha1;
  int digits = 6;             // 6 to 8
  int period_s = 30;          // totp only, 1 to 3600
  std::uint64_t counter = 0;  // hotp only
};

// Every parameter is written, also those at their defaults: apps differ in what they assume. A colon in the issuer or
// account is percent-encoded.
Secret write_otpauth(const Otpauth& otp);

// Unknown parameters are skipped. An issuer parameter goes before the one in the label.
// malformed: another scheme or kind; no account or secret; a hotp without counter; a known parameter that stands twice
// or is out of range; bad base32, percent-encoding or UTF-8; over 2 KiB.
Result<Otpauth> parse_otpauth(std::string_view text);

}  // namespace countersign::codec
