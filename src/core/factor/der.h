// DER (ITU-T X.690) as far as extensions of attestation certificates need it: definite lengths, one pass, no copies.
// For .cc files of this folder.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::factor {

struct DerItem {
  std::uint32_t number = 0;  // of the tag
  std::uint8_t form = 0;     // class and constructed bit, as in the identifier octet
  ByteView content;
  bool is(std::uint8_t identifier) const { return (form | number) == identifier && number < 31; }
  // Context-specific, constructed: [number] EXPLICIT.
  bool is_context(std::uint32_t tag) const { return form == 0xa0 && number == tag; }
};

inline constexpr std::uint8_t kDerInteger = 0x02, kDerBitString = 0x03, kDerOctetString = 0x04, kDerEnumerated = 0x0a,
                              kDerSequence = 0x30, kDerSet = 0x31;

// Walks over items that stand in a row.
class DerReader {
  ByteView rest_;

  static Error broken() { return {Errc::malformed, "not DER"}; }
  // One byte off the front.
  std::optional<std::uint8_t> byte() {
    if (rest_.empty()) return std::nullopt;
    const std::uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    return first;
  }
  // §8.1.2.4: tag numbers of 31 and more, at most three octets here.
  Result<std::uint32_t> long_number() {
    std::uint32_t number = 0;
    for (int i = 0; i < 3; ++i) {
      const auto next = byte();
      if (!next || (i == 0 && (*next & 0x7f) == 0)) return broken();
      number = number << 7 | (*next & 0x7fu);
      if (!(*next & 0x80)) return number >= 31 ? Result<std::uint32_t>(number) : broken();
    }
    return broken();
  }
  // §8.1.3, §10.1: the shortest form.
  Result<std::size_t> length() {
    const auto first = byte();
    if (!first) return broken();
    if (*first < 0x80) return std::size_t{*first};
    const int octets = *first & 0x7f;
    if (octets < 1 || octets > 3) return broken();
    std::size_t size = 0;
    for (int i = 0; i < octets; ++i) {
      const auto next = byte();
      if (!next) return broken();
      size = size << 8 | *next;
    }
    const std::size_t least = octets == 1 ? 0x80 : std::size_t{1} << (8 * (octets - 1));
    if (size < least) return broken();
    return size;
  }

 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  Result<DerItem> next() {
    const auto first = byte();
    if (!first) return broken();
    DerItem item;
    item.form = *first & 0xe0;
    item.number = *first & 0x1f;
    if (item.number == 31) item.number = TRY(long_number());
    const std::size_t size = TRY(length());
    if (size > rest_.size()) return broken();
    item.content = rest_.first(size);
    rest_ = rest_.subspan(size);
    return item;
  }
  // The next item's content.   malformed: its identifier octet is another one.
  Result<ByteView> next(std::uint8_t identifier) {
    const DerItem item = TRY(next());
    if (!item.is(identifier)) return broken();
    return item.content;
  }
  // The content of the one item that there is.
  static Result<ByteView> only(ByteView bytes, std::uint8_t identifier) {
    DerReader reader(bytes);
    const ByteView content = TRY(reader.next(identifier));
    if (!reader.done()) return broken();
    return content;
  }
};

// A non-negative INTEGER or ENUMERATED below 2^31.   malformed: another one, or not in the shortest form.
inline Result<std::int64_t> der_small_number(ByteView content) {
  const bool padded = content.size() > 1 && content[0] == 0 && content[1] < 0x80;
  if (content.empty() || content.size() > 4 || content[0] >= 0x80 || padded) {
    return Error{Errc::malformed, "not a small number"};
  }
  std::int64_t value = 0;
  for (const std::uint8_t b : content) value = value << 8 | b;
  return value;
}

}  // namespace countersign::factor
