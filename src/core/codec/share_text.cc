#include "core/codec/share_text.h"

#include <string>

#include "core/codec/base32.h"

namespace countersign::codec {
namespace {

constexpr std::size_t kGroup = 4;

// Digits that base32 does not have, and that a hand writes for letters.
char as_written(char c) {
  switch (c) {
    case '0': return 'O';
    case '1': return 'I';
    case '8': return 'B';
    default: return c;
  }
}

}  // namespace

Secret share_to_text(const crypto::Share& share) {
  const Secret digits = secret_to_base32(crypto::encode(share));
  std::string text;
  text.reserve(digits.size() + digits.size() / kGroup);  // no second buffer is left behind
  for (const char c : digits.reveal()) {
    if (text.size() % (kGroup + 1) == kGroup) text.push_back('-');
    text.push_back(c);
  }
  return Secret(std::move(text));
}

Result<crypto::Share> share_from_text(const Secret& text) {
  if (text.size() > kShareTextMax) return Error{Errc::malformed, "a share has 72 characters"};
  std::string letters;
  letters.reserve(text.size());
  for (const char c : text.reveal()) letters.push_back(as_written(c));
  const Secret typed(std::move(letters));
  const Secret bytes = TRY(secret_from_base32(typed.reveal()));
  return crypto::decode_share(bytes.reveal_bytes());
}

}  // namespace countersign::codec
