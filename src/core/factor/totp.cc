// State, version 1: version u8 = 1 | hash u8 (0 SHA-1, 1 SHA-256, 2 SHA-512) | digits u8 | step in seconds u8 |
// first step still to be used u64 | length of the secret u8 | secret. Little-endian, nothing after it.
#include "core/factor/totp.h"

#include <array>

#include "core/crypto/equal.h"
#include "core/crypto/otp.h"
#include "core/factor/state.h"

namespace countersign::factor::totp {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::array kHashes = {  // RFC 6238 §1.2
    crypto::HashKind::sha1, crypto::HashKind::sha256, crypto::HashKind::sha512};

struct State {
  Parameters parameters;
  std::uint64_t first_unused;  // steps before it were used, or lie before one that was
  ByteView secret;             // into the bytes it was read from
};

Result<void> check(const Parameters& p, std::size_t secret_size) {
  if (secret_size < kSecretBytesMin || secret_size > kSecretBytesMax) {
    return Error{Errc::malformed, "a TOTP secret has 16 to 64 bytes"};
  }
  if (p.digits != 6 && p.digits != 8) return Error{Errc::malformed, "a TOTP code has 6 or 8 digits"};
  if (p.step != seconds(30) && p.step != seconds(60)) return Error{Errc::malformed, "a TOTP step is 30 or 60 seconds"};
  return {};
}

Bytes encode(const State& state) {
  Bytes out;
  out.reserve(13 + state.secret.size());
  out.push_back(kVersion);
  for (std::uint8_t i = 0; i < kHashes.size(); ++i) {
    if (kHashes[i] == state.parameters.hash) out.push_back(i);
  }
  out.push_back(static_cast<std::uint8_t>(state.parameters.digits));
  out.push_back(static_cast<std::uint8_t>(state.parameters.step.count()));
  put(out, state.first_unused);
  out.push_back(static_cast<std::uint8_t>(state.secret.size()));
  append(out, state.secret);
  return out;
}

Result<State> decode(ByteView bytes) {
  StateReader reader(bytes);
  const auto version = reader.number<std::uint8_t>();
  const auto hash = reader.number<std::uint8_t>();
  State state{};
  state.parameters.digits = reader.number<std::uint8_t>();
  state.parameters.step = seconds(reader.number<std::uint8_t>());
  state.first_unused = reader.number<std::uint64_t>();
  state.secret = reader.take(reader.number<std::uint8_t>());
  if (!reader.whole() || version != kVersion || hash >= kHashes.size()) return broken_state();
  state.parameters.hash = kHashes[hash];
  if (!check(state.parameters, state.secret.size())) return broken_state();
  return state;
}

// RFC 6238 §4.2: T = floor((now − T0) / X) with T0 = 0; below zero before 1970.
std::int64_t step_of(Instant now, const Parameters& p) {
  return std::chrono::floor<seconds>(now).time_since_epoch().count() / p.step.count();
}

std::string text_of_step(const crypto::MacKey& key, std::int64_t step, int digits) {
  return crypto::otp_text(crypto::hotp_value(key, static_cast<std::uint64_t>(step)), digits);
}

}  // namespace

Result<Bytes> enrol(const Secret& secret, const Parameters& parameters) {
  TRY(check(parameters, secret.size()));
  return encode({parameters, 0, secret.reveal_bytes()});
}

// Every step of the window is computed and compared, so the time taken says nothing about which one matched.
Result<Verified> verify(ByteView bytes, const Secret& passcode, Instant now) {
  State state = TRY(decode(bytes));
  const int digits = state.parameters.digits;
  if (!is_code(passcode.reveal(), static_cast<std::size_t>(digits))) {
    return Error{Errc::malformed, "not a code of this token: its codes have " + std::to_string(digits) + " digits"};
  }
  const crypto::MacKey key(state.parameters.hash, state.secret);
  const std::int64_t current = step_of(now, state.parameters);
  std::int64_t matched = -1;
  for (std::int64_t step = current - kWindowSteps; step <= current + kWindowSteps; ++step) {
    //= rfc6238#5.2 "The verifier MUST NOT accept the second attempt of the OTP after the successful validation has
    //= been issued for the first OTP"
    const bool unused = step >= 0 && static_cast<std::uint64_t>(step) >= state.first_unused;
    const bool same = crypto::equal(text_of_step(key, step, digits), passcode.reveal());
    matched = (unused & same) ? step : matched;
  }
  if (matched < 0) return Error{Errc::refused, "the code is wrong, too old, or was used before"};
  state.first_unused = static_cast<std::uint64_t>(matched) + 1;
  return Verified{encode(state)};
}

Result<std::string> code_at(const Secret& secret, const Parameters& parameters, Instant now) {
  TRY(check(parameters, secret.size()));
  const crypto::MacKey key(parameters.hash, secret.reveal_bytes());
  return text_of_step(key, step_of(now, parameters), parameters.digits);
}

const Kind kKind = {"totp", "otp", "hardware-token", Strength::possession, verify};

}  // namespace countersign::factor::totp
