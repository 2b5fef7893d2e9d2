// Bytes that held a secret, and fields whose ends cannot be mistaken, for associated data and derivations.
#pragma once

#include <string.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"

namespace countersign::keys {

class Wiped {
  Bytes bytes_;

 public:
  explicit Wiped(Bytes bytes) : bytes_(std::move(bytes)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() {
    if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
  }
  ByteView view() const { return bytes_; }
};

// Little-endian.
inline void put_number(Bytes& to, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) to.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

inline void put_field(Bytes& to, std::string_view field) {
  put_number(to, field.size(), 4);
  append(to, bytes_of(field));
}

}  // namespace countersign::keys
