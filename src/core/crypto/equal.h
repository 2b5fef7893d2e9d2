// Comparing secrets without telling by the time taken where they differ.
#pragma once

#include <string_view>

#include "core/base/bytes.h"

namespace countersign::crypto {

// True when both hold the same bytes. The time depends on the lengths only, so lengths must not be secret.
bool equal(ByteView a, ByteView b);
inline bool equal(std::string_view a, std::string_view b) { return equal(bytes_of(a), bytes_of(b)); }

}  // namespace countersign::crypto
