// links: core_codec
// In each form every byte string survives encoding, and what is accepted is the one spelling of its bytes. Hex too.
#include <cstdlib>

#include "core/codec/base64.h"
#include "core/codec/hex.h"

using namespace countersign;
using codec::Base64;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const Bytes whole(bytes, bytes + size);
  for (const Base64 form : {Base64::padded, Base64::unpadded, Base64::url, Base64::url_padded}) {
    if (*codec::from_base64(form, codec::to_base64(form, input)) != whole) std::abort();
    const auto decoded = codec::from_base64(form, text_of(input));
    if (decoded && codec::to_base64(form, *decoded) != text_of(input)) std::abort();
  }
  if (*codec::from_hex(codec::to_hex(input)) != whole) std::abort();
  const auto decoded = codec::from_hex(text_of(input));
  if (decoded && *codec::from_hex(codec::to_hex(*decoded)) != *decoded) std::abort();
  return 0;
}
