// links: core_history
// Header and trailer of an epoch: what is read is written again to the same bytes, within its limits; and a header that
// nobody wrote opens for nobody.
#include <cstdlib>

#include "core/history/blind_index.h"
#include "core/history/epoch.h"

using namespace countersign;

namespace {

constexpr std::size_t kHeaderMax = 4 + 1 + 6 + 2 + kIdLengthMax + 8 + 16 + 2 + history::kWriterMax + 1 + 1 + 8 * 88 + 32;

void check_header(ByteView input) {
  const auto header = history::decode_header(input);
  if (!header) return;
  if (input.size() > kHeaderMax || history::encode(*header) != Bytes(input.begin(), input.end())) std::abort();
  if (header->recipients.empty() || header->recipients.size() > history::kRecipientsMax) std::abort();
  if (header->tag_bits > history::kTagBitsMax || header->day < 0) std::abort();
  if (history::month_of(header->day).size() != 7) std::abort();
  static const auto key = *crypto::X25519Key::from_bytes(Bytes(32, 0x77));
  history::EpochHeader ours = *header;
  ours.recipients[0].recipient = history::recipient_id(key.public_key());
  if (history::unwrap(ours, key, Bytes(history::kDayKeySize, 1))) std::abort();
}

void check_trailer(ByteView input) {
  const auto trailer = history::decode_trailer(input);
  if (!trailer) return;
  if (trailer->rows > history::kEpochRowsMax) std::abort();
  if (history::encode(*trailer) != Bytes(input.begin(), input.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  check_header({bytes, size});
  check_trailer({bytes, size});
  return 0;
}
