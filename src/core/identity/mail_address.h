// A mail address that this server writes to: a small part of RFC 5321 §4.1.2, in which nothing needs quoting.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign {

inline constexpr std::size_t kMailAddressMax = 254;   // bytes: RFC 5321 §4.5.3.1.3, without the angle brackets
inline constexpr std::size_t kMailLocalPartMax = 64;  // RFC 5321 §4.5.3.1.1

// "local.part@host.example": a dot-string before the @, a host name behind it, ASCII. Quoted local parts, address
// literals and the addresses of RFC 6531 are not taken.   malformed: anything else.
Result<void> check_mail_address(std::string_view address);

// As screens and lists show it: "h•••@host.example".
std::string masked_mail_address(std::string_view address);

}  // namespace countersign
