// links: core_codec
// What parse_otpauth accepts is within its limits, and comes out of write_otpauth as it went in.
#include <cstdlib>

#include "core/codec/otpauth.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto otp = codec::parse_otpauth(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!otp) return 0;
  if (otp->digits < 6 || otp->digits > 8 || otp->period_s < 1 || otp->account.empty()) std::abort();
  if (otp->secret.size() < codec::kOtpauthSecretMin || otp->secret.size() > codec::kOtpauthSecretMax) std::abort();
  const Secret text = codec::write_otpauth(*otp);
  if (text.size() > codec::kOtpauthTextMax) return 0;  // the issuer stands twice, and encoding trebles it
  const auto again = codec::parse_otpauth(text.reveal());
  if (!again || again->issuer != otp->issuer || again->account != otp->account || again->kind != otp->kind ||
      again->digits != otp->digits || again->algorithm != otp->algorithm ||
      again->secret.reveal() != otp->secret.reveal()) {
    std::abort();
  }
  if (otp->kind == codec::OtpKind::totp && again->period_s != otp->period_s) std::abort();
  if (otp->kind == codec::OtpKind::hotp && again->counter != otp->counter) std::abort();
  return 0;
}
