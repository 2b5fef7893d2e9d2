#include "core/codec/json_write.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace countersign::codec {
namespace {

constexpr double kExactMax = 9007199254740992.0;  // 2^53: from here on doubles skip integers
constexpr std::size_t kRoomMin = 512;

// What a byte of a string needs: nothing, a look at the UTF-8 sequence it starts, or an escape.
enum class Care : std::uint8_t { none, sequence, escape };

constexpr std::array<Care, 256> kCare = [] {
  std::array<Care, 256> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = Care::escape;
  for (std::uint8_t c : std::array<std::uint8_t, 3>{'"', '\\', '<'}) table[c] = Care::escape;
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] = Care::sequence;
  return table;
}();

// How many bytes at the front need no care.
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  // The high bit of each byte that is zero; others may be set above a true one, which does no harm here.
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word; };
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    const std::uint64_t quotes = zeros(word ^ kOnes * '"') | zeros(word ^ kOnes * '\\') | zeros(word ^ kOnes * '<');
    if ((word | control | quotes) & kHighs) break;
  }
  while (i < text.size() && kCare[static_cast<std::uint8_t>(text[i])] == Care::none) ++i;
  return i;
}

std::string_view escape_of(char c, std::array<char, 6>& buffer) {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
  }
  static constexpr char kText[] = "0123456789abcdef";
  buffer = {'\\', 'u', '0', '0', kText[c >> 4 & 15], kText[c & 15]};
  return std::string_view(buffer.data(), buffer.size());
}

// Length of the well-formed UTF-8 sequence of two to four bytes that starts here, or 0 (Unicode 15 table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  const unsigned first = at(0), second = at(1);
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool fine = tail(1) && tail(2) && !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f);
    return fine ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool fine = tail(1) && tail(2) && tail(3) && !(first == 0xf0 && second < 0x90) &&
                      !(first == 0xf4 && second > 0x8f);
    return fine ? 4 : 0;
  }
  return 0;
}

using Digits = std::array<char, 32>;

template <class... Args>
std::string_view text_of_number(Digits& digits, Args... value) {
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value...).ptr;
  return std::string_view(digits.data(), end);
}

}  // namespace

char* JsonWriter::room(std::size_t count) {
  if (buffer_.size() - used_ < count) buffer_.resize(std::max({kRoomMin, buffer_.size() * 2, used_ + count}));
  return buffer_.data() + used_;
}

void JsonWriter::put(std::string_view text) {
  if (text.empty()) return;
  std::memcpy(room(text.size()), text.data(), text.size());
  used_ += text.size();
}

void JsonWriter::put_string(std::string_view text) {
  const std::size_t plain = plain_length(text);
  char* to = room(text.size() + 2);
  *to++ = '"';
  if (plain) std::memcpy(to, text.data(), plain);
  used_ += 1 + plain;
  if (plain < text.size()) put_escaped(text.substr(plain));
  put('"');
}

void JsonWriter::put_escaped(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = plain_length(text);
    std::array<char, 6> buffer;
    if (length) {
      put(text.substr(0, length));
    } else if (kCare[static_cast<std::uint8_t>(text[0])] == Care::escape) {
      length = 1;
      put(escape_of(text[0], buffer));
    } else if (length = sequence_length(text.substr(0, 4)); length == 0) {
      length = 1;
      put("\xef\xbf\xbd");
    } else if (const auto sequence = text.substr(0, length); sequence == "\u2028" || sequence == "\u2029") {
      put(sequence == "\u2028" ? "\\u2028" : "\\u2029");
    } else {
      put(sequence);
    }
    text.remove_prefix(length);
  }
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  put('{');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  put('}');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  put('[');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  put(']');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  put_string(name);
  put(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  put_string(text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  Digits digits;
  return raw(text_of_number(digits, value));
}

JsonWriter& JsonWriter::integer(std::uint64_t value) {
  Digits digits;
  return raw(text_of_number(digits, value));
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  if (value == 0 && std::signbit(value)) return raw("-0.0");  // "-0" would be read as an integer without sign
  Digits digits;
  if (std::abs(value) < kExactMax) return raw(text_of_number(digits, value));
  // Shortest is sometimes a row of twenty digits, which readers take for an integer that does not fit.
  return raw(text_of_number(digits, value, std::chars_format::scientific));
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  put(json);
  return *this;
}

std::string JsonWriter::take() {
  buffer_.resize(used_);
  comma_ = false;
  used_ = 0;
  return std::exchange(buffer_, std::string());
}

}  // namespace countersign::codec
