#include "core/crypto/verify_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <optional>
#include <string_view>

#include "core/crypto/must.h"

namespace countersign::crypto {
namespace {

using Number = Owned<BIGNUM, BN_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using ParamBuild = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Curve = VerifyKey::Curve;

constexpr std::size_t kSpkiBytesMax = 4096;   // RSA of kRsaBitsMax needs 550
constexpr std::size_t kExponentBytesMax = 8;  // FIPS 186-5 A.1.1 allows 256 bits; nobody uses more than 32

struct CurveFacts {
  Curve curve;
  const char* name;        // OpenSSL's word
  std::size_t field_size;  // SEC 1 §2.3.5: bytes of a coordinate
};
constexpr std::array kCurves{CurveFacts{Curve::p256, SN_X9_62_prime256v1, 32},
                             CurveFacts{Curve::p384, SN_secp384r1, 48}, CurveFacts{Curve::p521, SN_secp521r1, 66}};

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

KeyHandle hold(EVP_PKEY* key) { return KeyHandle(key, EVP_PKEY_free); }

const CurveFacts& facts_of(Curve curve) {
  for (const CurveFacts& facts : kCurves) {
    if (facts.curve == curve) return facts;
  }
  std::abort();
}

// Which of our curves the key is on; nullptr: none, or no elliptic curve.
const CurveFacts* curve_of(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return nullptr;
  std::array<char, 64> name;
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return nullptr;
  for (const CurveFacts& facts : kCurves) {
    if (std::string_view(name.data(), size) == facts.name) return &facts;
  }
  return nullptr;
}

// Null where OpenSSL finds that the parts make no key, such as a point that is not on its curve.
KeyHandle public_key_of(const char* type, OSSL_PARAM_BLD* parts) {
  const Params params(must(OSSL_PARAM_BLD_to_param(parts), "OSSL_PARAM_BLD_to_param"));
  const KeyContext context(must(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), "EVP_PKEY_CTX_new_from_name"));
  must(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return hold(key);
}

// malformed: the key has no such number, as the point at infinity has no coordinates (OpenSSL's decoder takes it).
Result<Bytes> number_of(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  const bool there = EVP_PKEY_get_bn_param(key, name, &raw) == 1;
  const Number number(raw);
  Bytes out(size);
  if (!there || BN_bn2binpad(raw, out.data(), static_cast<int>(size)) < 0)
    return malformed("a key without its numbers");
  return out;
}

Result<VerifyKey> from_point(const CurveFacts& facts, ByteView x, ByteView y) {
  if (x.size() != facts.field_size || y.size() != facts.field_size) return malformed("a coordinate of another length");
  Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  append(point, x);
  append(point, y);
  const ParamBuild parts(must(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
  must(OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, facts.name, 0), "push");
  must(OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()), "push");
  KeyHandle key = public_key_of("EC", parts.get());
  if (!key) return malformed("not a point of the curve");
  return VerifyKey(std::move(key));
}

// The same key made by the door that checks its parts.
Result<VerifyKey> made_again(const EVP_PKEY* key) {
  if (const CurveFacts* facts = curve_of(key)) {
    const Bytes x = TRY(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, facts->field_size));
    const Bytes y = TRY(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, facts->field_size));
    return from_point(*facts, x, y);
  }
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA) {
    const Bytes n = TRY(number_of(key, OSSL_PKEY_PARAM_RSA_N, kRsaBitsMax / 8));
    const Bytes e = TRY(number_of(key, OSSL_PKEY_PARAM_RSA_E, kExponentBytesMax));
    return VerifyKey::rsa(n, e);
  }
  if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448) {
    std::array<std::uint8_t, 57> point;
    std::size_t size = point.size();
    must(EVP_PKEY_get_raw_public_key(key, point.data(), &size), "EVP_PKEY_get_raw_public_key");
    const auto curve = type == EVP_PKEY_ED25519 ? VerifyKey::Edwards::ed25519 : VerifyKey::Edwards::ed448;
    return VerifyKey::edwards(curve, ByteView(point).first(size));
  }
  return malformed("a key of an unknown kind");
}

// Null: the algorithm hashes inside (RFC 8032).
const EVP_MD* digest_of(CoseAlgorithm algorithm) {
  switch (algorithm) {
    case CoseAlgorithm::es256:
    case CoseAlgorithm::rs256: return EVP_sha256();
    case CoseAlgorithm::es384: return EVP_sha384();
    case CoseAlgorithm::es512: return EVP_sha512();
    case CoseAlgorithm::rs1: return EVP_sha1();
    case CoseAlgorithm::eddsa:
    case CoseAlgorithm::ed448: return nullptr;
  }
  std::abort();
}

