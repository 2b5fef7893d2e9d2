// HKDF with SHA-256 (RFC 5869): independent keys from one secret.
#pragma once

#include <cstddef>

#include "core/base/bytes.h"

namespace countersign::crypto {

inline constexpr std::size_t kHkdfLengthMax = 255 * 32;  // RFC 5869 §2.3

// Extract, then expand. An empty salt is 32 zero bytes. `info` says what the key is for; two uses never share one.
// Lengths are constants of the program: one beyond kHkdfLengthMax throws std::length_error.
Bytes hkdf(ByteView secret, ByteView salt, ByteView info, std::size_t length);

// RFC 5869 §2.2: 32 bytes.
Bytes hkdf_extract(ByteView salt, ByteView secret);
// RFC 5869 §2.3. `key` is what extract gave, or another uniform key of at least 32 bytes.
Bytes hkdf_expand(ByteView key, ByteView info, std::size_t length);

}  // namespace countersign::crypto
