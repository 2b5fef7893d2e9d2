#include "core/codec/base32.h"

#include <cstdint>

namespace countersign::codec {
namespace {

template <class Out>
Out encode(ByteView bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  Out out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  unsigned held = 0, bits = 0;
  for (std::uint8_t b : bytes) {
    held = (held << 8 | b) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out.push_back(kAlphabet[held >> (bits - 5) & 31]);
  }
  if (bits) out.push_back(kAlphabet[held << (5 - bits) & 31]);
  return out;
}

// 0 to 31, or -1.
int digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

template <class Out>
Result<Out> decode(std::string_view text) {
  if (text.size() > kBase32TextMax) return Error{Errc::malformed, "base32 text is too long"};
  Out out;
  out.reserve(text.size() * 5 / 8);
  unsigned held = 0, bits = 0;
  std::size_t digits = 0;
  bool ended = false;
  for (char c : text) {
    if (c == ' ' || c == '-') continue;
    if (c == '=') {
      ended = true;
      continue;
    }
    const int value = ended ? -1 : digit(c);
    if (value < 0) return Error{Errc::malformed, "base32 has the letters A to Z and the digits 2 to 7"};
    ++digits;
    held = (held << 5 | static_cast<unsigned>(value)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<typename Out::value_type>(held >> bits & 0xff));
    }
  }
  if (const auto rest = digits % 8; rest == 1 || rest == 3 || rest == 6) {
    return Error{Errc::malformed, "base32 text has lost a character"};
  }
  return out;
}

}  // namespace

std::string to_base32(ByteView bytes) { return encode<std::string>(bytes); }
Secret secret_to_base32(const Secret& bytes) { return Secret(encode<std::string>(bytes.reveal_bytes())); }
Result<Bytes> from_base32(std::string_view text) { return decode<Bytes>(text); }
Result<Secret> secret_from_base32(std::string_view text) { return Secret(TRY(decode<std::string>(text))); }

}  // namespace countersign::codec
