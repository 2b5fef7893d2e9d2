// Android key attestation (WebAuthn Level 3 §8.4); the extension's schema is Android's KeyDescription.
#include <algorithm>
#include <optional>

#include "core/factor/der.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::string_view kKeyDescription = "1.3.6.1.4.1.11129.2.1.17";
constexpr std::uint32_t kPurpose = 1, kAllApplications = 600, kOrigin = 702;  // tags of AuthorizationList
constexpr std::int64_t kPurposeSign = 2, kOriginGenerated = 0;                // KM_PURPOSE_SIGN, KM_ORIGIN_GENERATED

// One AuthorizationList as far as it matters here.
struct Authorizations {
  bool all_applications = false;
  std::optional<std::int64_t> origin;
  std::optional<std::vector<std::int64_t>> purposes;
};

Result<Authorizations> read_authorizations(ByteView content) {
  Authorizations out;
  DerReader members(content);
  while (!members.done()) {
    const DerItem member = TRY(members.next());
    if (member.is_context(kAllApplications)) out.all_applications = true;
    if (member.is_context(kOrigin)) {
      const ByteView number = TRY(DerReader::only(member.content, kDerInteger));
      out.origin = TRY(der_small_number(number));
    }
    if (member.is_context(kPurpose)) {
      const ByteView set = TRY(DerReader::only(member.content, kDerSet));
      DerReader numbers(set);
      out.purposes.emplace();
      while (!numbers.done()) {
        const ByteView number = TRY(numbers.next(kDerInteger));
        out.purposes->push_back(TRY(der_small_number(number)));
      }
    }
  }
  return out;
}

struct KeyDescription {
  ByteView challenge;
  Authorizations software, tee;
};

// KeyDescription ::= SEQUENCE { version, level, version, level, attestationChallenge, uniqueId, software…, tee… }
Result<KeyDescription> read_key_description(ByteView extension) {
  const ByteView sequence = TRY(DerReader::only(extension, kDerSequence));
  DerReader members(sequence);
  for (const std::uint8_t identifier : {kDerInteger, kDerEnumerated, kDerInteger, kDerEnumerated}) {
    TRY(members.next(identifier));
  }
  KeyDescription out;
  out.challenge = TRY(members.next(kDerOctetString));
  TRY(members.next(kDerOctetString));
  const ByteView software = TRY(members.next(kDerSequence));
  const ByteView tee = TRY(members.next(kDerSequence));
  if (!members.done()) return Error{Errc::malformed, "a key description with something after its end"};
  out.software = TRY(read_authorizations(software));
  out.tee = TRY(read_authorizations(tee));
  return out;
}

bool signs_only(const Authorizations& list) {
  return !list.purposes || *list.purposes == std::vector<std::int64_t>{kPurposeSign};
}

}  // namespace

// Either list may say where the key comes from and what it is for; each that says so must say "generated" and "sign".
// Where neither does (the specification's own example), the statement stands, but nothing is trusted on its strength.
Result<Attestation> verify_android_key(const Statement& statement) {
  const crypto::CoseAlgorithm algorithm = TRY(statement_algorithm(statement));
  const Bytes signature = TRY(statement_bytes(statement, "sig"));
  std::vector<crypto::Certificate> path = TRY(statement_path(statement));
  const crypto::VerifyKey key = TRY(path.front().key());
  if (algorithm == crypto::CoseAlgorithm::rs1) return Error{Errc::refused, "a statement signed over SHA-1"};
  if (!key.verify(algorithm, statement.signed_bytes, signature)) {
    return Error{Errc::refused, "the statement's signature is not right"};
  }
  if (!(key == statement.key.key)) return Error{Errc::refused, "a certificate of another key"};

  const auto extension = path.front().extension(kKeyDescription);
  if (!extension) return Error{Errc::refused, "a certificate without a key description"};
  const KeyDescription description = TRY(read_key_description(extension->value));
  if (!std::equal(description.challenge.begin(), description.challenge.end(), statement.client_data_hash.begin(),
                  statement.client_data_hash.end())) {
    return Error{Errc::refused, "a key made for another challenge"};
  }
  const Authorizations &software = description.software, &tee = description.tee;
  if (software.all_applications || tee.all_applications) {
    return Error{Errc::refused, "a key that every application may use"};
  }
  if (software.origin.value_or(kOriginGenerated) != kOriginGenerated ||
      tee.origin.value_or(kOriginGenerated) != kOriginGenerated) {
    return Error{Errc::refused, "a key that was not made where it lives"};
  }
  if (!signs_only(software) || !signs_only(tee)) return Error{Errc::refused, "a key for other purposes than signing"};
  const bool conclusive = (software.origin || tee.origin) && (software.purposes || tee.purposes);
  return Attestation{.path = std::move(path), .conclusive = conclusive};
}

}  // namespace countersign::factor::webauthn
