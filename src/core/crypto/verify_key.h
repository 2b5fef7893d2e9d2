// Public keys of others, of every algorithm that an authenticator or a certificate may use: they only verify.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/sign.h"

namespace countersign::crypto {

// By the numbers of the COSE registry (RFC 9053, RFC 8812, RFC 9864).
enum class CoseAlgorithm : std::int64_t {
  es256 = -7, eddsa = -8, es384 = -35, es512 = -36, ed448 = -53, rs256 = -257, rs1 = -65535,
};
// not_found: a number that is none of these.
Result<CoseAlgorithm> cose_algorithm(std::int64_t number);

inline constexpr int kRsaBitsMin = 2048, kRsaBitsMax = 4096;

class VerifyKey {
  KeyHandle key_;

 public:
  enum class Curve { p256, p384, p521 };
  enum class Edwards { ed25519, ed448 };
  // malformed: not a point of the curve, or of another length.
  static Result<VerifyKey> ec(Curve curve, ByteView x, ByteView y);
  // malformed: another length than 32 or 57.
  static Result<VerifyKey> edwards(Edwards curve, ByteView point);
  // malformed: a modulus outside kRsaBitsMin…kRsaBitsMax, an even or small (< 65537) exponent.
  static Result<VerifyKey> rsa(ByteView modulus, ByteView exponent);
  // malformed: not DER of a SubjectPublicKeyInfo of such a key with nothing after it.
  static Result<VerifyKey> from_der(ByteView spki);
  explicit VerifyKey(KeyHandle key) : key_(std::move(key)) {}

  Bytes der() const;
  // Whether the key can be used with the algorithm at all (ES256 needs P-256, …).
  bool fits(CoseAlgorithm algorithm) const;
  // ECDSA signatures are DER (WebAuthn §6.5.5), RSA is PKCS#1 v1.5, EdDSA is pure. False where the key does not fit.
  // rs1 (TPM certificates' certInfo of old chips) is verified only where a caller asks for it by name.
  bool verify(CoseAlgorithm algorithm, ByteView message, ByteView signature) const;
  bool operator==(const VerifyKey& other) const;
};

}  // namespace countersign::crypto
