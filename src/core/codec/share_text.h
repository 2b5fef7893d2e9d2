// A share of a secret as people keep it on paper and type it: 18 groups of four base32 characters.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/shares.h"

namespace countersign::codec {

inline constexpr std::size_t kShareTextMax = 256;

// AEBA-CABC-…, 89 characters.
Secret share_to_text(const crypto::Share& share);

// Either case, spaces and dashes anywhere; 0, 1 and 8 are read as the letters O, I and B.
// malformed: another character or length, or a checksum that does not fit.
Result<crypto::Share> share_from_text(const Secret& text);

}  // namespace countersign::codec
