// Hybrid public key encryption (RFC 9180), one suite: DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM
// (0x0020, 0x0001, 0x0002), modes base and psk.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aead.h"
#include "core/crypto/x25519.h"

namespace countersign::crypto::hpke {

inline constexpr std::size_t kEncSize = 32;
inline constexpr std::size_t kPskMin = 32;  // RFC 9180 §5.1.2: at least 32 bytes of entropy

// A pre-shared key and its id. Both empty: mode base; anything else is mode psk and needs both.
struct Psk {
  ByteView key{};
  ByteView id{};
};

// Seals or opens messages in order; the nonce is the base nonce xor the sequence number (§5.2).
class Context {
  AeadKey key_;
  Bytes base_nonce_;
  Secret exporter_;
  std::uint64_t next_ = 0;

 public:
  Context(AeadKey key, Bytes base_nonce, Secret exporter);
  Bytes seal(ByteView associated, ByteView plain);
  // refused: not what the other side sealed at this place; the sequence stays where it was.
  Result<Bytes> open(ByteView associated, ByteView sealed);
  // §5.3.   malformed: more than 255 · 32 bytes.
  Result<Secret> export_secret(ByteView context, std::size_t length) const;
};

struct Sender {
  Bytes enc;  // 32 bytes for the recipient
  Context context;
};
// SetupBaseS, SetupPSKS (§5.1.1, §5.1.2).   malformed: a psk shorter than 32 bytes, or without its id, or the reverse.
// refused: a recipient of small order.
Result<Sender> setup_sender(Random& random, const X25519PublicKey& recipient, ByteView info, const Psk& psk = {});
// The same with the ephemeral key given: for the standard's vectors.
Result<Sender> setup_sender(const X25519Key& ephemeral, const X25519PublicKey& recipient, ByteView info,
                            const Psk& psk = {});
// SetupBaseR, SetupPSKR. Errors as above; malformed also: `enc` is not 32 bytes.
Result<Context> setup_recipient(ByteView enc, const X25519Key& recipient, ByteView info, const Psk& psk = {});

// DeriveKeyPair (§7.1.3).
X25519Key derive_key_pair(ByteView ikm);

// enc ‖ ciphertext of one message, and back (§6.1).
Result<Bytes> seal(Random& random, const X25519PublicKey& recipient, ByteView info, ByteView associated,
                   ByteView plain);
Result<Secret> open(const X25519Key& recipient, ByteView info, ByteView associated, ByteView sealed);

}  // namespace countersign::crypto::hpke
