// SHA-1, SHA-256 and SHA-512 (FIPS 180-4). SHA-1 is here for HMAC and one-time codes only, never for signatures.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/base/bytes.h"

namespace countersign::crypto {

enum class HashKind { sha1, sha256, sha512 };

inline constexpr std::size_t kDigestMax = 64;

// 20, 32 or 64 bytes.
std::size_t digest_size(HashKind kind);

Bytes hash(HashKind kind, ByteView message);

// 48 bytes; a TPM may name its keys so. No HashKind, because nothing here hashes or signs with it.
Bytes sha384(ByteView message);

// The hash of the parts as if they stood in one piece; nothing marks where one ends.
Bytes hash(HashKind kind, std::span<const ByteView> parts);

// The same without the heap. Returns how many bytes of `out` were written.
std::size_t hash_into(HashKind kind, std::span<const ByteView> parts, std::span<std::uint8_t, kDigestMax> out);

}  // namespace countersign::crypto
