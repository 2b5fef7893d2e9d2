// Passwords as they are stored: Argon2id (RFC 9106) in the usual text form "$argon2id$v=19$m=…,t=…,p=1$salt$hash".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::crypto {

// What a guess costs. The default is about 14 ms and the least OWASP recommends for Argon2id.
struct PasswordCost {
  unsigned passes = 2;
  std::size_t memory_bytes = 19 * 1024 * 1024;
};

inline constexpr std::size_t kPasswordTextMax = 127;  // crypto_pwhash_STRBYTES without its NUL

// Slow on purpose: never on a thread that others wait for.
// exhausted: no memory.   malformed: a cost libsodium does not take.
Result<std::string> hash_password(const Secret& password, PasswordCost cost, Random& random);

// refused: another password, or text that is no Argon2 hash.   Slow as above.
Result<void> verify_password(const Secret& password, std::string_view stored);

// True when `stored` was made at another cost and should be made anew at the next chance.
bool password_is_stale(std::string_view stored, PasswordCost cost);

inline constexpr std::size_t kPasswordSaltSize = 16;
inline constexpr std::size_t kPasswordMemoryMax = 1024 * 1024 * 1024;  // what a file may ask of us
inline constexpr unsigned kPasswordPassesMax = 16;

// 32 bytes to seal a file with: Argon2id version 0x13, one lane. Slow as above.
// exhausted: no memory.   malformed: a salt that is not 16 bytes, or a cost out of range.
Result<Secret> password_key(const Secret& password, ByteView salt, PasswordCost cost);

}  // namespace countersign::crypto
