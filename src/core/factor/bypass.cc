// State, version 1: version u8 = 1 | expiry in ms since 1970 as u64, all ones: never | salt 16 bytes | codes left u8 |
// per code: uses left u32 (all ones: unlimited), SHA-256(salt ‖ code) 32 bytes. Little-endian, nothing after it.
// A used-up code leaves the state. Nine digits can be tried out by whoever holds the hash: what protects them is that
// the state is sealed at rest; the hash keeps a code from being read where the state is opened.
#include "core/factor/bypass.h"

#include <algorithm>
#include <array>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/factor/state.h"

namespace countersign::factor::bypass {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSaltSize = 16, kHashSize = 32;
constexpr std::uint64_t kNever = UINT64_MAX;
constexpr std::uint32_t kUnlimited = UINT32_MAX;

using Hash = std::array<std::uint8_t, kHashSize>;

struct Code {
  std::uint32_t uses_left;
  Hash hash;
};

struct State {
  std::uint64_t expires_ms;
  Bytes salt;
  std::vector<Code> codes;
};

Hash hash_of(ByteView salt, std::string_view code) {
  const std::array<ByteView, 2> parts = {salt, bytes_of(code)};
  std::array<std::uint8_t, crypto::kDigestMax> digest;
  crypto::hash_into(crypto::HashKind::sha256, parts, digest);
  Hash out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Bytes encode(const State& state) {
  Bytes out;
  out.reserve(2 + sizeof state.expires_ms + kSaltSize + state.codes.size() * (4 + kHashSize));
  out.push_back(kVersion);
  put(out, state.expires_ms);
  append(out, state.salt);
  out.push_back(static_cast<std::uint8_t>(state.codes.size()));
  for (const Code& code : state.codes) {
    put(out, code.uses_left);
    append(out, code.hash);
  }
  return out;
}

Result<State> decode(ByteView bytes) {
  StateReader reader(bytes);
  const auto version = reader.number<std::uint8_t>();
  State state{};
  state.expires_ms = reader.number<std::uint64_t>();
  const ByteView salt = reader.take(kSaltSize);
  state.salt.assign(salt.begin(), salt.end());
  const auto count = reader.number<std::uint8_t>();
  if (version != kVersion || count > kCodesMax) return broken_state();
  for (int i = 0; i < count; ++i) {
    Code code{reader.number<std::uint32_t>(), {}};
    const ByteView hash = reader.take(kHashSize);
    if (hash.size() != kHashSize || code.uses_left == 0) return broken_state();
    std::copy(hash.begin(), hash.end(), code.hash.begin());
    state.codes.push_back(code);
  }
  if (!reader.whole()) return broken_state();
  return state;
}

bool expired(const State& state, Instant now) {
  return unix_ms(now) >= 0 && static_cast<std::uint64_t>(unix_ms(now)) >= state.expires_ms;
}

}  // namespace

Result<Issued> issue(const Parameters& parameters, Random& random) {
  if (parameters.count < 1 || parameters.count > kCodesMax) {
    return Error{Errc::malformed, "a set of bypass codes has 1 to 10 codes"};
  }
  if (parameters.reuse < 0) return Error{Errc::malformed, "a bypass code is used once or more; 0 means without limit"};
  if (parameters.expires && unix_ms(*parameters.expires) < 0) {
    return Error{Errc::malformed, "bypass codes cannot expire before 1970"};
  }
  State state{parameters.expires ? static_cast<std::uint64_t>(unix_ms(*parameters.expires)) : kNever,
              random_bytes(random, kSaltSize), {}};
  const std::uint32_t uses = parameters.reuse == 0 ? kUnlimited : static_cast<std::uint32_t>(parameters.reuse);
  Issued issued;
  while (issued.codes.size() < static_cast<std::size_t>(parameters.count)) {
    std::string code = random_text(random, kDigits, "0123456789");
    if (std::find(issued.codes.begin(), issued.codes.end(), code) != issued.codes.end()) continue;
    state.codes.push_back({uses, hash_of(state.salt, code)});
    issued.codes.push_back(std::move(code));
  }
  issued.state = encode(state);
  return issued;
}

Result<Verified> verify(ByteView bytes, const Secret& passcode, Instant now) {
  State state = TRY(decode(bytes));
  if (!is_code(passcode.reveal(), kDigits)) return Error{Errc::malformed, "a bypass code has nine digits"};
  const Hash typed = hash_of(state.salt, passcode.reveal());
  std::size_t matched = state.codes.size();
  for (std::size_t i = 0; i < state.codes.size(); ++i) {
    matched = crypto::equal(ByteView(state.codes[i].hash), ByteView(typed)) ? i : matched;
  }
  if (matched == state.codes.size() || expired(state, now)) {
    return Error{Errc::refused, "the bypass code is wrong, used up or expired"};
  }
  Code& code = state.codes[matched];
  if (code.uses_left != kUnlimited && --code.uses_left == 0) {
    state.codes.erase(state.codes.begin() + static_cast<std::ptrdiff_t>(matched));
  }
  return Verified{encode(state)};
}

Result<int> codes_left(ByteView bytes, Instant now) {
  const State state = TRY(decode(bytes));
  return expired(state, now) ? 0 : static_cast<int>(state.codes.size());
}

const Kind kKind = {"bypass", "otp", "bypass", Strength::possession, verify};

}  // namespace countersign::factor::bypass
