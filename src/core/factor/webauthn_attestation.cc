// Attestation statements (WebAuthn Level 3 §8): which format, and the short ones. Others: webauthn_attestation_*.cc.
#include <algorithm>
#include <array>

#include "core/crypto/hash.h"
#include "core/factor/der.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::string_view kAaguidExtension = "1.3.6.1.4.1.45724.1.1.4";     // §8.2.1 id-fido-gen-ce-aaguid
constexpr std::string_view kAppleNonceExtension = "1.2.840.113635.100.8.2";  // §8.8
constexpr std::size_t kCoordinateSize = 32;                                  // of P-256

// §8.7: nothing is said, and nothing may stand there.
Result<Attestation> verify_none(const Statement& statement) {
  const auto* members = statement.members.as<codec::CborMap>();
  if (!members || !members->empty()) return Error{Errc::malformed, "a none statement that says something"};
  return Attestation{};
}

struct Format {
  std::string_view name;
  Result<Attestation> (*verify)(const Statement&);
};

// Not here: android-safetynet (its service was shut down), compound (no authenticator sends it).
constexpr std::array<Format, 6> kFormats = {{
    {"none", verify_none},
    {"packed", verify_packed},
    {"tpm", verify_tpm},
    {"android-key", verify_android_key},
    {"fido-u2f", verify_fido_u2f},
    {"apple", verify_apple},
}};

// §8.2.1
Result<void> check_packed_certificate(const crypto::Certificate& certificate) {
  if (certificate.version() != 3) return Error{Errc::refused, "an attestation certificate that is not version 3"};
  const auto country = certificate.subject("C"), maker = certificate.subject("O"), unit = certificate.subject("OU"),
             name = certificate.subject("CN");
  const bool named = country.size() == 1 && country[0].size() == 2 && maker.size() == 1 && !maker[0].empty() &&
                     name.size() == 1 && !name[0].empty();
  if (!named) return Error{Errc::refused, "an attestation certificate that does not name its maker"};
  if (unit.size() != 1 || unit[0] != "Authenticator Attestation") {
    return Error{Errc::refused, "a certificate that is not for attestation"};
  }
  if (certificate.authority()) return Error{Errc::refused, "an attestation certificate that is an authority"};
  return {};
}

Error broken_signature() { return {Errc::refused, "the statement's signature is not right"}; }

}  // namespace

Result<Bytes> statement_bytes(const Statement& statement, std::string_view name) {
  const codec::Cbor* found = statement.members.at(name);
  const Bytes* bytes = found ? found->as<Bytes>() : nullptr;
  if (!bytes) return Error{Errc::malformed, "a statement without " + std::string(name)};
  return *bytes;
}

Result<crypto::CoseAlgorithm> statement_algorithm(const Statement& statement) {
  const codec::Cbor* found = statement.members.at("alg");
  const std::int64_t* number = found ? found->as<std::int64_t>() : nullptr;
  if (!number) return Error{Errc::malformed, "a statement without alg"};
  const Result<crypto::CoseAlgorithm> algorithm = crypto::cose_algorithm(*number);
  if (!algorithm) return Error{Errc::refused, "a statement of an algorithm that is not known"};
  return *algorithm;
}

Result<std::vector<crypto::Certificate>> statement_path(const Statement& statement) {
  const codec::Cbor* found = statement.members.at("x5c");
  const codec::CborArray* items = found ? found->as<codec::CborArray>() : nullptr;
  if (!items || items->empty() || items->size() > crypto::kChainMax) {
    return Error{Errc::malformed, "a statement without x5c, or with too much in it"};
  }
  std::vector<crypto::Certificate> path;
  for (const codec::Cbor& item : *items) {
    const Bytes* der = item.as<Bytes>();
    if (!der) return Error{Errc::malformed, "a certificate that is no byte string"};
    path.push_back(TRY(crypto::Certificate::from_der(*der)));
  }
  return path;
}

Result<void> check_certificate_aaguid(const crypto::Certificate& certificate, const Aaguid& aaguid) {
  const auto extension = certificate.extension(kAaguidExtension);
  if (!extension) return {};
  if (extension->critical) return Error{Errc::refused, "an AAGUID extension that is critical"};
  const ByteView named = TRY(DerReader::only(extension->value, kDerOctetString));
  if (!std::equal(named.begin(), named.end(), aaguid.begin(), aaguid.end())) {
    return Error{Errc::refused, "a certificate for another make of authenticator"};
  }
  return {};
}

