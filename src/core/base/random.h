// The randomness port. The real one is getrandom(2) in server/; tests use testing/seeded_random.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace countersign {

class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` with unpredictable bytes.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

Bytes random_bytes(Random& random, std::size_t count);

// `count` characters drawn evenly from `alphabet` (2 to 256 characters).
std::string random_text(Random& random, std::size_t count, std::string_view alphabet);

// A random UUID in lower-case text form (RFC 9562 §5.4, version 4).
std::string random_uuid(Random& random);

}  // namespace countersign
