// The Authorization header of a Duo request: Basic base64(ikey ":" hex MAC) (duo-api §1.1).
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/crypto/hash.h"

namespace countersign::duo {

inline constexpr std::size_t kAuthorizationMax = 512;  // bytes; the longest honest one has 207

struct Credentials {
  std::string ikey;                                   // as sent: 1 to 64 characters of an id
  crypto::HashKind hash = crypto::HashKind::sha512;   // told by the length of the MAC
  Bytes mac;                                          // 20 or 64 bytes; empty: not the hex of a MAC
};

// malformed: another scheme, not base64, no colon, or no integration key before it.
Result<Credentials> read_authorization(std::string_view header);

// The header that says the same.
std::string write_authorization(const Credentials& credentials);

}  // namespace countersign::duo
