// COSE_Key (RFC 9052 §7) as WebAuthn limits it (Level 3 §5.8.5, §6.5.1.1).
#pragma once

#include "core/codec/cbor.h"
#include "core/crypto/verify_key.h"

namespace countersign::codec {

struct CoseKey {
  crypto::CoseAlgorithm algorithm;
  crypto::VerifyKey key;
};

// malformed: a member missing, of another type, or that has no place in a public key; a compressed point; a key type,
// curve and algorithm that do not belong together.   refused: an algorithm that is not supported.
Result<CoseKey> read_cose_key(const Cbor& item);
Result<CoseKey> read_cose_key(ByteView bytes);

}  // namespace countersign::codec
