#include "core/codec/fields.h"

#include <charconv>

namespace countersign::codec {

void FieldWriter::put(std::string_view field) {
  text_.append(std::to_string(field.size())).append(":").append(field).append(";");
}

void FieldWriter::put_number(std::size_t number) { put(std::to_string(number)); }

FieldReader::FieldReader(std::string_view text, std::string_view version, std::size_t bytes_max)
    : rest_(text), bytes_max_(bytes_max) {
  good_ = text.size() <= bytes_max && text.starts_with(version);
  rest_.remove_prefix(good_ ? version.size() : rest_.size());
}

std::size_t FieldReader::parse(std::string_view digits, std::size_t max) {
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool padded = digits.size() > 1 && digits[0] == '0';
  if (failed != std::errc() || end != digits.data() + digits.size() || padded || number > max) good_ = false;
  return good_ ? number : 0;
}

std::string_view FieldReader::text() {
  const std::size_t colon = rest_.find(':');
  if (!good_ || colon == rest_.npos) {
    good_ = false;
    return {};
  }
  const std::size_t size = parse(rest_.substr(0, colon), bytes_max_);
  good_ = good_ && colon + 1 + size < rest_.size() && rest_[colon + 1 + size] == ';';
  if (!good_) return {};
  const std::string_view field = rest_.substr(colon + 1, size);
  rest_.remove_prefix(colon + 1 + size + 1);
  return field;
}

std::size_t FieldReader::number(std::size_t max) { return parse(text(), max); }

}  // namespace countersign::codec