bool is_on(const EVP_PKEY* key, Curve curve) {
  const CurveFacts* facts = curve_of(key);
  return facts && facts->curve == curve;
}

}  // namespace

Result<CoseAlgorithm> cose_algorithm(std::int64_t number) {
  for (const CoseAlgorithm known :
       {CoseAlgorithm::es256, CoseAlgorithm::eddsa, CoseAlgorithm::es384, CoseAlgorithm::es512, CoseAlgorithm::ed448,
        CoseAlgorithm::rs256, CoseAlgorithm::rs1}) {
    if (static_cast<std::int64_t>(known) == number) return known;
  }
  return Error{Errc::not_found, "unknown COSE algorithm " + std::to_string(number)};
}

Result<VerifyKey> VerifyKey::ec(Curve curve, ByteView x, ByteView y) { return from_point(facts_of(curve), x, y); }

Result<VerifyKey> VerifyKey::edwards(Edwards curve, ByteView point) {
  const int type = curve == Edwards::ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448;
  KeyHandle key = hold(EVP_PKEY_new_raw_public_key(type, nullptr, point.data(), point.size()));
  if (!key) return malformed("an Edwards point of another length");
  return VerifyKey(std::move(key));
}

Result<VerifyKey> VerifyKey::rsa(ByteView modulus, ByteView exponent) {
  // Before anything is computed with them; one byte more, because DER writes a zero in front.
  if (modulus.size() > kRsaBitsMax / 8 + 1 || exponent.size() > kExponentBytesMax) return malformed("too long for RSA");
  const Number n(must(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr), "BN_bin2bn"));
  const Number e(must(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr), "BN_bin2bn"));
  if (BN_num_bits(n.get()) < kRsaBitsMin || BN_num_bits(n.get()) > kRsaBitsMax || !BN_is_odd(n.get())) {
    return malformed("an RSA modulus is odd and has 2048 to 4096 bits");
  }
  // FIPS 186-5 A.1.1: odd, above 2^16.
  if (!BN_is_odd(e.get()) || BN_get_word(e.get()) < 65537) return malformed("an RSA exponent is odd, from 65537 on");
  const ParamBuild parts(must(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
  must(OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, n.get()), "push");
  must(OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, e.get()), "push");
  KeyHandle key = public_key_of("RSA", parts.get());
  if (!key) return malformed("not an RSA key");
  return VerifyKey(std::move(key));
}

// Made again from its parts and written again, so that only one spelling of a key is taken: no compressed point, no
// curve given by parameters (which may be another curve with a known base point, CVE-2020-0601), no BER.
Result<VerifyKey> VerifyKey::from_der(ByteView spki) {
  if (spki.empty() || spki.size() > kSpkiBytesMax) return malformed("not a public key as DER");
  const std::uint8_t* at = spki.data();
  const KeyHandle read = hold(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (!read) return malformed("not a public key as DER");
  VerifyKey key = TRY(made_again(read.get()));
  const Bytes written = key.der();
  if (text_of(written) != text_of(spki)) return malformed("not the one DER spelling of a public key");
  return key;
}

Bytes VerifyKey::der() const {
  const int size = i2d_PUBKEY(key_.get(), nullptr);
  must(size > 0, "i2d_PUBKEY");
  Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* to = out.data();
  must(i2d_PUBKEY(key_.get(), &to) == size, "i2d_PUBKEY");
  return out;
}

bool VerifyKey::fits(CoseAlgorithm algorithm) const {
  switch (algorithm) {
    case CoseAlgorithm::es256: return is_on(key_.get(), Curve::p256);
    case CoseAlgorithm::es384: return is_on(key_.get(), Curve::p384);
    case CoseAlgorithm::es512: return is_on(key_.get(), Curve::p521);
    case CoseAlgorithm::eddsa: return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519;
    case CoseAlgorithm::ed448: return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED448;
    case CoseAlgorithm::rs256:
    case CoseAlgorithm::rs1: return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
  }
  std::abort();
}

bool VerifyKey::verify(CoseAlgorithm algorithm, ByteView message, ByteView signature) const {
  if (signature.empty() || !fits(algorithm)) return false;
  const DigestContext context(must(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  EVP_PKEY_CTX* key_context = nullptr;  // belongs to `context`
  must(EVP_DigestVerifyInit(context.get(), &key_context, digest_of(algorithm), nullptr, key_.get()),
       "EVP_DigestVerifyInit");
  if (EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA) {
    must(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

bool VerifyKey::operator==(const VerifyKey& other) const { return EVP_PKEY_eq(key_.get(), other.key_.get()) == 1; }

}  // namespace countersign::crypto
