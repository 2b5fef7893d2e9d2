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
  // Written into directly, because a string's own append costs as much as the short texts that go in.
  std::string buffer_;
  std::size_t used_ = 0;
  bool comma_ = false;  // the next value or key follows another one

  char* room(std::size_t count);
  void put(char c) { *room(1) = c, ++used_; }
  void put(std::string_view text);
  void separate() {
    if (comma_) put(',');
    comma_ = true;
  }
  void put_string(std::string_view text);
  void put_escaped(std::string_view text);

 public:
  JsonWriter() : buffer_(512, '\0') {}

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

  std::string_view text() const { return std::string_view(buffer_).substr(0, used_); }
  // The text; the writer is empty again.
  std::string take();
};

}  // namespace countersign::codec
