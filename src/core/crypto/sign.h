// Signatures: ES256 (ECDSA on P-256 with SHA-256, RFC 7518 §3.4) and Ed25519 (RFC 8032 §5.1).
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

struct evp_pkey_st;

namespace countersign::crypto {

inline constexpr std::size_t kP256ScalarSize = 32;
inline constexpr std::size_t kP256PointSize = 65;  // 04 ‖ x ‖ y (SEC 1 §2.3.3)
inline constexpr std::size_t kEs256Size = 64;      // r ‖ s
inline constexpr std::size_t kEd25519KeySize = 32;
inline constexpr std::size_t kEd25519Size = 64;

// OpenSSL's key object. Shared, because it never changes once made and keys are copied into caches that many threads
// read; building it again costs as much as a signature.
using KeyHandle = std::shared_ptr<evp_pkey_st>;

class Es256PublicKey {
  KeyHandle key_;

 public:
  // For .cc files of this folder: the handle must hold a P-256 key.
  explicit Es256PublicKey(KeyHandle key) : key_(std::move(key)) {}

  // malformed: not 65 bytes 04 ‖ x ‖ y of a point on the curve.
  static Result<Es256PublicKey> from_point(ByteView point);
  // SubjectPublicKeyInfo.   malformed: not DER of a P-256 key with nothing after it.
  static Result<Es256PublicKey> from_der(ByteView der);

  Bytes point() const;
  Bytes der() const;
  // True when `signature` is 64 bytes r ‖ s that this key made over `message`. The time may depend on all three.
  bool verify(ByteView message, ByteView signature) const;
  // The same for a signature as DER (WebAuthn, X.509); other encodings than DER are false.
  bool verify_der(ByteView message, ByteView signature) const;
  // For .cc files of this folder.
  const KeyHandle& handle() const { return key_; }
};

class Es256Key {
  KeyHandle key_;

 public:
  // Draws the scalar from `random` (FIPS 186-5 A.2.2).
  static Es256Key generate(Random& random);
  // malformed: not 32 bytes, or outside 1…n-1.
  static Result<Es256Key> from_scalar(ByteView scalar);
  // malformed: not an unencrypted PKCS#8 DER of a P-256 key with nothing after it.
  static Result<Es256Key> from_pkcs8(ByteView der);
  // malformed: no unencrypted PEM of a P-256 key.
  static Result<Es256Key> from_pem(std::string_view pem);

  // 64 bytes r ‖ s. The per-signature number comes from OpenSSL's own generator: the one place in core/ where chance
  // does not come in as a parameter, because OpenSSL 3.0 takes none. Two signatures of one text differ.
  Bytes sign(ByteView message) const;
  Es256PublicKey public_key() const { return Es256PublicKey(key_); }
  Secret scalar() const;
  Secret pkcs8() const;
  Secret pem() const;
  // For .cc files of this folder.
  const KeyHandle& handle() const { return key_; }

 private:
  explicit Es256Key(KeyHandle key) : key_(std::move(key)) {}
};

class Ed25519PublicKey {
  std::array<std::uint8_t, kEd25519KeySize> key_{};

 public:
  // malformed: not 32 bytes. Whether they are a point shows when verifying.
  static Result<Ed25519PublicKey> from_bytes(ByteView key);

  ByteView bytes() const { return key_; }
  bool verify(ByteView message, ByteView signature) const;
};

// Copied by nobody, wiped when it goes.
class Ed25519Key {
  Secret expanded_;  // seed ‖ public key

 public:
  static Ed25519Key generate(Random& random);
  // malformed: not 32 bytes.
  static Result<Ed25519Key> from_seed(ByteView seed);

  // 64 bytes; the same text gives the same signature.
  Bytes sign(ByteView message) const;
  Ed25519PublicKey public_key() const;
  Secret seed() const;

 private:
  explicit Ed25519Key(Secret expanded) : expanded_(std::move(expanded)) {}
};

}  // namespace countersign::crypto
