#include "core/crypto/sign.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/crypto/hash.h"
#include "core/crypto/must.h"

namespace countersign::crypto {
namespace {

using Number = Owned<BIGNUM, BN_clear_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Group = Owned<EC_GROUP, EC_GROUP_free>;
using Point = Owned<EC_POINT, EC_POINT_free>;
using DerSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using Bio = Owned<BIO, BIO_free>;
using Pkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Digest = std::array<std::uint8_t, kDigestMax>;

constexpr char kCurve[] = "prime256v1";  // OpenSSL's word for P-256

KeyHandle hold(EVP_PKEY* key) { return KeyHandle(key, EVP_PKEY_free); }

Group p256() { return Group(must(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), "EC_GROUP_new_by_curve_name")); }

bool is_p256(const EVP_PKEY* key) {
  if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  char name[32];
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 && std::string_view(name, size) == kCurve;
}

// A key of a point and, for a private key, its scalar; null when OpenSSL finds the point not on the curve.
KeyHandle key_from(ByteView point, const BIGNUM* scalar) {
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(must(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
  must(OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, kCurve, 0), "push");
  must(OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()), "push");
  if (scalar) must(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar), "push");
  const Owned<OSSL_PARAM, OSSL_PARAM_free> params(
      must(OSSL_PARAM_BLD_to_param(build.get()), "OSSL_PARAM_BLD_to_param"));
  const KeyContext context(must(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), "EVP_PKEY_CTX_new_from_name"));
  must(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
  EVP_PKEY* key = nullptr;
  const int selection = scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) return nullptr;
  return hold(key);
}

Digest sha256(ByteView message) {
  Digest digest;
  hash_into(HashKind::sha256, std::span<const ByteView>(&message, 1), digest);
  return digest;
}

bool verify_digest(EVP_PKEY* key, const Digest& digest, ByteView der) {
  const KeyContext context(must(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "EVP_PKEY_CTX_new_from_pkey"));
  must(EVP_PKEY_verify_init(context.get()), "EVP_PKEY_verify_init");
  return EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest_size(HashKind::sha256)) == 1;
}

template <auto kWrite, class T>
Bytes der_of(const T* object) {
  const int size = kWrite(object, nullptr);
  must(size > 0, "i2d");
  Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* to = out.data();
  must(kWrite(object, &to) == size, "i2d");
  return out;
}

Secret secret_of(Bytes bytes) {
  Secret out{ByteView(bytes)};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return out;
}

long long_size(ByteView bytes) {
  // Nothing that is read here is near that; the limit of the caller comes first.
  return static_cast<long>(std::min<std::size_t>(bytes.size(), std::numeric_limits<long>::max()));
}

int no_password(char*, int, int, void*) { return -1; }

}  // namespace

Result<Es256PublicKey> Es256PublicKey::from_point(ByteView point) {
  if (point.size() == kP256PointSize && point[0] == POINT_CONVERSION_UNCOMPRESSED) {
    if (KeyHandle key = key_from(point, nullptr)) return Es256PublicKey(std::move(key));
  }
  return Error{Errc::malformed, "not an uncompressed point on P-256"};
}

Result<Es256PublicKey> Es256PublicKey::from_der(ByteView der) {
  const std::uint8_t* at = der.data();
  KeyHandle key = hold(d2i_PUBKEY(nullptr, &at, long_size(der)));
  if (!is_p256(key.get()) || at != der.data() + der.size()) return Error{Errc::malformed, "not a P-256 public key"};
  return Es256PublicKey(std::move(key));
}

Bytes Es256PublicKey::point() const {
  Bytes out(kP256PointSize);
  std::size_t size = 0;
  must(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(), &size),
       "EVP_PKEY_get_octet_string_param");
  // A key read from a compressed point keeps that form.
  if (size == kP256PointSize) return out;
  const Group group = p256();
  const Point point(must(EC_POINT_new(group.get()), "EC_POINT_new"));
  must(EC_POINT_oct2point(group.get(), point.get(), out.data(), size, nullptr), "EC_POINT_oct2point");
  Bytes whole(kP256PointSize);
  must(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, whole.data(), whole.size(),
                          nullptr) == kP256PointSize, "EC_POINT_point2oct");
  return whole;
}

Bytes Es256PublicKey::der() const { return der_of<i2d_PUBKEY>(key_.get()); }

bool Es256PublicKey::verify_der(ByteView message, ByteView signature) const {
  return verify_digest(key_.get(), sha256(message), signature);
}

