// Bytes as pairs of hexadecimal digits (RFC 4648 §8).
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::codec {

// Lower case.
std::string to_hex(ByteView bytes);

// Either case.   malformed: an odd number of digits, or anything that is not a digit.
Result<Bytes> from_hex(std::string_view text);

}  // namespace countersign::codec
