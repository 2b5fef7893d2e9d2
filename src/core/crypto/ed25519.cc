#include <sodium.h>

#include <algorithm>

#include "core/crypto/must.h"
#include "core/crypto/sign.h"

namespace countersign::crypto {

static_assert(crypto_sign_SECRETKEYBYTES == 2 * kEd25519KeySize && crypto_sign_BYTES == kEd25519Size);

Result<Ed25519PublicKey> Ed25519PublicKey::from_bytes(ByteView key) {
  if (key.size() != kEd25519KeySize) return Error{Errc::malformed, "an Ed25519 key has 32 bytes"};
  Ed25519PublicKey out;
  std::ranges::copy(key, out.key_.begin());
  return out;
}

bool Ed25519PublicKey::verify(ByteView message, ByteView signature) const {
  return signature.size() == kEd25519Size &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key_.data()) == 0;
}

Result<Ed25519Key> Ed25519Key::from_seed(ByteView seed) {
  if (seed.size() != kEd25519KeySize) return Error{Errc::malformed, "an Ed25519 seed has 32 bytes"};
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> expanded;
  must(crypto_sign_seed_keypair(public_key.data(), expanded.data(), seed.data()) == 0, "crypto_sign_seed_keypair");
  Secret out{ByteView(expanded)};
  sodium_memzero(expanded.data(), expanded.size());
  return Ed25519Key(std::move(out));
}

Ed25519Key Ed25519Key::generate(Random& random) {
  std::array<std::uint8_t, kEd25519KeySize> seed;
  random.fill(seed);
  auto key = from_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return *std::move(key);
}

Bytes Ed25519Key::sign(ByteView message) const {
  Bytes out(kEd25519Size);
  must(crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), expanded_.reveal_bytes().data()) == 0,
       "crypto_sign_detached");
  return out;
}

Ed25519PublicKey Ed25519Key::public_key() const {
  return *Ed25519PublicKey::from_bytes(expanded_.reveal_bytes().subspan(kEd25519KeySize));
}

Secret Ed25519Key::seed() const { return Secret(expanded_.reveal_bytes().first(kEd25519KeySize)); }

}  // namespace countersign::crypto
