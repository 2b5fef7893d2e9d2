// Ceremonies with passkeys (WebAuthn): who we are to a browser, what it is asked, and whose a credential is.
#pragma once

#include <string>
#include <vector>

#include "core/factor/webauthn.h"
#include "flow/sign_in.h"
#include "store/passkeys.h"

namespace countersign::flow {

// The tenant's relying party id is fixed by its first passkey, as passkeys never move (design §5).
Result<factor::webauthn::Ceremony> ceremony_of(const Ports& ports, store::Txn& txn, const TenantId& tenant,
                                               ByteView challenge, const policy::Effective& policy);
// To be written with a passkey: the relying party id of the tenant, if this is its first.
struct RpIdRow {
  std::string name;
  std::string id;
};
Result<std::optional<RpIdRow>> rp_id_to_fix(const Ports& ports, const TenantId& tenant);

Bytes new_challenge(const Ports& ports);
// The user handle: the user's id. It says nothing about the person (WebAuthn §14.6.1).
Bytes user_handle(const UserId& user);
Result<Bytes> credential_digest(const Ports& ports, ByteView credential_id);

// PublicKeyCredentialRequestOptionsJSON over the usable ones of these enrolments, and …CreationOptionsJSON that
// exclude them all.
Result<std::string> passkey_request_json(const Ports& ports, const factor::webauthn::Ceremony& ceremony,
                                         const Situation& situation);
struct NewOwner {
  UserId user;  // also of somebody who is not stored yet
  std::string tenant_name;
};
Result<std::string> passkey_creation_json(const Ports& ports, const factor::webauthn::Ceremony& ceremony,
                                          const Situation& situation, const NewOwner& owner);

// A passkey that was registered: the enrolment and the row by which it is found, sealed and ready to be written.
struct NewPasskey {
  Enrolment enrolment;
  store::StoredCredential credential;
  std::optional<RpIdRow> rp_id;
};
// refused, malformed: as verify_registration says; `what` is for the log.
Result<NewPasskey> register_passkey(const Ports& ports, const factor::webauthn::Ceremony& ceremony, const User& user,
                                    const policy::Effective& policy, std::string_view response);
// conflict: the credential is registered already.
Result<void> write_passkey(store::Txn& txn, const NewPasskey& passkey);

// The enrolment of `situation` whose passkey answered, and its next state.
struct ProvenPasskey {
  Enrolment enrolment;
  Bytes sealed_next;
  bool user_verified = false;
};
// refused, malformed: not a usable passkey of this user, or as verify_authentication says.
Result<ProvenPasskey> prove_passkey(const Ports& ports, const factor::webauthn::Ceremony& ceremony,
                                    const Situation& situation, std::string_view response);

}  // namespace countersign::flow
