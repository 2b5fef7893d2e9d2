// A secret in shares, of which any few give it back and fewer say nothing (Shamir, "How to share a secret", CACM 1979,
// byte by byte over GF(256)). The text that people keep and type is codec/share_text.h.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::crypto {

inline constexpr std::size_t kSharedSecretSize = 32;
inline constexpr std::size_t kShareCheckSize = 4;
inline constexpr int kSharesMax = 16;
// version(1) threshold(1) index(1) set(3) | value(36) | first bytes of SHA-256(label ‖ all before)(3)
inline constexpr std::size_t kShareSize = 45;

// What is shared is the secret and four bytes of its hash, so that shares that do not belong together show only once
// they are put together, and a single one tells nothing about the secret.
struct Share {
  std::uint8_t threshold = 0;  // how many give the secret back
  std::uint8_t index = 0;      // 1 and up
  std::array<std::uint8_t, 3> set{};  // random, one for all shares made at once
  Secret value;                // kSharedSecretSize + kShareCheckSize bytes
};

struct ShareScheme {
  int threshold = 2;
  int shares = 3;
};

// malformed: not 32 bytes, a threshold under 2 or over the number of shares, or over 16 shares.
Result<std::vector<Share>> split(Random& random, const Secret& secret, const ShareScheme& scheme = {});

// The secret, of at least `threshold` shares; more than that must fit too.
// malformed: none, or values of another size.   refused: too few, one twice, of different sets, or not adding up.
Result<Secret> combine(std::span<const Share> shares);

// kShareSize bytes.
Secret encode(const Share& share);
// malformed: another size or version, or a checksum that does not fit: mistyped.
Result<Share> decode_share(ByteView bytes);

}  // namespace countersign::crypto
