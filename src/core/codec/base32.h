// Base32 (RFC 4648 §6), written without padding and read as people type the secrets of one-time codes.
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::codec {

inline constexpr std::size_t kBase32TextMax = 4096;

// Upper case, no padding.
std::string to_base32(ByteView bytes);
Secret secret_to_base32(const Secret& bytes);

// Either case; spaces and dashes anywhere; padding at the end, complete or not. Spare bits are dropped, since secrets
// that other vendors drew as random letters have them.
// malformed: another character, a digit count no byte string has (1, 3 or 6 beyond a multiple of 8), or over 4 KiB.
Result<Bytes> from_base32(std::string_view text);
Result<Secret> secret_from_base32(std::string_view text);

}  // namespace countersign::codec
