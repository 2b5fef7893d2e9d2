// links: keys
// Property: what opens is written again as the same bytes.
#include <algorithm>
#include <cstdlib>

#include "keys/root_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace countersign;
  const ByteView input(data, size);
  const auto opened = keys::RootKeys::decode(input);
  if (!opened) return 0;
  const Secret again = opened->encode();
  if (!std::ranges::equal(again.reveal_bytes(), input)) std::abort();
  return 0;
}
