// State, version 1: version u8 = 1 | digits u8 | next counter u64 | length of the secret u8 | secret.
// Little-endian, nothing after it.
#include "core/factor/hotp.h"

#include <array>

#include "core/crypto/equal.h"
#include "core/crypto/otp.h"
#include "core/factor/state.h"

namespace countersign::factor::hotp {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSecretBytesMin = 16;  // RFC 4226 §4 R6
constexpr std::size_t kSecretBytesMax = 64;
// So far from the end that no look-ahead wraps around to codes used before.
constexpr std::uint64_t kCounterMax = UINT64_MAX - 2 * kResyncLookAhead;

struct State {
  int digits;
  std::uint64_t next;
  ByteView secret;  // into the bytes it was read from
};

Result<void> check(const State& state) {
  if (state.secret.size() < kSecretBytesMin || state.secret.size() > kSecretBytesMax) {
    return Error{Errc::malformed, "a HOTP secret has 16 to 64 bytes"};
  }
  if (state.digits != 6 && state.digits != 8) return Error{Errc::malformed, "a HOTP code has 6 or 8 digits"};
  if (state.next > kCounterMax) return Error{Errc::malformed, "the counter is at its end"};
  return {};
}

Bytes encode(const State& state) {
  Bytes out;
  out.reserve(11 + state.secret.size());
  out.push_back(kVersion);
  out.push_back(static_cast<std::uint8_t>(state.digits));
  put(out, state.next);
  out.push_back(static_cast<std::uint8_t>(state.secret.size()));
  append(out, state.secret);
  return out;
}

Result<State> decode(ByteView bytes) {
  StateReader reader(bytes);
  const auto version = reader.number<std::uint8_t>();
  State state{};
  state.digits = reader.number<std::uint8_t>();
  state.next = reader.number<std::uint64_t>();
  state.secret = reader.take(reader.number<std::uint8_t>());
  if (!reader.whole() || version != kVersion || !check(state)) return broken_state();
  return state;
}

Result<void> check_form(const State& state, const Secret& code) {
  if (is_code(code.reveal(), static_cast<std::size_t>(state.digits))) return {};
  return Error{Errc::malformed, "not a code of this token: its codes have " + std::to_string(state.digits) + " digits"};
}

}  // namespace

Result<Bytes> enrol(const Secret& secret, int digits, std::uint64_t counter) {
  const State state{digits, counter, secret.reveal_bytes()};
  TRY(check(state));
  return encode(state);
}

// RFC 4226 §7.4: the counter expected and kLookAhead after it, all of them, so that time does not tell the match.
Result<Verified> verify(ByteView bytes, const Secret& passcode, Instant) {
  State state = TRY(decode(bytes));
  TRY(check_form(state, passcode));
  const crypto::MacKey key(crypto::HashKind::sha1, state.secret);
  std::uint64_t after = 0;  // none
  for (std::uint64_t ahead = kLookAhead + 1; ahead-- > 0;) {
    const std::string code = crypto::otp_text(crypto::hotp_value(key, state.next + ahead), state.digits);
    after = crypto::equal(code, passcode.reveal()) ? state.next + ahead + 1 : after;
  }
  if (after == 0) return Error{Errc::refused, "the code is wrong or was used before"};
  // Past the match (RFC 4226 §7.2), so that neither it nor a code skipped before it counts again.
  state.next = after;
  return Verified{encode(state)};
}

Result<Verified> resync(ByteView bytes, const Secret& code1, const Secret& code2, const Secret& code3) {
  State state = TRY(decode(bytes));
  const std::array<const Secret*, 3> typed = {&code1, &code2, &code3};
  for (const Secret* code : typed) TRY(check_form(state, *code));
  const crypto::MacKey key(crypto::HashKind::sha1, state.secret);
  const auto text = [&](std::uint64_t counter) {
    return crypto::otp_text(crypto::hotp_value(key, counter), state.digits);
  };
  std::array<std::string, 3> window = {text(state.next), text(state.next + 1), text(state.next + 2)};
  std::uint64_t after = 0;  // none
  for (std::uint64_t counter = state.next; counter <= state.next + kResyncLookAhead; ++counter) {
    bool same = true;
    for (std::size_t i = 0; i < typed.size(); ++i) same &= crypto::equal(window[i], typed[i]->reveal());
    after = (same && after == 0) ? counter + 3 : after;
    window = {std::move(window[1]), std::move(window[2]), text(counter + 3)};
  }
  if (after == 0) return Error{Errc::refused, "these three codes do not follow each other within the look-ahead"};
  state.next = after;
  return Verified{encode(state)};
}

Result<std::string> code_at(const Secret& secret, int digits, std::uint64_t counter) {
  const State state{digits, counter, secret.reveal_bytes()};
  TRY(check(state));
  return crypto::otp_text(crypto::hotp_value({crypto::HashKind::sha1, state.secret}, counter), digits);
}

const Kind kKind = {"hotp", "otp", "hardware-token", Strength::possession, verify};

}  // namespace countersign::factor::hotp
