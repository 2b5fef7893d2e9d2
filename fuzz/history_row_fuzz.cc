// links: core_history
// A row from outside opens for nobody; a row of ours opens to what went in, whatever that was, and not with anything
// after it.
#include <algorithm>
#include <cstdlib>

#include "core/history/epoch.h"

using namespace countersign;

namespace {

const history::EpochKey& key() {
  static const history::EpochKey made = [] {
    history::EpochHeader header;
    header.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
    header.day = 20'526;
    return *history::EpochKey::make(header, Secret(ByteView(Bytes(history::kEpochKeySize, 5))));
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const auto place = history::place_of(input);
  if (place && place->number >= history::kEpochRowsMax) std::abort();
  Bytes ours(input.begin(), input.end());
  if (place) std::fill_n(ours.begin(), history::kEpochIdSize, std::uint8_t{0});  // gets as far as the key
  if (key().open("", ours)) std::abort();
  if (history::row_hash("", input).size() != 32) std::abort();

  const std::size_t cut = size == 0 ? 0 : bytes[0] % size;
  const std::string_view open = text_of(input.first(cut)), plain = text_of(input.subspan(cut));
  auto row = key().seal(size % history::kEpochRowsMax, open, plain);
  if (!row) return 0;
  const auto opened = key().open(open, *row);
  if (!opened || *opened != plain) std::abort();
  row->push_back(0);
  if (key().open(open, *row)) std::abort();
  return 0;
}
