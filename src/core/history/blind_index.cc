#include "core/history/blind_index.h"

#include <array>
#include <stdexcept>

#include "core/crypto/mac.h"
#include "core/history/label.h"

namespace countersign::history {
namespace {

std::uint8_t code_of(IndexedField field) {
  switch (field) {
    case IndexedField::user: return 1;
    case IndexedField::number: return 2;
  }
  throw std::logic_error("blind index: no such field");
}

}  // namespace

Secret index_key(const Secret& epoch_key) {
  return crypto::into_secret(derive(epoch_key.reveal_bytes(), "index", kIndexKeySize));
}

std::uint32_t tag(const Secret& index_key, IndexedField field, std::string_view value, int bits) {
  if (bits < 0 || bits > kTagBitsMax) throw std::length_error("blind index: a tag has at most 16 bits");
  const std::uint8_t code = code_of(field);
  const crypto::MacKey key(crypto::HashKind::sha256, index_key.reveal_bytes());
  std::array<std::uint8_t, crypto::kDigestMax> digest;
  const ByteView parts[] = {ByteView(&code, 1), bytes_of(value)};
  key.mac_into(parts, digest);
  const std::uint32_t first = static_cast<std::uint32_t>(digest[0]) << 8 | digest[1];
  return first >> (kTagBitsMax - bits);
}

int tag_bits_for(std::uint64_t rows) {
  // Longest with at least two rows a tag; shortest with fewer than √rows a tag: rows / 2^L < √rows ⇔ rows < 4^L.
  int longest = kTagBitsMax, shortest = kTagBitsMin;
  while (longest >= kTagBitsMin && rows >> longest < 2) --longest;
  while (shortest < kTagBitsMax && rows >= std::uint64_t{1} << 2 * shortest) ++shortest;
  if (longest < kTagBitsMin) return 0;
  return (longest + shortest) / 2;
}

}  // namespace countersign::history
