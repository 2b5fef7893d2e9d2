#include "core/crypto/x25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>

#include "core/crypto/equal.h"
#include "core/crypto/must.h"
#include "core/crypto/wipe.h"

namespace countersign::crypto {
namespace {

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

Key private_key(const Secret& scalar) {
  return Key(
      must(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, scalar.reveal_bytes().data(), scalar.size()),
           "EVP_PKEY_new_raw_private_key_ex"));
}

X25519PublicKey public_half(const Secret& scalar) {
  const Key key = private_key(scalar);
  std::array<std::uint8_t, kX25519KeySize> bytes;
  std::size_t size = bytes.size();
  must(EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size), "EVP_PKEY_get_raw_public_key");
  must(size == bytes.size(), "EVP_PKEY_get_raw_public_key");
  return *X25519PublicKey::from_bytes(bytes);
}

}  // namespace

Result<X25519PublicKey> X25519PublicKey::from_bytes(ByteView key) {
  if (key.size() != kX25519KeySize) return Error{Errc::malformed, "an X25519 key has 32 bytes"};
  X25519PublicKey out;
  std::ranges::copy(key, out.key_.begin());
  return out;
}

X25519Key X25519Key::generate(Random& random) {
  std::array<std::uint8_t, kX25519KeySize> scalar;
  random.fill(scalar);
  auto key = from_bytes(scalar);
  wipe(scalar);
  return *std::move(key);
}

Result<X25519Key> X25519Key::from_bytes(ByteView scalar) {
  if (scalar.size() != kX25519KeySize) return Error{Errc::malformed, "an X25519 key has 32 bytes"};
  Secret kept{scalar};
  const X25519PublicKey theirs = public_half(kept);
  return X25519Key(std::move(kept), theirs);
}

Result<Secret> X25519Key::agree(const X25519PublicKey& theirs) const {
  const Key ours = private_key(scalar_);
  const Key peer(
      must(EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, theirs.bytes().data(), theirs.bytes().size()),
           "EVP_PKEY_new_raw_public_key_ex"));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      must(EVP_PKEY_CTX_new_from_pkey(nullptr, ours.get(), nullptr), "EVP_PKEY_CTX_new_from_pkey"));
  must(EVP_PKEY_derive_init(context.get()), "EVP_PKEY_derive_init");
  must(EVP_PKEY_derive_set_peer(context.get(), peer.get()), "EVP_PKEY_derive_set_peer");
  std::array<std::uint8_t, kX25519KeySize> shared{};
  std::size_t size = shared.size();
  // OpenSSL fails here for a result of all zeros; the comparison keeps that true for a library that would not.
  const bool derived = EVP_PKEY_derive(context.get(), shared.data(), &size) == 1 && size == shared.size();
  const std::array<std::uint8_t, kX25519KeySize> zeros{};
  if (!derived || equal(shared, zeros)) {
    ERR_clear_error();  // an entry left behind would look like one of the next TLS call on this thread
    return Error{Errc::refused, "an X25519 key of small order"};
  }
  Secret out{ByteView(shared)};
  wipe(shared);
  return out;
}

}  // namespace countersign::crypto
