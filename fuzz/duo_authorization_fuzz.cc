// links: faces_duo
// What names somebody is written and read again as the same; a MAC has the length of its hash.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "faces/duo/authorization.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const Result<duo::Credentials> read = duo::read_authorization(text_of(ByteView(bytes, size)));
  if (!read) return 0;
  if (!AppId::parse(read->ikey)) std::abort();
  if (!read->mac.empty() && read->mac.size() != crypto::digest_size(read->hash)) std::abort();
  const Result<duo::Credentials> again = duo::read_authorization(duo::write_authorization(*read));
  if (!again || again->ikey != read->ikey || again->mac != read->mac) std::abort();
  return 0;
}
