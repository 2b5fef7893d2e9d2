#include "core/codec/otpauth.h"

#include <charconv>
#include <cstdlib>

#include "core/codec/base32.h"
#include "core/codec/form.h"
#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace countersign::codec {
namespace {

constexpr std::string_view kScheme = "otpauth://";
constexpr int kDigitsMin = 6, kDigitsMax = 8;

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

const char* name(crypto::HashKind kind) {
  switch (kind) {
    case crypto::HashKind::sha1: return "SHA1";
    case crypto::HashKind::sha256: return "SHA256";
    case crypto::HashKind::sha512: return "SHA512";
  }
  std::abort();
}

// ASCII letters only; `lower` is lower case.
bool same_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

Result<crypto::HashKind> algorithm_of(std::string_view text) {
  if (same_word(text, "sha1")) return crypto::HashKind::sha1;
  if (same_word(text, "sha256")) return crypto::HashKind::sha256;
  if (same_word(text, "sha512")) return crypto::HashKind::sha512;
  return malformed("otpauth: algorithm is SHA1, SHA256 or SHA512");
}

template <class Number>
Result<Number> number_of(std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return malformed("otpauth: number out of range");
  }
  return value;
}

// "Issuer:account" or "account", percent-encoded; the colon may be encoded too, and spaces may follow it.
Result<void> read_label(std::string_view label, Otpauth& otp) {
  const std::string text = TRY(percent_decode(label));
  if (!valid_text(text)) return malformed("otpauth: label is not UTF-8");
  // A written label has one bare colon at most; what is encoded beside it belongs to the names.
  const std::size_t bare = label.find(':');
  if (bare != label.npos) {
    otp.issuer = TRY(percent_decode(label.substr(0, bare)));
    otp.account = TRY(percent_decode(label.substr(bare + 1)));
  } else if (const std::size_t colon = text.find(':'); colon != text.npos) {
    otp.issuer = text.substr(0, colon);
    otp.account = text.substr(colon + 1);
  } else {
    otp.account = text;
  }
  otp.account.erase(0, otp.account.find_first_not_of(' '));
  if (otp.account.empty()) return malformed("otpauth: no account");
  return {};
}

enum : unsigned { kSecret = 1, kIssuer = 2, kAlgorithm = 4, kDigits = 8, kPeriod = 16, kCounter = 32 };

// Reads one parameter into `otp`; returns its bit, or 0 for a name that is not known.
Result<unsigned> read_parameter(std::string_view name, std::string_view value, Otpauth& otp) {
  if (same_word(name, "secret")) {
    otp.secret = TRY(secret_from_base32(value));
    if (otp.secret.size() < kOtpauthSecretMin || otp.secret.size() > kOtpauthSecretMax) {
      return malformed("otpauth: secret has 10 to 128 bytes");
    }
    return kSecret;
  }
  if (same_word(name, "issuer")) {
    otp.issuer = value;
    return kIssuer;
  }
  if (same_word(name, "algorithm")) {
    otp.algorithm = TRY(algorithm_of(value));
    return kAlgorithm;
  }
  if (same_word(name, "digits")) {
    otp.digits = TRY(number_of<int>(value, kDigitsMin, kDigitsMax));
    return kDigits;
  }
  if (same_word(name, "period")) {
    otp.period_s = TRY(number_of<int>(value, 1, kOtpauthPeriodMax));
    return kPeriod;
  }
  if (same_word(name, "counter")) {
    otp.counter = TRY(number_of<std::uint64_t>(value, 0, UINT64_MAX));
    return kCounter;
  }
  return 0u;
}

}  // namespace

Secret write_otpauth(const Otpauth& otp) {
  std::string text;
  text.reserve(kOtpauthTextMax);  // no growing: a grown string leaves the secret behind in freed memory
  text.append(kScheme).append(otp.kind == OtpKind::totp ? "totp/" : "hotp/");
  // The colon stands also after an empty issuer, when the account has one of its own.
  if (!otp.issuer.empty() || otp.account.find(':') != std::string::npos) {
    append_percent_encoded(text, otp.issuer);
    text.push_back(':');
  }
  append_percent_encoded(text, otp.account);
  text.append("?secret=").append(secret_to_base32(otp.secret).reveal());
  if (!otp.issuer.empty()) append_percent_encoded(text.append("&issuer="), otp.issuer);
  text.append("&algorithm=").append(name(otp.algorithm)).append("&digits=").append(std::to_string(otp.digits));
  if (otp.kind == OtpKind::totp) {
    text.append("&period=").append(std::to_string(otp.period_s));
  } else {
    text.append("&counter=").append(std::to_string(otp.counter));
  }
  return Secret(std::move(text));
}

Result<Otpauth> parse_otpauth(std::string_view text) {
  if (text.size() > kOtpauthTextMax) return malformed("otpauth: over 2 KiB");
  if (!same_word(text.substr(0, kScheme.size()), kScheme)) return malformed("not an otpauth address");
  text.remove_prefix(kScheme.size());

  Otpauth otp;
  const std::size_t slash = text.find('/'), mark = text.find('?');
  if (slash == text.npos || mark == text.npos || slash > mark) return malformed("otpauth: no label or no parameters");
  if (same_word(text.substr(0, slash), "hotp")) {
    otp.kind = OtpKind::hotp;
  } else if (!same_word(text.substr(0, slash), "totp")) {
    return malformed("otpauth: neither totp nor hotp");
  }
  TRY(read_label(text.substr(slash + 1, mark - slash - 1), otp));

  unsigned seen = 0;
  const auto parameters = parse_form(text.substr(mark + 1));
  if (!parameters) return malformed("otpauth: parameters cannot be read");
  for (const auto& [name, value] : *parameters) {
    const unsigned bit = TRY(read_parameter(name, value, otp));
    if (seen & bit) return malformed("otpauth: a parameter stands twice");
    seen |= bit;
  }
  if (!(seen & kSecret)) return malformed("otpauth: no secret");
  if (otp.kind == OtpKind::hotp && !(seen & kCounter)) return malformed("otpauth: hotp without counter");
  return otp;
}

}  // namespace countersign::codec
