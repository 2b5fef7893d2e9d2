// Message encryption for Web Push (RFC 8291) in the coding aes128gcm (RFC 8188), one record a message.
#pragma once

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/crypto/sign.h"
#include "core/webpush/subscription.h"

namespace countersign::push {

inline constexpr std::size_t kSaltSize = 16;      // RFC 8188 §2.1
inline constexpr std::size_t kRecordSize = 4096;  // RFC 8291 §4: what every push service takes
inline constexpr std::size_t kPlainMax = 3993;    // 4096 less header (86), tag (16) and delimiter (1)

// What one message is encrypted with; used once (RFC 8291 §3.1: a new key pair for each message).
struct Ephemeral {
  crypto::Es256Key key;
  Bytes salt;
};
Ephemeral draw_ephemeral(Random& random);

// The body of the request: salt ‖ record size ‖ key length ‖ public key ‖ ciphertext.
// malformed: the subscription's key is no point.   exhausted: more than kPlainMax.
Result<Bytes> encrypt(const webpush::Subscription& to, const Ephemeral& once, ByteView plain);

}  // namespace countersign::push
