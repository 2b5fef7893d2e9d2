#include "core/codec/base64.h"

#include <array>
#include <cstdlib>

namespace countersign::codec {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xff;
using Digits = std::array<std::uint8_t, 256>;

constexpr Digits digits_of(std::string_view alphabet) {
  Digits table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr Digits kStandardDigits = digits_of(kStandard);
constexpr Digits kUrlDigits = digits_of(kUrl);

struct Form {
  const char* alphabet;
  const Digits& digits;
  bool padded;
};

Form form_of(Base64 form) {
  switch (form) {
    case Base64::padded: return {kStandard.data(), kStandardDigits, true};
    case Base64::unpadded: return {kStandard.data(), kStandardDigits, false};
    case Base64::url: return {kUrl.data(), kUrlDigits, false};
    case Base64::url_padded: return {kUrl.data(), kUrlDigits, true};
  }
  std::abort();
}

Error malformed() { return Error{Errc::malformed, "not base64"}; }

// Reads the last two or three digits; the bits that are left over must be zero.
bool read_tail(const Digits& digits, std::string_view tail, std::uint8_t* to) {
  unsigned value = 0, wrong = 0;
  for (char c : tail) {
    const unsigned digit = digits[static_cast<std::uint8_t>(c)];
    wrong |= digit;
    value = value << 6 | (digit & 63);
  }
  if (wrong > 63) return false;
  if (tail.size() == 2) {
    to[0] = static_cast<std::uint8_t>(value >> 4);
    return (value & 15) == 0;
  }
  to[0] = static_cast<std::uint8_t>(value >> 10);
  to[1] = static_cast<std::uint8_t>(value >> 2);
  return (value & 3) == 0;
}

}  // namespace

std::string to_base64(Base64 form, ByteView bytes) {
  const Form f = form_of(form);
  const std::size_t whole = bytes.size() / 3, rest = bytes.size() % 3;
  const std::size_t tail = rest == 0 ? 0 : f.padded ? 4 : rest + 1;
  std::string out(whole * 4 + tail, '=');
  char* to = out.data();
  const std::uint8_t* from = bytes.data();
  for (std::size_t i = 0; i < whole; ++i, from += 3, to += 4) {
    const unsigned value = static_cast<unsigned>(from[0] << 16 | from[1] << 8 | from[2]);
    to[0] = f.alphabet[value >> 18];
    to[1] = f.alphabet[value >> 12 & 63];
    to[2] = f.alphabet[value >> 6 & 63];
    to[3] = f.alphabet[value & 63];
  }
  if (rest) {
    const unsigned value = static_cast<unsigned>(from[0] << 16 | (rest == 2 ? from[1] << 8 : 0));
    to[0] = f.alphabet[value >> 18];
    to[1] = f.alphabet[value >> 12 & 63];
    if (rest == 2) to[2] = f.alphabet[value >> 6 & 63];
  }
  return out;
}

Result<Bytes> from_base64(Base64 form, std::string_view text) {
  const Form f = form_of(form);
  if (f.padded) {
    if (text.size() % 4) return malformed();
    if (text.ends_with("==")) text.remove_suffix(2);
    else if (text.ends_with('=')) text.remove_suffix(1);
    // Whatever "=" is left is no digit.
  }
  const std::size_t whole = text.size() / 4, rest = text.size() % 4;
  if (rest == 1) return malformed();
  Bytes out(whole * 3 + (rest ? rest - 1 : 0));
  std::uint8_t* to = out.data();
  unsigned wrong = 0;
  for (std::size_t i = 0; i < whole; ++i, to += 3) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(text.data() + 4 * i);
    const unsigned a = f.digits[from[0]], b = f.digits[from[1]], c = f.digits[from[2]], d = f.digits[from[3]];
    wrong |= a | b | c | d;
    to[0] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    to[1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
    to[2] = static_cast<std::uint8_t>(c << 6 | d);
  }
  if (wrong > 63) return malformed();
  if (rest && !read_tail(f.digits, text.substr(4 * whole), to)) return malformed();
  return out;
}

}  // namespace countersign::codec
