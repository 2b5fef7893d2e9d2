// Writes JSON (RFC 8259) by appending: no tree, no look-ahead, commas on its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::codec {

// With begin and end balanced and a key before each member, the text is valid JSON whatever the strings hold: bytes
// that are not UTF-8 become U+FFFD, and U+2028, U+2029 and "<" are escaped so that the text can stand in a script.
//   JsonWriter w;
//   w.begin_object().key("stat").string("OK").key("response").begin_array().integer(1).end_array().end_object();
//   std::string text = w.take();
class JsonWriter {
  std::string text_;
  bool comma_ = false;  // the next value or key follows another one

  void separate() {
    if (comma_) text_.push_back(',');
    comma_ = true;
  }

 public:
  JsonWriter() { text_.reserve(512); }

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& integer(std::uint64_t value);
  JsonWriter& integer(int value) { return integer(static_cast<std::int64_t>(value)); }
  // The shortest text that reads back to the same number; infinities and NaN are null.
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // Text that is a JSON value already, taken as it is.
  JsonWriter& raw(std::string_view json);

  const std::string& text() const { return text_; }
  // The text; the writer is empty again.
  std::string take();
};

}  // namespace countersign::codec
