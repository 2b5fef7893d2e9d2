// links: core_signin
// A context that is read is written back byte for byte; one that is not read changes nothing.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/signin/visit.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  signin::Visit visit;
  const Secret before = signin::encode_context(visit);
  const Secret text(text_of({bytes, size}));
  const bool read = signin::decode_context(text, visit).has_value();
  const Secret after = signin::encode_context(visit);
  if (after.reveal() != (read ? text.reveal() : before.reveal())) std::abort();
  return 0;
}