bool Es256PublicKey::verify(ByteView message, ByteView signature) const {
  if (signature.size() != kEs256Size) return false;
  const DerSignature parts(must(ECDSA_SIG_new(), "ECDSA_SIG_new"));
  Number r(must(BN_bin2bn(signature.data(), 32, nullptr), "BN_bin2bn"));
  Number s(must(BN_bin2bn(signature.data() + 32, 32, nullptr), "BN_bin2bn"));
  must(ECDSA_SIG_set0(parts.get(), r.get(), s.get()), "ECDSA_SIG_set0");
  (void)r.release();
  (void)s.release();
  return verify_digest(key_.get(), sha256(message), der_of<i2d_ECDSA_SIG>(parts.get()));
}

Result<Es256Key> Es256Key::from_scalar(ByteView scalar) {
  if (scalar.size() != kP256ScalarSize) return Error{Errc::malformed, "a P-256 scalar has 32 bytes"};
  const Group group = p256();
  const Number number(must(BN_secure_new(), "BN_secure_new"));
  must(BN_bin2bn(scalar.data(), kP256ScalarSize, number.get()) != nullptr, "BN_bin2bn");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0) {
    return Error{Errc::malformed, "a P-256 scalar is below the order and not zero"};
  }
  const Point point(must(EC_POINT_new(group.get()), "EC_POINT_new"));
  must(EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr), "EC_POINT_mul");
  std::array<std::uint8_t, kP256PointSize> text;
  must(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, text.data(), text.size(),
                          nullptr) == kP256PointSize, "EC_POINT_point2oct");
  KeyHandle key = key_from(text, number.get());
  must(key != nullptr, "EVP_PKEY_fromdata");
  return Es256Key(std::move(key));
}

Es256Key Es256Key::generate(Random& random) {
  for (;;) {
    const Secret scalar = secret_of(random_bytes(random, kP256ScalarSize));
    auto key = from_scalar(scalar.reveal_bytes());
    if (key) return *std::move(key);  // the other case has a chance of 2^-32
  }
}

Result<Es256Key> Es256Key::from_pkcs8(ByteView der) {
  const std::uint8_t* at = der.data();
  const Pkcs8 wrapped(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, long_size(der)));
  KeyHandle key = hold(wrapped ? EVP_PKCS82PKEY(wrapped.get()) : nullptr);
  if (!is_p256(key.get()) || at != der.data() + der.size()) return Error{Errc::malformed, "not a P-256 private key"};
  return Es256Key(std::move(key));
}

Result<Es256Key> Es256Key::from_pem(std::string_view pem) {
  const Bio in(must(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), 65536))), "BIO"));
  KeyHandle key = hold(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
  if (!is_p256(key.get())) return Error{Errc::malformed, "no PEM of a P-256 private key"};
  return Es256Key(std::move(key));
}

Bytes Es256Key::sign(ByteView message) const {
  const Digest digest = sha256(message);
  const KeyContext context(
      must(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr), "EVP_PKEY_CTX_new_from_pkey"));
  must(EVP_PKEY_sign_init(context.get()), "EVP_PKEY_sign_init");
  std::array<std::uint8_t, 80> der;  // 72 at most
  std::size_t size = der.size();
  must(EVP_PKEY_sign(context.get(), der.data(), &size, digest.data(), digest_size(HashKind::sha256)), "EVP_PKEY_sign");
  const std::uint8_t* at = der.data();
  const DerSignature parts(must(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), "d2i_ECDSA_SIG"));
  Bytes out(kEs256Size);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), 32) == 32, "BN_bn2binpad");
  must(BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + 32, 32) == 32, "BN_bn2binpad");
  return out;
}

Secret Es256Key::scalar() const {
  BIGNUM* raw = nullptr;
  must(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_PRIV_KEY, &raw), "EVP_PKEY_get_bn_param");
  const Number number(raw);
  Bytes out(kP256ScalarSize);
  must(BN_bn2binpad(number.get(), out.data(), kP256ScalarSize) == kP256ScalarSize, "BN_bn2binpad");
  return secret_of(std::move(out));
}

Secret Es256Key::pkcs8() const {
  const Pkcs8 wrapped(must(EVP_PKEY2PKCS8(key_.get()), "EVP_PKEY2PKCS8"));
  return secret_of(der_of<i2d_PKCS8_PRIV_KEY_INFO>(wrapped.get()));
}

Secret Es256Key::pem() const {
  const Bio out(must(BIO_new(BIO_s_secmem()), "BIO_new"));
  must(PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr),
       "PEM_write_bio_PKCS8PrivateKey");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return Secret(std::string_view(text, static_cast<std::size_t>(size)));
}

}  // namespace countersign::crypto
