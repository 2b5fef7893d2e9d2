// The credential record (WebAuthn Level 3 §4) as it is stored, version 1, numbers little-endian:
//   version u8 = 1 | flags u8 | trust u8 | sign_count u32 | aaguid 16 | id: length u16, bytes | public_key: length u16,
//   bytes | format: length u8, text | transports: count u8, each length u8, text. Nothing after it.
// flags: 1 user verified, 2 backup eligible, 4 backed up.
#include <algorithm>

#include "core/codec/hex.h"
#include "core/factor/state.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint8_t kUserVerified = 1, kBackupEligible = 2, kBackedUp = 4, kFlagsAll = 7;
constexpr std::size_t kPublicKeyMax = 2048;  // RSA of 4096 bits takes 528
constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kUuidDashes[] = {8, 13, 18, 23};  // RFC 9562 §4

std::uint8_t number(Trust trust) {
  switch (trust) {
    case Trust::none: return 0;
    case Trust::self: return 1;
    case Trust::chain: return 2;
  }
  std::abort();
}

Result<Trust> trust_of(std::uint8_t number_of_it) {
  for (const Trust trust : {Trust::none, Trust::self, Trust::chain}) {
    if (number(trust) == number_of_it) return trust;
  }
  return broken_state();
}

template <std::unsigned_integral Length>
void put_sized(Bytes& to, ByteView bytes) {
  put(to, static_cast<Length>(bytes.size()));
  append(to, bytes);
}

std::string short_text(StateReader& reader) {
  const auto size = reader.number<std::uint8_t>();
  return std::string(text_of(reader.take(size)));
}

bool in_range(const Credential& c) {
  const auto fits = [](const std::string& t) { return !t.empty() && t.size() <= kTransportLengthMax; };
  return !c.id.empty() && c.id.size() <= kCredentialIdMax && c.public_key.size() <= kPublicKeyMax &&
         !c.format.empty() && c.format.size() <= kFormatLengthMax && c.transports.size() <= kTransportsMax &&
         std::all_of(c.transports.begin(), c.transports.end(), fits) && (c.backup_eligible || !c.backed_up);
}

}  // namespace

std::string text(const Aaguid& aaguid) {
  std::string out = codec::to_hex(aaguid);
  for (const std::size_t dash : kUuidDashes) out.insert(dash, 1, '-');
  return out;
}

Result<Aaguid> read_aaguid(std::string_view text) {
  const Error wrong{Errc::malformed, "an AAGUID is of the form 08987058-cadc-4b81-b6e1-30de50dcbe96"};
  if (text.size() != kUuidLength) return wrong;
  for (const std::size_t dash : kUuidDashes) {
    if (text[dash] != '-') return wrong;
  }
  std::string digits(text);
  std::erase(digits, '-');
  const Result<Bytes> bytes = codec::from_hex(digits);
  Aaguid out{};
  if (!bytes || bytes->size() != out.size()) return wrong;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

Bytes encode(const Credential& credential) {
  Bytes out = {kRecordVersion};
  put(out, static_cast<std::uint8_t>((credential.user_verified ? kUserVerified : 0) |
                                     (credential.backup_eligible ? kBackupEligible : 0) |
                                     (credential.backed_up ? kBackedUp : 0)));
  put(out, number(credential.trust));
  put(out, credential.sign_count);
  append(out, credential.aaguid);
  put_sized<std::uint16_t>(out, credential.id);
  put_sized<std::uint16_t>(out, credential.public_key);
  put_sized<std::uint8_t>(out, bytes_of(credential.format));
  put(out, static_cast<std::uint8_t>(credential.transports.size()));
  for (const std::string& transport : credential.transports) put_sized<std::uint8_t>(out, bytes_of(transport));
  return out;
}

Result<Credential> decode(ByteView state) {
  StateReader reader(state);
  if (reader.number<std::uint8_t>() != kRecordVersion) return broken_state();
  Credential out;
  const auto flags = reader.number<std::uint8_t>();
  if (flags & ~kFlagsAll) return broken_state();
  out.user_verified = flags & kUserVerified;
  out.backup_eligible = flags & kBackupEligible;
  out.backed_up = flags & kBackedUp;
  out.trust = TRY(trust_of(reader.number<std::uint8_t>()));
  out.sign_count = reader.number<std::uint32_t>();
  const ByteView aaguid = reader.take(out.aaguid.size());
  std::copy(aaguid.begin(), aaguid.end(), out.aaguid.begin());
  const ByteView id = reader.take(reader.number<std::uint16_t>());
  out.id.assign(id.begin(), id.end());
  const ByteView key = reader.take(reader.number<std::uint16_t>());
  out.public_key.assign(key.begin(), key.end());
  out.format = short_text(reader);
  const auto transports = reader.number<std::uint8_t>();
  for (std::size_t i = 0; i < transports; ++i) out.transports.push_back(short_text(reader));
  if (!reader.whole() || !in_range(out)) return broken_state();
  return out;
}

// RFC 8176: a key that lives on a device of its own is in hardware; a platform's may be synchronised, so nothing more
// than "a key" is said of it.
const Kind kPlatformKind = {"webauthn-platform", "swk", "webauthn-platform", Strength::phishing_resistant, nullptr};
const Kind kRoamingKind = {"webauthn-roaming", "hwk", "webauthn-roaming", Strength::phishing_resistant, nullptr};

}  // namespace countersign::factor::webauthn
