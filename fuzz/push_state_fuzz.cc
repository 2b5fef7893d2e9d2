// links: core_factor
// A state that verifies nothing or refuses; a point that enrols gives the state that was read.
#include <algorithm>
#include <cstdlib>

#include "core/factor/push.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const Bytes signature(64, 1);
  const auto verified = factor::push::verify_signature(input, "message", signature);
  if (verified) std::abort();
  const bool is_state = verified.error().code == Errc::refused;
  const auto enrolled = factor::push::enrol(input.empty() ? input : input.subspan(1));
  if (is_state && (!enrolled || !std::equal(enrolled->begin(), enrolled->end(), input.begin(), input.end()))) {
    std::abort();
  }
  return 0;
}
