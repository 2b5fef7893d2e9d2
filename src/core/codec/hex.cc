#include "core/codec/hex.h"

#include <array>

namespace countersign::codec {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) table['a' + i] = table['A' + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

}  // namespace

std::string to_hex(ByteView bytes) {
  static constexpr char kText[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  char* to = out.data();
  for (std::uint8_t b : bytes) {
    *to++ = kText[b >> 4];
    *to++ = kText[b & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2) return Error{Errc::malformed, "hex has an even number of digits"};
  Bytes out(text.size() / 2);
  unsigned wrong = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned high = kDigits[static_cast<std::uint8_t>(text[2 * i])];
    const unsigned low = kDigits[static_cast<std::uint8_t>(text[2 * i + 1])];
    wrong |= high | low;
    out[i] = static_cast<std::uint8_t>(high << 4 | (low & 15));
  }
  if (wrong > 15) return Error{Errc::malformed, "not a hex digit"};
  return out;
}

}  // namespace countersign::codec
