// links: core_ledger
// A path that is read is written as it was; a bundle that is read holds the same entries when it is made again.
#include <algorithm>
#include <cstdlib>

#include "core/ledger/tiles.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const ByteView input(bytes, size);
  if (const auto tile = ledger::parse_tile_path(text_of(input))) {
    if (ledger::path(*tile) != text_of(input)) std::abort();
    if (tile->width < 1 || tile->width > ledger::kTileWidth) std::abort();
  }
  if (input.empty()) return 0;
  if (const auto entries = ledger::decode_bundle(input.subspan(1), input[0])) {
    if (!std::ranges::equal(*ledger::encode_bundle(*entries), input.subspan(1))) std::abort();
  }
  return 0;
}
