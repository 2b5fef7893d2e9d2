#include "keys/wire.h"

#include <string.h>

#include <algorithm>
#include <array>

namespace countersign::keys {

void Writer::wipe() {
  if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
  bytes_.clear();
}

void Writer::raw(ByteView bytes) {
  if (bytes_.size() + bytes.size() > bytes_.capacity()) {  // grown by hand: a vector would leave secrets behind
    Bytes larger;
    larger.reserve(std::max<std::size_t>(2 * (bytes_.size() + bytes.size()), 4096));
    append(larger, bytes_);
    larger.swap(bytes_);
    if (!larger.empty()) ::explicit_bzero(larger.data(), larger.size());
  }
  append(bytes_, bytes);
}

void Writer::number(std::uint64_t value, std::size_t size) {
  std::array<std::uint8_t, 8> out;
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  raw(ByteView(out).first(size));
}

void Writer::text(ByteView bytes) {
  number(bytes.size(), 4);
  raw(bytes);
}

ByteView Reader::raw(std::size_t size) {
  if (!good_ || size > rest_.size()) {
    good_ = false;
    return {};
  }
  const ByteView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

std::uint64_t Reader::number(std::size_t size) {
  const ByteView bytes = raw(size);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) out |= std::uint64_t{bytes[i]} << (8 * i);
  return out;
}

ByteView Reader::text() { return raw(number(4)); }

std::size_t Reader::count() {
  const std::size_t out = number(4);
  if (out > kItemsMax || out > rest_.size()) good_ = false;  // an item is a byte at least
  return good_ ? out : 0;
}

}  // namespace countersign::keys
