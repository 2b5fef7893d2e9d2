// What counts as text at the door.
#pragma once

#include <string_view>

namespace countersign::codec {

// Well-formed UTF-8 (Unicode 15 §3.9, table 3-7). NUL is a character like others.
bool valid_utf8(std::string_view text);

// Well-formed UTF-8 without NUL: what a database column and a C string can both hold.
bool valid_text(std::string_view text);

}  // namespace countersign::codec
