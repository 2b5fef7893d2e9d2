#include "core/crypto/shares.h"

#include <algorithm>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/crypto/wipe.h"

namespace countersign::crypto {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kValueSize = kSharedSecretSize + kShareCheckSize;
constexpr std::size_t kHeadSize = 6, kChecksumSize = 3;
static_assert(kHeadSize + kValueSize + kChecksumSize == kShareSize);

// GF(2^8) with x^8 + x^4 + x^3 + x + 1 (FIPS 197 §4.2). No table and no branch depends on a factor.
constexpr std::uint8_t times(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0, shifted = a;
  for (int bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0u - (b >> bit & 1u));
    shifted = shifted << 1 ^ (0x11bu & (0u - (shifted >> 7 & 1u)));
  }
  return static_cast<std::uint8_t>(product);
}

// a^254.
constexpr std::uint8_t inverse(std::uint8_t a) {
  std::uint8_t power = a, out = 1;
  for (int bit = 1; bit < 8; ++bit) {
    power = times(power, power);
    out = times(out, power);
  }
  return out;
}

static_assert(times(0x57, 0x83) == 0xc1 && times(0x53, 0xca) == 0x01);  // FIPS 197 §4.2; inverses
static_assert(inverse(0x53) == 0xca && inverse(1) == 1);

// The part of Lagrange's formula at 0 that belongs to `own`: Π x / (x - own) over the others. Indexes are not secret.
std::uint8_t weight_of(std::span<const Share> shares, const Share& own) {
  std::uint8_t weight = 1;
  for (const Share& other : shares) {
    if (other.index == own.index) continue;
    const auto difference = static_cast<std::uint8_t>(other.index ^ own.index);
    weight = times(weight, times(other.index, inverse(difference)));
  }
  return weight;
}

Bytes check_of(const Secret& secret, ByteView set) {
  const ByteView parts[] = {bytes_of("countersign-share-secret/v1"), set, secret.reveal_bytes()};
  Bytes digest = hash(HashKind::sha256, parts);
  digest.resize(kShareCheckSize);
  return digest;
}

Bytes checksum_of(ByteView bytes) {
  const ByteView parts[] = {bytes_of("countersign-share/v1"), bytes};
  Bytes digest = hash(HashKind::sha256, parts);
  digest.resize(kChecksumSize);
  return digest;
}

Result<void> check_together(std::span<const Share> shares) {
  if (shares.empty()) return Error{Errc::malformed, "no share"};
  const Share& first = shares.front();
  if (shares.size() < first.threshold) return Error{Errc::refused, "more shares are needed"};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const Share& each = shares[i];
    if (each.value.size() != kValueSize || each.index == 0 || each.threshold < 2) {
      return Error{Errc::malformed, "not a share"};
    }
    if (each.set != first.set || each.threshold != first.threshold) {
      return Error{Errc::refused, "shares of different sets"};
    }
    const auto twice = [&](const Share& other) { return other.index == each.index; };
    if (std::ranges::any_of(shares.first(i), twice)) return Error{Errc::refused, "a share stands twice"};
  }
  return {};
}

}  // namespace

Result<std::vector<Share>> split(Random& random, const Secret& secret, const ShareScheme& scheme) {
  if (secret.size() != kSharedSecretSize) return Error{Errc::malformed, "a shared secret has 32 bytes"};
  if (scheme.threshold < 2 || scheme.threshold > scheme.shares || scheme.shares > kSharesMax) {
    return Error{Errc::malformed, "2 to 16 shares, of which at least 2 are needed"};
  }
  std::array<std::uint8_t, 3> set;
  random.fill(set);
  const Secret check = into_secret(check_of(secret, set));
  // Coefficients of the polynomial: the shared bytes first, then random ones, kValueSize of each.
  Bytes coefficients(static_cast<std::size_t>(scheme.threshold) * kValueSize);
  std::ranges::copy(secret.reveal_bytes(), coefficients.begin());
  std::ranges::copy(check.reveal_bytes(), coefficients.begin() + kSharedSecretSize);
  random.fill(std::span(coefficients).subspan(kValueSize));

  std::vector<Share> out;
  for (int index = 1; index <= scheme.shares; ++index) {
    Bytes value(kValueSize);
    for (std::size_t i = 0; i < kValueSize; ++i) {
      for (std::size_t power = coefficients.size() / kValueSize; power-- > 0;) {  // Horner
        value[i] = static_cast<std::uint8_t>(times(value[i], static_cast<std::uint8_t>(index)) ^
                                             coefficients[power * kValueSize + i]);
      }
    }
    out.push_back({static_cast<std::uint8_t>(scheme.threshold), static_cast<std::uint8_t>(index), set,
                   into_secret(std::move(value))});
  }
  wipe(coefficients);
  return out;
}

Result<Secret> combine(std::span<const Share> shares) {
  TRY(check_together(shares));
  Bytes sum(kValueSize);
  for (const Share& each : shares) {
    const std::uint8_t weight = weight_of(shares, each);
    const ByteView value = each.value.reveal_bytes();
    for (std::size_t i = 0; i < kValueSize; ++i) {
      sum[i] = static_cast<std::uint8_t>(sum[i] ^ times(value[i], weight));
    }
  }
  const Secret all = into_secret(std::move(sum));
  Secret secret(all.reveal_bytes().first(kSharedSecretSize));
  const Secret check = into_secret(check_of(secret, shares.front().set));
  if (!equal(check.reveal_bytes(), all.reveal_bytes().subspan(kSharedSecretSize))) {
    return Error{Errc::refused, "the shares do not belong together"};
  }
  return secret;
}

Secret encode(const Share& share) {
  Bytes out = {kVersion, share.threshold, share.index};
  out.reserve(kShareSize);
  append(out, share.set);
  append(out, share.value.reveal_bytes());
  append(out, checksum_of(out));
  return into_secret(std::move(out));
}

Result<Share> decode_share(ByteView bytes) {
  if (bytes.size() != kShareSize) return Error{Errc::malformed, "a share has 72 characters"};
  const ByteView body = bytes.first(kShareSize - kChecksumSize);
  if (!equal(checksum_of(body), bytes.last(kChecksumSize))) {
    return Error{Errc::malformed, "a share was mistyped: its checksum does not fit"};
  }
  if (bytes[0] != kVersion) return Error{Errc::malformed, "a share of another version"};
  Share out{bytes[1], bytes[2], {bytes[3], bytes[4], bytes[5]}, Secret(body.subspan(kHeadSize))};
  if (out.threshold < 2 || out.threshold > kSharesMax || out.index == 0 || out.index > kSharesMax) {
    return Error{Errc::malformed, "not a share"};
  }
  return out;
}

}  // namespace countersign::crypto
