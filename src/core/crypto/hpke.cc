#include "core/crypto/hpke.h"

#include <algorithm>
#include <array>

#include "core/crypto/hkdf.h"
#include "core/crypto/mac.h"
#include "core/crypto/must.h"
#include "core/crypto/wipe.h"

namespace countersign::crypto::hpke {
namespace {

// RFC 9180 §7.1, §7.2, §7.3.
constexpr std::size_t kSecretSize = 32;  // Nsecret = Nh = Nsk
constexpr std::uint8_t kModeBase = 0, kModePsk = 1;
constexpr std::uint8_t kKemSuite[] = {'K', 'E', 'M', 0x00, 0x20};
constexpr std::uint8_t kHpkeSuite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};

// §4: LabeledExtract and LabeledExpand for one suite_id.
class Labeled {
  ByteView suite_;

 public:
  explicit Labeled(ByteView suite) : suite_(suite) {}

  Secret extract(ByteView salt, std::string_view label, ByteView ikm) const {
    const ByteView parts[] = {bytes_of("HPKE-v1"), suite_, bytes_of(label), ikm};
    return into_secret(MacKey(HashKind::sha256, salt).mac(parts));
  }

  Secret expand(const Secret& prk, std::string_view label, ByteView info, std::size_t length) const {
    Bytes labeled = {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    append(labeled, bytes_of("HPKE-v1"));
    append(labeled, suite_);
    append(labeled, bytes_of(label));
    append(labeled, info);
    return into_secret(hkdf_expand(prk.reveal_bytes(), labeled, length));
  }
};

// §4.1: ExtractAndExpand over the kem_context enc ‖ pkRm.
Secret shared_secret(const Secret& dh, ByteView enc, const X25519PublicKey& recipient) {
  const Labeled kem(kKemSuite);
  Bytes context(enc.begin(), enc.end());
  append(context, recipient.bytes());
  return kem.expand(kem.extract({}, "eae_prk", dh.reveal_bytes()), "shared_secret", context, kSecretSize);
}

// §5.1, VerifyPSKInputs: the mode that the inputs mean.
Result<std::uint8_t> mode_of(const Psk& psk) {
  if (psk.key.empty() && psk.id.empty()) return kModeBase;
  if (psk.key.empty() || psk.id.empty()) return Error{Errc::malformed, "a pre-shared key and its id go together"};
  if (psk.key.size() < kPskMin) return Error{Errc::malformed, "a pre-shared key has at least 32 bytes"};
  return kModePsk;
}

// §5.1, KeySchedule.
Context key_schedule(std::uint8_t mode, const Secret& shared, ByteView info, const Psk& psk) {
  const Labeled hpke(kHpkeSuite);
  Bytes context = {mode};
  append(context, hpke.extract({}, "psk_id_hash", psk.id).reveal_bytes());
  append(context, hpke.extract({}, "info_hash", info).reveal_bytes());
  const Secret secret = hpke.extract(shared.reveal_bytes(), "secret", psk.key);
  const Secret key = hpke.expand(secret, "key", context, kAeadKeySize);
  const Secret nonce = hpke.expand(secret, "base_nonce", context, kAeadNonceSize);
  const ByteView base = nonce.reveal_bytes();
  return Context(*AeadKey::from_bytes(key.reveal_bytes()), Bytes(base.begin(), base.end()),
                 hpke.expand(secret, "exp", context, kSecretSize));
}

// §5.2, ComputeNonce.
std::array<std::uint8_t, kAeadNonceSize> nonce_at(const Bytes& base, std::uint64_t sequence) {
  std::array<std::uint8_t, kAeadNonceSize> nonce{};
  std::ranges::copy(base, nonce.begin());
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(sequence >> 8 * i);
  }
  return nonce;
}

}  // namespace

Context::Context(AeadKey key, Bytes base_nonce, Secret exporter)
    : key_(std::move(key)), base_nonce_(std::move(base_nonce)), exporter_(std::move(exporter)) {
  must(base_nonce_.size() == kAeadNonceSize, "hpke: a base nonce has 12 bytes");
}

Bytes Context::seal(ByteView associated, ByteView plain) {
  must(next_ != UINT64_MAX, "hpke: no sequence number is left");
  return key_.seal(nonce_at(base_nonce_, next_++), associated, plain);
}

Result<Bytes> Context::open(ByteView associated, ByteView sealed) {
  Bytes plain = TRY(key_.open(nonce_at(base_nonce_, next_), associated, sealed));
  ++next_;
  return plain;
}

Result<Secret> Context::export_secret(ByteView context, std::size_t length) const {
  if (length > kHkdfLengthMax) return Error{Errc::malformed, "an exported secret has at most 8160 bytes"};
  return Labeled(kHpkeSuite).expand(exporter_, "sec", context, length);
}

Result<Sender> setup_sender(Random& random, const X25519PublicKey& recipient, ByteView info, const Psk& psk) {
  return setup_sender(X25519Key::generate(random), recipient, info, psk);
}

Result<Sender> setup_sender(const X25519Key& ephemeral, const X25519PublicKey& recipient, ByteView info,
                            const Psk& psk) {
  const std::uint8_t mode = TRY(mode_of(psk));
  const Secret dh = TRY(ephemeral.agree(recipient));
  const ByteView enc = ephemeral.public_key().bytes();
  return Sender{Bytes(enc.begin(), enc.end()), key_schedule(mode, shared_secret(dh, enc, recipient), info, psk)};
}

Result<Context> setup_recipient(ByteView enc, const X25519Key& recipient, ByteView info, const Psk& psk) {
  const std::uint8_t mode = TRY(mode_of(psk));
  const X25519PublicKey ephemeral = TRY(X25519PublicKey::from_bytes(enc));
  const Secret dh = TRY(recipient.agree(ephemeral));
  return key_schedule(mode, shared_secret(dh, enc, recipient.public_key()), info, psk);
}

X25519Key derive_key_pair(ByteView ikm) {
  const Labeled kem(kKemSuite);
  const Secret scalar = kem.expand(kem.extract({}, "dkp_prk", ikm), "sk", {}, kSecretSize);
  return *X25519Key::from_bytes(scalar.reveal_bytes());
}

Result<Bytes> seal(Random& random, const X25519PublicKey& recipient, ByteView info, ByteView associated,
                   ByteView plain) {
  Sender sender = TRY(setup_sender(random, recipient, info));
  Bytes out = std::move(sender.enc);
  append(out, sender.context.seal(associated, plain));
  return out;
}

Result<Secret> open(const X25519Key& recipient, ByteView info, ByteView associated, ByteView sealed) {
  if (sealed.size() < kEncSize + kAeadTagSize) return Error{Errc::malformed, "a sealed message is too short"};
  Context context = TRY(setup_recipient(sealed.first(kEncSize), recipient, info));
  return into_secret(TRY(context.open(associated, sealed.subspan(kEncSize))));
}

}  // namespace countersign::crypto::hpke
