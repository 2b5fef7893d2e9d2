// HMAC (RFC 2104), one-shot and with the key's two blocks hashed once and kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"

namespace countersign::crypto {

// A key ready for use: 136 bytes, copied freely, wiped when it goes. Using one from several threads at once is fine.
class MacKey {
  HashKind kind_;
  std::array<std::uint64_t, 8> inner_, outer_;

 public:
  // A key of any length, also empty; longer than a block is hashed first.
  MacKey(HashKind kind, ByteView key);
  MacKey(const MacKey&) = default;
  MacKey& operator=(const MacKey&) = default;
  ~MacKey();

  HashKind kind() const { return kind_; }

  // 20, 32 or 64 bytes. Compare with crypto::equal.
  Bytes mac(ByteView message) const;
  Bytes mac(std::span<const ByteView> parts) const;
  // The same without the heap. Returns how many bytes of `out` were written.
  std::size_t mac_into(std::span<const ByteView> parts, std::span<std::uint8_t, kDigestMax> out) const;
};

Bytes hmac(HashKind kind, ByteView key, ByteView message);

}  // namespace countersign::crypto
