#include "core/crypto/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <climits>

#include "core/crypto/must.h"

namespace countersign::crypto {
namespace {

using Context = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

// Sizes come from limits far below; the check keeps the conversion honest.
int int_size(ByteView bytes) {
  must(bytes.size() <= INT_MAX, "aead: more than 2 GiB");
  return static_cast<int>(bytes.size());
}

Context copy_of(const EVP_CIPHER_CTX* keyed, ByteView nonce, ByteView associated, int seal) {
  Context context(must(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
  must(EVP_CIPHER_CTX_copy(context.get(), keyed), "EVP_CIPHER_CTX_copy");
  must(EVP_CipherInit_ex2(context.get(), nullptr, nullptr, nonce.data(), seal, nullptr), "EVP_CipherInit_ex2");
  int size = 0;
  if (!associated.empty()) {
    must(EVP_CipherUpdate(context.get(), nullptr, &size, associated.data(), int_size(associated)), "EVP_CipherUpdate");
  }
  return context;
}

}  // namespace

void AeadKey::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

AeadKey::AeadKey(ByteView key) : keyed_(must(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")) {
  const Owned<EVP_CIPHER, EVP_CIPHER_free> cipher(
      must(EVP_CIPHER_fetch(nullptr, key.size() == kAes128KeySize ? "AES-128-GCM" : "AES-256-GCM", nullptr),
           "EVP_CIPHER_fetch"));
  must(EVP_EncryptInit_ex2(keyed_.get(), cipher.get(), key.data(), nullptr, nullptr), "EVP_EncryptInit_ex2");
}

Result<AeadKey> AeadKey::from_bytes(ByteView key) {
  if (key.size() != kAeadKeySize) return Error{Errc::malformed, "an AES-256 key has 32 bytes"};
  return AeadKey(key);
}

Result<AeadKey> AeadKey::aes128(ByteView key) {
  if (key.size() != kAes128KeySize) return Error{Errc::malformed, "an AES-128 key has 16 bytes"};
  return AeadKey(key);
}

void AeadKey::run_seal(ByteView nonce, ByteView associated, ByteView plain, std::uint8_t* out) const {
  const Context context = copy_of(keyed_.get(), nonce, associated, 1);
  int size = 0;
  if (!plain.empty()) {
    must(EVP_CipherUpdate(context.get(), out, &size, plain.data(), int_size(plain)), "EVP_CipherUpdate");
  }
  must(EVP_CipherFinal_ex(context.get(), out + plain.size(), &size), "EVP_CipherFinal_ex");
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, out + plain.size()), "GET_TAG");
}

Bytes AeadKey::seal(ByteView nonce, ByteView associated, ByteView plain) const {
  must(nonce.size() == kAeadNonceSize, "aead: a nonce has 12 bytes");
  Bytes out(plain.size() + kAeadTagSize);
  run_seal(nonce, associated, plain, out.data());
  return out;
}

Bytes AeadKey::seal(Random& random, ByteView associated, ByteView plain) const {
  Bytes out(kAeadNonceSize + plain.size() + kAeadTagSize);
  const auto nonce = std::span(out).first(kAeadNonceSize);
  random.fill(nonce);
  run_seal(nonce, associated, plain, out.data() + kAeadNonceSize);
  return out;
}

Result<Bytes> AeadKey::open(ByteView nonce, ByteView associated, ByteView sealed) const {
  if (nonce.size() != kAeadNonceSize) return Error{Errc::malformed, "a nonce has 12 bytes"};
  if (sealed.size() < kAeadTagSize) return Error{Errc::malformed, "sealed text is shorter than its tag"};
  const ByteView cipher = sealed.first(sealed.size() - kAeadTagSize);
  std::array<std::uint8_t, kAeadTagSize> tag;
  std::copy(sealed.end() - kAeadTagSize, sealed.end(), tag.begin());

  const Context context = copy_of(keyed_.get(), nonce, associated, 0);
  Bytes plain(cipher.size());
  int size = 0;
  if (!cipher.empty()) {
    must(EVP_CipherUpdate(context.get(), plain.data(), &size, cipher.data(), int_size(cipher)), "EVP_CipherUpdate");
  }
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()), "SET_TAG");
  std::uint8_t nothing[EVP_MAX_BLOCK_LENGTH];
  if (EVP_CipherFinal_ex(context.get(), nothing, &size) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return Error{Errc::refused, "sealed text was changed, or is not for this key and place"};
  }
  return plain;
}

Result<Bytes> AeadKey::open(ByteView associated, ByteView sealed) const {
  if (sealed.size() < kAeadNonceSize + kAeadTagSize) return Error{Errc::malformed, "sealed text is too short"};
  return open(sealed.first(kAeadNonceSize), associated, sealed.subspan(kAeadNonceSize));
}

Result<Secret> AeadKey::open_secret(ByteView associated, ByteView sealed) const {
  Bytes plain = TRY(open(associated, sealed));
  Secret secret{ByteView(plain)};
  OPENSSL_cleanse(plain.data(), plain.size());
  return secret;
}

}  // namespace countersign::crypto
