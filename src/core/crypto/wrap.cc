#include "core/crypto/wrap.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <string>

#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/must.h"
#include "core/crypto/wipe.h"

namespace countersign::crypto {
namespace {

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Context = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

constexpr int kRsaBitsMin = 2048;
constexpr std::size_t kPointMax = 133;  // P-521, SEC 1 §2.3.3
constexpr std::size_t kSharedMax = 66;
constexpr std::size_t kLengthSize = 2;

Error unfit() { return {Errc::refused, "the key is neither RSA of 2048 bits or more nor on P-256, P-384 or P-521"}; }
Error shut() { return {Errc::refused, "wrapped for another key, or altered"}; }

// The public half as a key of OpenSSL's own: what comes from a device works through the device's methods.
Result<Key> public_half(EVP_PKEY& of) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&of, &der);
  if (size <= 0) return unfit();
  const unsigned char* at = der;
  Key out(d2i_PUBKEY(nullptr, &at, size));
  OPENSSL_free(der);
  if (!out) return unfit();
  return out;
}

bool is_rsa(const EVP_PKEY& key) { return EVP_PKEY_get_base_id(&key) == EVP_PKEY_RSA; }

Result<std::string> curve_of(const EVP_PKEY& key) {
  if (EVP_PKEY_get_base_id(&key) != EVP_PKEY_EC) return unfit();
  char name[32] = {};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(&key, name, sizeof name, &size) != 1) return unfit();
  std::string out(name, size);
  if (out != "prime256v1" && out != "secp384r1" && out != "secp521r1") return unfit();
  return out;
}

bool use_oaep(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0;
}

Result<Bytes> wrap_rsa(EVP_PKEY& to, const Secret& secret) {
  if (EVP_PKEY_get_bits(&to) < kRsaBitsMin) return unfit();
  const Context context(must(EVP_PKEY_CTX_new(&to, nullptr), "EVP_PKEY_CTX_new"));
  must(EVP_PKEY_encrypt_init(context.get()), "EVP_PKEY_encrypt_init");
  must(use_oaep(context.get()), "OAEP");
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(&to)));
  std::size_t size = out.size();
  const ByteView plain = secret.reveal_bytes();
  must(EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()), "EVP_PKEY_encrypt");
  out.resize(size);
  return out;
}

// The device does the private step alone (raw RSA); the padding is checked here.
Result<Secret> unwrap_rsa(EVP_PKEY& with, ByteView wrapped) {
  const Context context(EVP_PKEY_CTX_new(&with, nullptr));
  if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 || !use_oaep(context.get())) return shut();
  Bytes plain(static_cast<std::size_t>(EVP_PKEY_get_size(&with)));
  std::size_t size = plain.size();
  const bool opened = EVP_PKEY_decrypt(context.get(), plain.data(), &size, wrapped.data(), wrapped.size()) == 1;
  plain.resize(opened ? size : 0);
  Secret out = into_secret(std::move(plain));
  if (!opened) return shut();
  return out;
}

Bytes point_of(EVP_PKEY& key) {
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(&key, &point);
  must(size > 0, "EVP_PKEY_get1_encoded_public_key");
  Bytes out(point, point + size);
  OPENSSL_free(point);
  return out;
}

Result<AeadKey> agree(EVP_PKEY& ours, EVP_PKEY& theirs, ByteView bound) {
  const Context context(EVP_PKEY_CTX_new(&ours, nullptr));
  std::array<std::uint8_t, kSharedMax> shared;
  std::size_t size = shared.size();
  const bool agreed = context && EVP_PKEY_derive_init(context.get()) == 1 &&
                      EVP_PKEY_derive_set_peer(context.get(), &theirs) == 1 &&
                      EVP_PKEY_derive(context.get(), shared.data(), &size) == 1;
  if (!agreed) return shut();
  const Secret key = into_secret(hkdf(ByteView(shared).first(size), {}, bound, kAeadKeySize));
  wipe(shared);
  return AeadKey::from_bytes(key.reveal_bytes());
}

Bytes bound_to(ByteView ephemeral, EVP_PKEY& recipient) {
  Bytes out(bytes_of("countersign wrap").begin(), bytes_of("countersign wrap").end());
  append(out, ephemeral);
  append(out, point_of(recipient));
  return out;
}

constexpr std::uint8_t kNonce[kAeadNonceSize] = {};  // the key is for one message

Result<Bytes> wrap_ec(EVP_PKEY& to, const std::string& curve, const Secret& secret) {
  const Key ephemeral(must(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.c_str()), "EVP_PKEY_Q_keygen"));
  const Bytes point = point_of(*ephemeral);
  const AeadKey key = TRY(agree(*ephemeral, to, bound_to(point, to)));
  Bytes out = {static_cast<std::uint8_t>(point.size()), static_cast<std::uint8_t>(point.size() >> 8)};
  append(out, point);
  append(out, key.seal(kNonce, {}, secret.reveal_bytes()));
  return out;
}

Result<Secret> unwrap_ec(EVP_PKEY& with, EVP_PKEY& own_public, ByteView wrapped) {
  const std::string curve = TRY(curve_of(own_public));
  if (wrapped.size() < kLengthSize) return shut();
  const std::size_t size = wrapped[0] | std::size_t{wrapped[1]} << 8;
  if (size > kPointMax || size > wrapped.size() - kLengthSize) return shut();
  const ByteView point = wrapped.subspan(kLengthSize, size);
  const Key ephemeral(must(EVP_PKEY_new(), "EVP_PKEY_new"));
  const Key named(must(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.c_str()), "EVP_PKEY_Q_keygen"));
  if (EVP_PKEY_copy_parameters(ephemeral.get(), named.get()) != 1 ||
      EVP_PKEY_set1_encoded_public_key(ephemeral.get(), point.data(), point.size()) != 1) {
    return shut();
  }
  const AeadKey key = TRY(agree(with, *ephemeral, bound_to(point, own_public)));
  Result<Bytes> plain = key.open(kNonce, {}, wrapped.subspan(kLengthSize + size));
  if (!plain) return shut();
  return into_secret(*std::move(plain));
}

}  // namespace

Result<Bytes> wrap(EVP_PKEY& to, const Secret& secret) {
  if (secret.size() > kWrapSecretMax) return Error{Errc::malformed, "a secret to wrap has at most 64 bytes"};
  const Key key = TRY(public_half(to));
  if (is_rsa(*key)) return wrap_rsa(*key, secret);
  return wrap_ec(*key, TRY(curve_of(*key)), secret);
}

Result<Secret> unwrap(EVP_PKEY& with, ByteView wrapped) {
  if (wrapped.size() > kWrappedMax) return shut();
  const Key own_public = TRY(public_half(with));
  Result<Secret> out = is_rsa(*own_public) ? unwrap_rsa(with, wrapped) : unwrap_ec(with, *own_public, wrapped);
  ERR_clear_error();  // a refusal leaves its story in OpenSSL's list
  return out;
}

}  // namespace countersign::crypto