Result<Attestation> verify_statement(const Statement& statement) {
  // Step 21: the format, letter by letter.
  for (const Format& format : kFormats) {
    if (format.name != statement.format) continue;
    // Step 22: its own procedure.
    Result<Attestation> verified = format.verify(statement);
    if (verified) return verified;
    const Error& error = verified.error();
    return error.code == Errc::malformed ? malformed_at(22, error.what) : refused_at(22, error.what);
  }
  return refused_at(21, "an attestation format that is not supported");
}

// §8.2
Result<Attestation> verify_packed(const Statement& statement) {
  const crypto::CoseAlgorithm algorithm = TRY(statement_algorithm(statement));
  const Bytes signature = TRY(statement_bytes(statement, "sig"));
  if (algorithm == crypto::CoseAlgorithm::rs1) return Error{Errc::refused, "a statement signed over SHA-1"};

  // Without x5c: signed by the credential itself.
  if (!statement.members.at("x5c")) {
    if (algorithm != statement.key.algorithm) return Error{Errc::refused, "alg is not the credential's algorithm"};
    if (!statement.key.key.verify(algorithm, statement.signed_bytes, signature)) return broken_signature();
    return Attestation{.self = true, .path = {}};
  }
  std::vector<crypto::Certificate> path = TRY(statement_path(statement));
  const crypto::VerifyKey key = TRY(path.front().key());
  if (!key.verify(algorithm, statement.signed_bytes, signature)) return broken_signature();
  TRY(check_packed_certificate(path.front()));
  TRY(check_certificate_aaguid(path.front(), statement.attested.aaguid));
  return Attestation{.path = std::move(path)};
}

// §8.6. The AAGUID is not under the signature, and need not be zero here: the specification's own example has another.
Result<Attestation> verify_fido_u2f(const Statement& statement) {
  const Bytes signature = TRY(statement_bytes(statement, "sig"));
  std::vector<crypto::Certificate> path = TRY(statement_path(statement));
  if (path.size() != 1) return Error{Errc::malformed, "a U2F statement has one certificate"};
  const crypto::VerifyKey key = TRY(path.front().key());
  if (!key.fits(crypto::CoseAlgorithm::es256)) return Error{Errc::refused, "a U2F certificate's key is on P-256"};
  if (statement.key.algorithm != crypto::CoseAlgorithm::es256) return Error{Errc::refused, "a U2F key is for ES256"};

  // verificationData = 00 ‖ rpIdHash ‖ clientDataHash ‖ credentialId ‖ 04 ‖ x ‖ y
  Bytes message = {0};
  append(message, statement.data.rp_id_hash);
  append(message, statement.client_data_hash);
  append(message, statement.attested.id);
  message.push_back(4);
  for (const std::int64_t coordinate : {-2, -3}) {
    const codec::Cbor* found = statement.attested.key_item.at(coordinate);
    const Bytes* bytes = found ? found->as<Bytes>() : nullptr;
    if (!bytes || bytes->size() != kCoordinateSize) return Error{Errc::malformed, "a U2F key without its point"};
    append(message, *bytes);
  }
  if (!key.verify(crypto::CoseAlgorithm::es256, message, signature)) return broken_signature();
  return Attestation{.path = std::move(path)};
}

// §8.8
Result<Attestation> verify_apple(const Statement& statement) {
  std::vector<crypto::Certificate> path = TRY(statement_path(statement));
  const Bytes nonce = crypto::hash(crypto::HashKind::sha256, statement.signed_bytes);
  const auto extension = path.front().extension(kAppleNonceExtension);
  if (!extension) return Error{Errc::refused, "a certificate without a nonce"};
  // SEQUENCE { [1] EXPLICIT OCTET STRING }
  const ByteView sequence = TRY(DerReader::only(extension->value, kDerSequence));
  DerReader members(sequence);
  const DerItem wrapped = TRY(members.next());
  if (!wrapped.is_context(1) || !members.done()) return Error{Errc::malformed, "a nonce of another form"};
  const ByteView named = TRY(DerReader::only(wrapped.content, kDerOctetString));
  if (!std::equal(named.begin(), named.end(), nonce.begin(), nonce.end())) {
    return Error{Errc::refused, "a certificate made for other data"};
  }
  const crypto::VerifyKey key = TRY(path.front().key());
  if (!(key == statement.key.key)) return Error{Errc::refused, "a certificate of another key"};
  return Attestation{.path = std::move(path)};
}

}  // namespace countersign::factor::webauthn
