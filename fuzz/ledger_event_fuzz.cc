// links: core_ledger
// What decodes is written again the same, byte for byte; row ranges likewise.
#include <cstdlib>

#include "core/ledger/event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text = text_of({bytes, size});
  if (const auto event = ledger::decode_event(text)) {
    if (*ledger::encode(*event) != text || *ledger::decode_event(text) != *event) std::abort();
  }
  if (const auto count = ledger::count_row_ranges(text); count && *count < 10'000) {
    const auto numbers = ledger::parse_row_ranges(text);
    if (numbers->size() != *count || ledger::row_ranges(*numbers) != text) std::abort();
  }
  return 0;
}
