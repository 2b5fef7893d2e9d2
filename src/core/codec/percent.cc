#include "core/codec/percent.h"

#include <array>
#include <cstdint>

namespace countersign::codec {
namespace {

// RFC 3986 §2.3.
constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (std::uint8_t c : std::array<std::uint8_t, 4>{'-', '.', '_', '~'}) table[c] = true;
  return table;
}();

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void append_percent_encoded(std::string& to, std::string_view text) {
  static constexpr char kText[] = "0123456789ABCDEF";
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (kUnreserved[c]) continue;
    to.append(text, plain, i - plain);
    const char coded[3] = {'%', kText[c >> 4], kText[c & 15]};
    to.append(coded, 3);
    plain = i + 1;
  }
  to.append(text, plain);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_percent_encoded(out, text);
  return out;
}

int percent_byte(std::string_view text, std::size_t at) {
  if (at + 2 > text.size()) return -1;
  const int high = hex_digit(text[at]), low = hex_digit(text[at + 1]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int byte = percent_byte(text, i + 1);
    if (byte < 0) return Error{Errc::malformed, "% without two hex digits"};
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

}  // namespace countersign::codec
