#include "core/crypto/wrap.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "core/crypto/must.h"

namespace countersign::crypto {
namespace {

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

Key rsa(std::size_t bits) { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)); }
Key ec(const char* curve) { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)); }

void opens_only_whole_and_for_its_key(EVP_PKEY& key, EVP_PKEY& other) {
  const Bytes wrapped = *wrap(key, Secret("thirty-two bytes, more or less.."));
  EXPECT_LE(wrapped.size(), kWrappedMax);
  EXPECT_EQ(unwrap(key, wrapped)->reveal(), "thirty-two bytes, more or less..");
  EXPECT_EQ(unwrap(other, wrapped).error().code, Errc::refused);
  EXPECT_NE(wrapped, *wrap(key, Secret("thirty-two bytes, more or less..")));
  for (std::size_t i = 0; i < wrapped.size(); i += 7) {
    Bytes altered = wrapped;
    altered[i] ^= 1;
    EXPECT_EQ(unwrap(key, altered).error().code, Errc::refused) << i;
    EXPECT_EQ(unwrap(key, ByteView(wrapped).first(i)).error().code, Errc::refused) << i;
  }
  Bytes longer = wrapped;
  longer.push_back(0);
  EXPECT_EQ(unwrap(key, longer).error().code, Errc::refused);
}

TEST(Wrap, AnRsaKeyOpensWhatWasWrappedForIt) { opens_only_whole_and_for_its_key(*rsa(2048), *rsa(2048)); }

TEST(Wrap, AKeyOnANistCurveOpensWhatWasWrappedForIt) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) opens_only_whole_and_for_its_key(*ec(curve), *ec(curve));
}

TEST(Wrap, AKeyOnAnotherCurveDoesNotOpenIt) {
  EXPECT_EQ(unwrap(*ec("P-384"), *wrap(*ec("P-256"), Secret("x"))).error().code, Errc::refused);
}

TEST(Wrap, SmallKeysAndOtherSortsAreRefused) {
  EXPECT_EQ(wrap(*rsa(1024), Secret("x")).error().code, Errc::refused);
  EXPECT_EQ(wrap(*ec("secp256k1"), Secret("x")).error().code, Errc::refused);
  const Key x25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  EXPECT_EQ(wrap(*x25519, Secret("x")).error().code, Errc::refused);
  EXPECT_EQ(wrap(*ec("P-256"), Secret(std::string(kWrapSecretMax + 1, 'x'))).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::crypto
