// For .cc files of this folder: big-endian fields with nothing left over.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"

namespace countersign::history {

template <std::unsigned_integral T>
void put(Bytes& to, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    to.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> 8 * i));
  }
}

// length(2) ‖ bytes, for texts that are known to be short.
inline void put_text(Bytes& to, std::string_view text) {
  put(to, static_cast<std::uint16_t>(text.size()));
  append(to, bytes_of(text));
}

// Past the end it gives zeros and stays bad, so callers ask once, with `whole`.
class Reader {
  ByteView rest_;
  bool good_ = true;

 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  template <std::unsigned_integral T>
  T number() {
    std::uint64_t value = 0;
    for (const std::uint8_t b : take(sizeof(T))) value = value << 8 | b;
    return static_cast<T>(value);
  }
  template <std::size_t kSize>
  std::array<std::uint8_t, kSize> array() {
    std::array<std::uint8_t, kSize> out{};
    std::ranges::copy(take(kSize), out.begin());
    return out;
  }
  std::string_view text() { return text_of(take(number<std::uint16_t>())); }
  // Everything was there, and nothing is left.
  bool whole() const { return good_ && rest_.empty(); }
};

}  // namespace countersign::history
