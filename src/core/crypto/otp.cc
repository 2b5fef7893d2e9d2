#include "core/crypto/otp.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::crypto {

std::uint32_t truncate(ByteView mac) {
  if (mac.size() < 20) std::abort();
  const std::size_t at = mac.back() & 0x0f;
  return (static_cast<std::uint32_t>(mac[at]) << 24 | static_cast<std::uint32_t>(mac[at + 1]) << 16 |
          static_cast<std::uint32_t>(mac[at + 2]) << 8 | mac[at + 3]) & 0x7fffffff;
}

std::uint32_t hotp_value(const MacKey& key, std::uint64_t counter) {
  std::uint8_t text[8];
  for (int i = 7; i >= 0; --i, counter >>= 8) text[i] = static_cast<std::uint8_t>(counter);
  std::array<std::uint8_t, kDigestMax> mac;
  const ByteView part(text);
  const std::size_t size = key.mac_into(std::span<const ByteView>(&part, 1), mac);
  return truncate(ByteView(mac.data(), size));
}

std::string otp_text(std::uint32_t value, int digits) {
  std::string text(static_cast<std::size_t>(std::clamp(digits, kOtpDigitsMin, kOtpDigitsMax)), '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value /= 10) {
    *digit = static_cast<char>('0' + value % 10);
  }
  return text;
}

}  // namespace countersign::crypto
