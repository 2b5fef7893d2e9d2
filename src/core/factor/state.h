// Reading and writing of factor states: fixed layouts, little-endian, nothing left over. For .cc files of this folder.
#pragma once

#include <concepts>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::factor {

// Appends `value` in little-endian order.
template <std::unsigned_integral T>
void put(Bytes& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

// Walks over a state. Past the end it gives zeros and stays bad, so callers ask once, with `whole`.
class StateReader {
  ByteView rest_;
  bool good_ = true;

 public:
  explicit StateReader(ByteView state) : rest_(state) {}

  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      good_ = false;
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  template <std::unsigned_integral T>
  T number() {
    std::uint64_t value = 0;
    const ByteView taken = take(sizeof(T));
    for (std::size_t i = 0; i < taken.size(); ++i) value |= std::uint64_t{taken[i]} << (8 * i);
    return static_cast<T>(value);
  }
  // Whether everything was there and nothing is left.
  bool whole() const { return good_ && rest_.empty(); }
};

inline Error broken_state() { return {Errc::malformed, "the factor's state is not of a form this version writes"}; }

// Whether `text` is `digits` decimal digits and nothing else. Depends on the form only, never on the right code.
inline bool is_code(std::string_view text, std::size_t digits) {
  bool fine = text.size() == digits;
  for (const char c : text) fine &= c >= '0' && c <= '9';
  return fine;
}

}  // namespace countersign::factor
