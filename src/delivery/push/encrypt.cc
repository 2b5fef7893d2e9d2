#include "delivery/push/encrypt.h"

#include "core/crypto/aead.h"
#include "core/crypto/ecdh.h"
#include "core/crypto/hkdf.h"

namespace countersign::push {
namespace {

constexpr std::uint8_t kLastRecord = 2;  // RFC 8188 §2: the delimiter of the last record

// A string that ends with a zero octet, as both RFCs write their info.
Bytes info(std::string_view text) {
  Bytes out(text.begin(), text.end());
  out.push_back(0);
  return out;
}

}  // namespace

Ephemeral draw_ephemeral(Random& random) {
  return {crypto::Es256Key::generate(random), random_bytes(random, kSaltSize)};
}

Result<Bytes> encrypt(const webpush::Subscription& to, const Ephemeral& once, ByteView plain) {
  if (plain.size() > kPlainMax) return Error{Errc::exhausted, "a push message holds at most 3993 bytes"};
  const crypto::Es256PublicKey theirs = TRY(crypto::Es256PublicKey::from_point(to.p256dh));
  const Bytes our_point = once.key.public_key().point();

  // 1. RFC 8291 §3.3, §3.4: the shared secret, bound to both keys and to the subscription's own secret.
  const Secret shared = crypto::ecdh(once.key, theirs);
  Bytes key_info = info("WebPush: info");
  append(key_info, to.p256dh);
  append(key_info, our_point);
  const Bytes ikm = crypto::hkdf(shared.reveal_bytes(), to.auth.reveal_bytes(), key_info, 32);

  // 2. RFC 8188 §2.2, §2.3: the message's key and nonce. There is one record, so the nonce is taken as it is.
  const Bytes key = crypto::hkdf(ikm, once.salt, info("Content-Encoding: aes128gcm"), crypto::kAes128KeySize);
  const Bytes nonce = crypto::hkdf(ikm, once.salt, info("Content-Encoding: nonce"), crypto::kAeadNonceSize);

  // 3. RFC 8188 §2.1: header, then the record.
  Bytes out = once.salt;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(kRecordSize >> shift));
  out.push_back(static_cast<std::uint8_t>(our_point.size()));
  append(out, our_point);
  Bytes record(plain.begin(), plain.end());
  record.push_back(kLastRecord);
  append(out, TRY(crypto::AeadKey::aes128(key)).seal(nonce, {}, record));
  return out;
}

}  // namespace countersign::push
