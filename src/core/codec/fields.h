// A small versioned text of fields, each LENGTH ":" BYTES ";" – how core/ writes values that only it reads again.
#pragma once

#include <string>
#include <string_view>

namespace countersign::codec {

class FieldWriter {
  std::string text_;

 public:
  // `version` stands before the fields and is what a reader asks for, e.g. "1;".
  explicit FieldWriter(std::string_view version) : text_(version) {}

  void put(std::string_view field);
  void put_number(std::size_t number);
  std::string take() { return std::move(text_); }
};

// Reads what a FieldWriter wrote, field by field, without a copy. Past the end, or at the first thing it does not
// understand, it gives empty fields and zeros and stays bad; whoever reads asks at the end whether it is `whole`.
class FieldReader {
  std::string_view rest_;
  std::size_t bytes_max_;
  bool good_ = true;

  std::size_t parse(std::string_view digits, std::size_t max);

 public:
  // Bad from the start: another version, or more than `bytes_max` bytes.
  FieldReader(std::string_view text, std::string_view version, std::size_t bytes_max);

  std::string_view text();
  // A number at most `max`, written without needless zeros.
  std::size_t number(std::size_t max);
  bool good() const { return good_; }
  // Everything was understood and nothing is left.
  bool whole() const { return good_ && rest_.empty(); }
};

}  // namespace countersign::codec
