// Percent-encoding (RFC 3986 §2.1), with upper-case digits and everything but the unreserved characters encoded: the
// form that Duo's request signatures are computed over.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign::codec {

std::string percent_encode(std::string_view text);
void append_percent_encoded(std::string& to, std::string_view text);

// Digits of either case; "+" stays "+".   malformed: "%" without two hex digits.
Result<std::string> percent_decode(std::string_view text);

// The two digits at `text[at]` and `text[at + 1]` as a byte, or -1.
int percent_byte(std::string_view text, std::size_t at);

}  // namespace countersign::codec
