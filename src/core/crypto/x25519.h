// Diffie-Hellman on Curve25519 (RFC 7748 §6.1), as HPKE uses it.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::crypto {

inline constexpr std::size_t kX25519KeySize = 32;

class X25519PublicKey {
  std::array<std::uint8_t, kX25519KeySize> key_{};

 public:
  X25519PublicKey() = default;  // all zero: agrees with nobody
  // malformed: not 32 bytes. Any 32 bytes are a key; those of small order agree with nobody.
  static Result<X25519PublicKey> from_bytes(ByteView key);

  ByteView bytes() const { return key_; }
  bool operator==(const X25519PublicKey&) const = default;
};

// Copied by nobody, wiped when it goes.
class X25519Key {
  Secret scalar_;
  X25519PublicKey public_;

 public:
  static X25519Key generate(Random& random);
  // malformed: not 32 bytes.
  static Result<X25519Key> from_bytes(ByteView scalar);

  const X25519PublicKey& public_key() const { return public_; }
  const Secret& scalar() const { return scalar_; }
  // The shared 32 bytes. Never a key itself: put it through hkdf().
  // refused: a result of all zeros (RFC 7748 §6.1), so a public key of small order.
  Result<Secret> agree(const X25519PublicKey& theirs) const;

 private:
  X25519Key(Secret scalar, X25519PublicKey public_key) : scalar_(std::move(scalar)), public_(public_key) {}
};

}  // namespace countersign::crypto
