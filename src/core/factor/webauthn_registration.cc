// Registering a new credential (WebAuthn Level 3 §7.1). The numbers are those of the specification.
#include <algorithm>

#include "core/crypto/hash.h"
#include "core/factor/webauthn_metadata.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

struct AttestationObject {
  codec::Cbor read;
  std::string_view format;
  const codec::Cbor* statement = nullptr;
  Bytes authenticator_data;
};

// §6.5.5. Other members are passed over: CTAP adds some, and clients hand them on.
Result<AttestationObject> read_attestation_object(ByteView bytes) {
  AttestationObject out;
  out.read = TRY(codec::read_cbor(bytes));
  const codec::Cbor* format = out.read.at("fmt");
  const codec::Cbor* data = out.read.at("authData");
  out.statement = out.read.at("attStmt");
  if (!format || !format->as<std::string>() || !data || !data->as<Bytes>()) {
    return Error{Errc::malformed, "an attestation object without fmt or authData"};
  }
  if (!out.statement || !out.statement->as<codec::CborMap>()) {
    return Error{Errc::malformed, "an attestation object without attStmt"};
  }
  out.format = *format->as<std::string>();
  out.authenticator_data = *data->as<Bytes>();
  return out;
}

// The AAGUID under which a statement's roots are found. A U2F key has none, and what stands in its place is not signed.
Aaguid make_of(const Statement& statement) {
  return statement.format == "fido-u2f" ? Aaguid{} : statement.attested.aaguid;
}

// Steps 23 and 24: where the path leads. refused: only where makes are listed.
Result<Trust> assess(const Ceremony& ceremony, const Statement& statement, const Attestation& attestation,
                     const Makes& makes) {
  const Aaguid make = make_of(statement);
  const bool asked = !makes.allowed.empty();
  if (asked && std::find(makes.allowed.begin(), makes.allowed.end(), make) == makes.allowed.end()) {
    return refused_at(24, "a make of authenticator that is not listed");
  }
  Trust trust = attestation.self ? Trust::self : Trust::none;
  if (!attestation.path.empty() && attestation.conclusive && makes.metadata) {
    // Step 23: roots from metadata, by AAGUID, or for U2F by the certificate's key.
    const std::vector<crypto::Certificate> roots =
        make == Aaguid{} ? makes.metadata->roots_for(attestation.path.front()) : makes.metadata->roots(make);
    // Step 24: the path leads to one of them.
    if (!roots.empty() && crypto::verify_chain(attestation.path, roots, ceremony.now)) trust = Trust::chain;
  }
  if (asked && trust != Trust::chain) return refused_at(24, "nothing proves that it is of a make that is listed");
  return trust;
}

}  // namespace

// Steps 1 to 4 are the browser's and the options'; steps 26 (no credential twice) and 29 (store) are the caller's
// (flow).
Result<Credential> verify_registration(const Ceremony& ceremony, const RegistrationResponse& response,
                                       const Makes& makes) {
  // Steps 5 to 11: client data.
  TRY(check_client_data(kRegistration, ceremony, response.client_data));

  // Step 12: its hash.
  const Bytes hash = crypto::hash(crypto::HashKind::sha256, response.client_data);

  // Step 13: the attestation object, and in it the authenticator data.
  const Result<AttestationObject> object = read_attestation_object(response.attestation_object);
  if (!object) return malformed_at(13, object.error().what);
  const Result<AuthenticatorData> data = read_authenticator_data(object->authenticator_data);
  if (!data) return malformed_at(13, data.error().what);
  if (!data->attested) return malformed_at(13, "authenticator data without a credential");

  // Steps 14 to 17. Steps 18 and 19: BE and BS are kept; no policy of ours depends on them here.
  TRY(check_authenticator_data(kRegistration, ceremony, *data));

  // Step 20: an algorithm that we offered.
  const Result<codec::CoseKey> key = codec::read_cose_key(data->attested->key_item);
  if (!key && key.error().code == Errc::refused) return refused_at(20, key.error().what);
  if (!key) return malformed_at(20, key.error().what);
  const bool offered = std::find(algorithms().begin(), algorithms().end(), key->algorithm) != algorithms().end();
  if (!offered) return refused_at(20, "an algorithm that was not offered");

  // Steps 21 and 22: the attestation statement.
  Bytes signed_bytes = object->authenticator_data;
  append(signed_bytes, hash);
  const Statement statement = {object->format, *object->statement, *data, *data->attested, *key, signed_bytes, hash};
  const Attestation attestation = TRY(verify_statement(statement));

  // Steps 23 and 24: whether it can be trusted.
  const Trust trust = TRY(assess(ceremony, statement, attestation, makes));

  // Step 25: an id of a length that everyone can keep.
  const Bytes& id = data->attested->id;
  if (id.empty() || id.size() > kCredentialIdMax)
    return refused_at(25, "a credential id of a length that is not allowed");

  // Step 27: the record. Its id is the one that is attested, and the one the browser named.
  if (response.id != id) return refused_at(27, "the browser names another credential than the authenticator");
  Credential out;
  out.id = id;
  out.public_key = data->attested->public_key;
  out.sign_count = data->sign_count;
  out.user_verified = data->user_verified;
  out.backup_eligible = data->backup_eligible;
  out.backed_up = data->backed_up;
  out.aaguid = data->attested->aaguid;
  out.transports = response.transports;
  out.format = std::string(object->format);
  out.trust = trust;
  // Step 28: extension outputs are passed over; we ask for none that grants anything.
  return out;
}

}  // namespace countersign::factor::webauthn
