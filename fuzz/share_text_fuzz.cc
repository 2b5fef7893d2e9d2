// links: core_codec
// A share that is read is written and read again to the same share; one share alone gives no secret.
#include <cstdlib>

#include "core/codec/share_text.h"
#include "core/crypto/equal.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  if (crypto::decode_share(input) && size != crypto::kShareSize) std::abort();
  const auto share = codec::share_from_text(Secret(input));
  if (!share) return 0;
  const auto again = codec::share_from_text(codec::share_to_text(*share));
  if (!again || !crypto::equal(crypto::encode(*again).reveal_bytes(), crypto::encode(*share).reveal_bytes())) {
    std::abort();
  }
  if (crypto::combine(std::span(&*share, 1))) std::abort();
  return 0;
}
