#include "core/codec/json_write.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace countersign::codec {
namespace {

constexpr double kExactMax = 9007199254740992.0;  // 2^53: from here on doubles skip integers

// What a byte of a string needs: nothing, a look at the UTF-8 sequence it starts, or an escape.
enum class Care : std::uint8_t { none, sequence, escape };

constexpr std::array<Care, 256> kCare = [] {
  std::array<Care, 256> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = Care::escape;
  for (std::uint8_t c : std::array<std::uint8_t, 3>{'"', '\\', '<'}) table[c] = Care::escape;
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] = Care::sequence;
  return table;
}();

void append_escape(std::string& to, std::uint8_t c) {
  switch (c) {
    case '"': to += "\\\""; return;
    case '\\': to += "\\\\"; return;
    case '\n': to += "\\n"; return;
    case '\r': to += "\\r"; return;
    case '\t': to += "\\t"; return;
  }
  static constexpr char kText[] = "0123456789abcdef";
  const char coded[6] = {'\\', 'u', '0', '0', kText[c >> 4], kText[c & 15]};
  to.append(coded, 6);
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

void append_string(std::string& to, std::string_view text) {
  to.push_back('"');
  std::size_t plain = 0, i = 0;
  const auto flush = [&](std::size_t next) {
    to.append(text, plain, i - plain);
    i = plain = next;
  };
  while (i < text.size()) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    switch (kCare[c]) {
      case Care::none: ++i; break;
      case Care::escape:
        flush(i + 1);
        append_escape(to, c);
        break;
      case Care::sequence: {
        const std::size_t length = sequence_length(text.substr(i, 4));
        const std::string_view sequence = text.substr(i, length);
        if (length == 0) {
          flush(i + 1);
          to += "\xef\xbf\xbd";
        } else if (sequence == "\u2028" || sequence == "\u2029") {
          flush(i + length);
          to += sequence == "\u2028" ? "\\u2028" : "\\u2029";
        } else {
          i += length;
        }
        break;
      }
    }
  }
  to.append(text, plain);
  to.push_back('"');
}

template <class Number>
void append_number(std::string& to, Number value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  to.append(digits, end);
}

}  // namespace

JsonWriter& JsonWriter::begin_object() {
  separate();
  text_.push_back('{');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  text_.push_back('}');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  text_.push_back('[');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  text_.push_back(']');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_string(text_, name);
  text_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_string(text_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  append_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::uint64_t value) {
  separate();
  append_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  if (value == 0 && std::signbit(value)) return raw("-0.0");  // "-0" would be read as an integer without sign
  if (std::abs(value) < kExactMax) {
    separate();
    append_number(text_, value);
    return *this;
  }
  // Shortest is sometimes a row of twenty digits, which readers take for an integer that does not fit.
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  return raw(std::string_view(digits, end));
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

std::string JsonWriter::take() {
  comma_ = false;
  return std::exchange(text_, std::string());
}

}  // namespace countersign::codec
