// Verifying an authentication assertion (WebAuthn Level 3 §7.2). The numbers are those of the specification.
#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

// Step 22: the signature counter (§6.1.1). One that stands still or goes back may be a copy's: refused, and the stored
// counter stays, so that the copy cannot win by being ahead once.
Result<void> check_counter(std::uint32_t stored, std::uint32_t sent) {
  if (stored == 0 && sent == 0) return {};
  if (sent <= stored) return refused_at(22, "the signature counter did not grow");
  return {};
}

}  // namespace

// Steps 1 to 4 are the browser's and the options'. The caller (flow) finds the record by the credential's id within the
// tenant; where the user is not known beforehand, it also needs the user handle to be there (step 6).
Result<Proven> verify_authentication(ByteView state, const Ceremony& ceremony, ByteView user,
                                     const AuthenticationResponse& response) {
  Credential record = TRY(decode(state));

  // Step 5: the credential that was asked for.
  if (!crypto::equal(response.id, record.id)) return refused_at(5, "another credential");

  // Step 6: of this user.
  if (response.user_handle && !crypto::equal(*response.user_handle, user)) return refused_at(6, "another user's");

  // Step 7: the parts. What an assertion must not carry is not read (§6.3.3: no attested credential data).
  const Result<AuthenticatorData> data = read_authenticator_data(response.authenticator_data);
  if (!data) return malformed_at(7, data.error().what);
  if (data->attested) return malformed_at(7, "an assertion with attested credential data");

  // Steps 8 to 14: client data.
  TRY(check_client_data(kAuthentication, ceremony, response.client_data));

  // Steps 15 to 18.
  TRY(check_authenticator_data(kAuthentication, ceremony, *data));

  // Step 19: whether a credential can be backed up never changes.
  if (data->backup_eligible != record.backup_eligible) return refused_at(19, "backup eligibility has changed");

  // Step 20: the hash of the client data.
  const Bytes hash = crypto::hash(crypto::HashKind::sha256, response.client_data);

  // Step 21: the signature over both.
  const Result<codec::CoseKey> key = codec::read_cose_key(record.public_key);
  if (!key) return malformed_at(21, "the stored key: " + key.error().what);
  Bytes signed_bytes = response.authenticator_data;
  append(signed_bytes, hash);
  if (!key->key.verify(key->algorithm, signed_bytes, response.signature)) return refused_at(21, "not its signature");

  // Step 22: the counter.
  TRY(check_counter(record.sign_count, data->sign_count));

  // Step 23: extension outputs are passed over; we ask for none that grants anything.

  // Step 24: the next state. uvInitialized stays: raising it needs another factor of equal strength.
  record.sign_count = data->sign_count;
  record.backed_up = data->backed_up;
  return Proven{encode(record), data->user_verified, data->backed_up};
}

}  // namespace countersign::factor::webauthn
