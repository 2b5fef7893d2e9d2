// links: core_history
// A line that is taken is written again as it was; a file of anything opens nothing and does not crash.
#include <algorithm>
#include <cstdlib>

#include "core/history/opening.h"
#include "core/history/reader_key.h"

using namespace countersign;

namespace {

const crypto::X25519Key& key() {
  static const crypto::X25519Key made = *crypto::X25519Key::from_bytes(Bytes(32, 5));
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = text_of(ByteView(bytes, size));
  history::Opening opening(key());
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const auto decoded = history::decode_export_line(line)) {
      const std::string again = history::encode(*decoded);
      const auto twice = history::decode_export_line(again);
      if (!twice || history::encode(*twice) != again) std::abort();
    }
    if (!opening.take(line)) break;
  }
  if (opening.opened() != 0) std::abort();
  if (const auto subject = history::decode_subject(input); subject && subject->day > history::kDayMax) std::abort();
  if (const auto theirs = history::reader_public_key(input); theirs && theirs->bytes().size() != 32) std::abort();
  return 0;
}
