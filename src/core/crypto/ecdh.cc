#include "core/crypto/ecdh.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

#include "core/crypto/must.h"

namespace countersign::crypto {

Secret ecdh(const Es256Key& ours, const Es256PublicKey& theirs) {
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      must(EVP_PKEY_CTX_new_from_pkey(nullptr, ours.handle().get(), nullptr), "EVP_PKEY_CTX_new_from_pkey"));
  must(EVP_PKEY_derive_init(context.get()), "EVP_PKEY_derive_init");
  must(EVP_PKEY_derive_set_peer(context.get(), theirs.handle().get()), "EVP_PKEY_derive_set_peer");
  std::array<std::uint8_t, kP256ScalarSize> shared;
  std::size_t size = shared.size();
  must(EVP_PKEY_derive(context.get(), shared.data(), &size), "EVP_PKEY_derive");
  must(size == shared.size(), "EVP_PKEY_derive");
  Secret out{ByteView(shared)};
  OPENSSL_cleanse(shared.data(), shared.size());
  return out;
}

}  // namespace countersign::crypto
