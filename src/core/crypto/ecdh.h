// Diffie-Hellman on P-256 (NIST SP 800-56A §5.7.1.2, as RFC 8291 and HPKE use it).
#pragma once

#include "core/base/secret.h"
#include "core/crypto/sign.h"

namespace countersign::crypto {

// The x-coordinate of the shared point, 32 bytes. Never a key itself: put it through hkdf().
// A public key read by Es256PublicKey is on the curve, so the small-subgroup and invalid-curve checks are done.
Secret ecdh(const Es256Key& ours, const Es256PublicKey& theirs);

}  // namespace countersign::crypto
