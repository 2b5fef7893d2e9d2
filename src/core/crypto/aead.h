// AES-256-GCM (NIST SP 800-38D) with 12-byte nonces and 16-byte tags; AES-128-GCM where a protocol asks for it.
#pragma once

#include <cstddef>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

struct evp_cipher_ctx_st;

namespace countersign::crypto {

inline constexpr std::size_t kAeadKeySize = 32;
inline constexpr std::size_t kAes128KeySize = 16;
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

// A key with its schedule computed. Sealing and opening from several threads at once is fine.
class AeadKey {
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> keyed_;  // never used itself, only copied from

  explicit AeadKey(ByteView key);
  void run_seal(ByteView nonce, ByteView associated, ByteView plain, std::uint8_t* out) const;

 public:
  // malformed: not 32 bytes.
  static Result<AeadKey> from_bytes(ByteView key);
  // The same with AES-128.   malformed: not 16 bytes.
  static Result<AeadKey> aes128(ByteView key);

  // Ciphertext ‖ tag. A nonce seals one message under one key in the key's whole life; any other use breaks both.
  Bytes seal(ByteView nonce, ByteView associated, ByteView plain) const;
  // The plain text.   malformed: nonce not 12 bytes, or shorter than a tag.   refused: not sealed by this key so.
  Result<Bytes> open(ByteView nonce, ByteView associated, ByteView sealed) const;

  // Nonce ‖ ciphertext ‖ tag, with a random nonce: for at most 2^32 messages a key (SP 800-38D §8.3).
  Bytes seal(Random& random, ByteView associated, ByteView plain) const;
  // Opens what the line above sealed; errors as above.
  Result<Bytes> open(ByteView associated, ByteView sealed) const;
  // The same into a Secret.
  Result<Secret> open_secret(ByteView associated, ByteView sealed) const;
};

}  // namespace countersign::crypto
