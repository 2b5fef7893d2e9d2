// Base64 (RFC 4648 §4, §5), read strictly: one text for each byte string.
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::codec {

enum class Base64 {
  padded,        // + and /, padded with =
  unpadded,      // + and /, no padding
  url,           // - and _, no padding (JOSE, WebAuthn)
  url_padded,    // - and _, padded with =
};

std::string to_base64(Base64 form, ByteView bytes);

// malformed: a character of another form, white space, missing or needless padding, or spare bits that are not zero.
Result<Bytes> from_base64(Base64 form, std::string_view text);

}  // namespace countersign::codec
