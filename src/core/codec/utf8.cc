#include "core/codec/utf8.h"

#include <simdjson.h>

#include <algorithm>

namespace countersign::codec {

bool valid_utf8(std::string_view text) {
  const auto ascii = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
  if (ascii == text.end()) return true;  // nearly all that comes; the general check costs more on short strings
  text.remove_prefix(static_cast<std::size_t>(ascii - text.begin()));
  return simdjson::validate_utf8(text.data(), text.size());
}

bool valid_text(std::string_view text) { return text.find('\0') == text.npos && valid_utf8(text); }

}  // namespace countersign::codec
