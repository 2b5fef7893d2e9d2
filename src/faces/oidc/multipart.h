// multipart/form-data (RFC 7578) with text fields alone: how PHP's curl sends a form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/codec/form.h"

namespace countersign::oidc {

// The boundary in a Content-Type of multipart/form-data, in or without quotes.
// malformed: none, twice, or not 1 to 70 of the characters of RFC 2046 §5.1.1.
Result<std::string> multipart_boundary(std::string_view content_type);

// Fields in the order sent. Nothing may stand before the first boundary or after the last.
// malformed: not of the form; a file; a transfer encoding; NUL or invalid UTF-8 in a value.
// exhausted: over 64 KiB, 200 fields, or 8 lines of 512 bytes before a value.
Result<codec::Form> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace countersign::oidc
