// A short secret, sealed so that only the holder of a private key opens it; that key may be in another device (a
// hardware security module behind PKCS#11), which then does the private step.
//   RSA, 2048 bits or more   OAEP with SHA-256 (RFC 8017 §7.1)
//   P-256, P-384, P-521      ephemeral point(length(2), then its bytes) ‖ AES-256-GCM under HKDF-SHA-256 of the shared
//   x
//                            coordinate (NIST SP 800-56A §6.2.2); both points are bound into the key
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

struct evp_pkey_st;

namespace countersign::crypto {

inline constexpr std::size_t kWrapSecretMax = 64;
inline constexpr std::size_t kWrappedMax = 2048;

// `to` needs only its public half. OAEP's seed and the ephemeral key come from OpenSSL's own generator, as with
// Es256Key::sign.   refused: a key of another sort or too small.   malformed: a secret over 64 bytes.
Result<Bytes> wrap(evp_pkey_st& to, const Secret& secret);

// refused: a key of another sort, wrapped for another key, or altered; also where the device does not do it.
Result<Secret> unwrap(evp_pkey_st& with, ByteView wrapped);

}  // namespace countersign::crypto
