// links: faces_duo
// What is read is written and read again as the same document.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/codec/json_read.h"
#include "faces/duo/bson.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const Result<duo::Document> read = duo::parse_bson(text_of(ByteView(bytes, size)));
  if (!read) return 0;
  const std::string written = duo::to_bson(*read);
  if (written.size() != size) std::abort();
  const Result<duo::Document> again = duo::parse_bson(written);
  if (!again || !(*again == *read)) std::abort();
  if (!codec::parse_json(duo::to_json(*read))) std::abort();
  return 0;
}
