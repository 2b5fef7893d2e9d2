// Authenticator data (WebAuthn Level 3 §6.1) and attested credential data (§6.5.1).
#include <algorithm>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

// §6.1: the flags. Bits 1 and 5 are reserved and may be anything.
constexpr std::uint8_t kUserPresent = 1 << 0, kUserVerified = 1 << 2, kBackupEligible = 1 << 3, kBackedUp = 1 << 4,
                       kAttested = 1 << 6, kExtensions = 1 << 7;
constexpr std::size_t kRpIdHashSize = 32;
constexpr std::size_t kHeadSize = kRpIdHashSize + 1 + 4;

Error cut() { return {Errc::malformed, "authenticator data that ends too early"}; }

// Takes the attested credential data from the front of `rest`.
Result<Attested> take_attested(ByteView& rest) {
  Attested out;
  if (rest.size() < out.aaguid.size() + 2) return cut();
  std::copy_n(rest.begin(), out.aaguid.size(), out.aaguid.begin());
  rest = rest.subspan(out.aaguid.size());
  const std::size_t id_size = std::size_t{rest[0]} << 8 | rest[1];
  rest = rest.subspan(2);
  if (rest.size() < id_size) return cut();
  out.id.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(id_size));
  rest = rest.subspan(id_size);
  codec::CborPrefix key = TRY(codec::read_cbor_prefix(rest));
  out.public_key.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(key.size));
  out.key_item = std::move(key.item);
  rest = rest.subspan(key.size);
  return out;
}

Result<codec::Cbor> take_extensions(ByteView& rest) {
  codec::CborPrefix map = TRY(codec::read_cbor_prefix(rest));
  const auto* entries = map.item.as<codec::CborMap>();
  if (!entries) return Error{Errc::malformed, "extension outputs that are no map"};
  for (const auto& [name, output] : *entries) {
    if (!name.as<std::string>()) return Error{Errc::malformed, "an extension output without a name"};
  }
  rest = rest.subspan(map.size);
  return std::move(map.item);
}

}  // namespace

Result<AuthenticatorData> read_authenticator_data(ByteView bytes) {
  if (bytes.size() < kHeadSize) return cut();
  AuthenticatorData out;
  out.rp_id_hash.assign(bytes.begin(), bytes.begin() + kRpIdHashSize);
  const std::uint8_t flags = bytes[kRpIdHashSize];
  out.user_present = flags & kUserPresent;
  out.user_verified = flags & kUserVerified;
  out.backup_eligible = flags & kBackupEligible;
  out.backed_up = flags & kBackedUp;
  for (const std::uint8_t byte : bytes.subspan(kRpIdHashSize + 1, 4)) out.sign_count = out.sign_count << 8 | byte;
  ByteView rest = bytes.subspan(kHeadSize);
  if (flags & kAttested) out.attested = TRY(take_attested(rest));
  if (flags & kExtensions) out.extensions = TRY(take_extensions(rest));
  if (!rest.empty()) return Error{Errc::malformed, "authenticator data with something after its end"};
  return out;
}

Result<void> check_authenticator_data(const Steps& steps, const Ceremony& ceremony, const AuthenticatorData& data) {
  // Step 14 (§7.2: 15): made for our relying party id.
  const Bytes rp_id_hash = crypto::hash(crypto::HashKind::sha256, bytes_of(ceremony.rp.id));
  if (!crypto::equal(data.rp_id_hash, rp_id_hash)) return refused_at(steps.rp_id, "for another relying party");

  // Step 15 (16): somebody was there. We never ask with conditional mediation at registration.
  if (!data.user_present) return refused_at(steps.present, "no user present");

  // Step 16 (17): and it was the owner, where that is asked for.
  const bool verified = data.user_verified || ceremony.user_verification != UserVerification::required;
  if (!verified) return refused_at(steps.verified, "the user was not verified");

  // Step 17 (18): what cannot be backed up is not backed up.
  if (data.backed_up && !data.backup_eligible) return refused_at(steps.backup, "backed up, but not eligible for it");
  return {};
}

}  // namespace countersign::factor::webauthn
