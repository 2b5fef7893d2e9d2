#include "core/base/random.h"

#include <cstdlib>

namespace countersign {

Bytes random_bytes(Random& random, std::size_t count) {
  Bytes out(count);
  random.fill(out);
  return out;
}

std::string random_text(Random& random, std::size_t count, std::string_view alphabet) {
  if (alphabet.size() < 2 || alphabet.size() > 256) std::abort();
  // Bytes at or above the largest multiple of the alphabet are thrown away, so no character is favoured.
  const unsigned fair = 256 - 256 % static_cast<unsigned>(alphabet.size());
  std::string out;
  out.reserve(count);
  std::uint8_t pool[64];
  while (out.size() < count) {
    random.fill(pool);
    for (unsigned b : pool) {
      if (b < fair && out.size() < count) out.push_back(alphabet[b % alphabet.size()]);
    }
  }
  return out;
}

std::string random_uuid(Random& random) {
  std::uint8_t b[16];
  random.fill(b);
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHex[b[i] >> 4]);
    out.push_back(kHex[b[i] & 15]);
  }
  return out;
}

}  // namespace countersign
