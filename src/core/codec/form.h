// application/x-www-form-urlencoded, for bodies and query strings alike.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace countersign::codec {

inline constexpr std::size_t kFormPairsMax = 200;
inline constexpr std::size_t kFormBytesMax = 64 * 1024;

// Decoded names and values in the order sent; a name may stand more than once.
using Form = std::vector<std::pair<std::string, std::string>>;

// "+" is a space, "a" is ("a", ""), empty pieces between "&" are skipped.
// malformed: "%" without two hex digits, NUL, invalid UTF-8.   exhausted: over 64 KiB or 200 pairs.
Result<Form> parse_form(std::string_view text);

// Every pair percent-encoded (a space is %20), joined in the order given.
std::string write_form(const Form& form);

}  // namespace countersign::codec
