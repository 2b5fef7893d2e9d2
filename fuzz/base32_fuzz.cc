// links: core_codec
// Every byte string survives encoding; what is accepted never grows, and its encoding decodes to the same.
#include <cstdlib>

#include "core/codec/base32.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  if (size <= codec::kBase32TextMax / 2 && *codec::from_base32(codec::to_base32(input)) != Bytes(bytes, bytes + size)) {
    std::abort();
  }
  const auto decoded = codec::from_base32(text_of(input));
  if (!decoded) return 0;
  if (decoded->size() > size * 5 / 8 || size > codec::kBase32TextMax) std::abort();
  if (*codec::from_base32(codec::to_base32(*decoded)) != *decoded) std::abort();
  if (codec::secret_from_base32(text_of(input))->reveal() != text_of(*decoded)) std::abort();
  return 0;
}
