// links: keys
// Property: what is read is written again as the same bytes.
#include <cstdlib>

#include "keys/root_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace countersign;
  const auto read = keys::WrappedRoot::decode(ByteView(data, size));
  if (!read) return 0;
  Bytes again = read->head();
  append(again, read->sealed);
  if (again != Bytes(data, data + size)) std::abort();
  return 0;
}
