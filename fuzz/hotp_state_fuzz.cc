// links: core_factor
// Any state with any code is malformed or refused; what it is answered with is a state again.
#include "core/factor/hotp.h"
#include "fuzz/factor_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const countersign::ByteView input(bytes, size);
  countersign::fuzz::run_state(countersign::factor::hotp::verify, 6, input);
  countersign::fuzz::run_state(countersign::factor::hotp::verify, 8, input);
  return 0;
}
