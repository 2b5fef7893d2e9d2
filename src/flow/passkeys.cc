#include "flow/passkeys.h"

#include <algorithm>

#include "core/factor/webauthn_metadata.h"
#include "flow/enrol.h"
#include "flow/stored_attempt.h"
#include "store/history.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

namespace webauthn = factor::webauthn;

std::string rp_id_name(const TenantId& tenant) { return "rp_id/" + tenant.text(); }

// "https://mfa.example:8443" -> "mfa.example"
std::string host_of(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host != std::string_view::npos) url.remove_prefix(host + 3);
  return std::string(url.substr(0, url.find_first_of(":/")));
}

bool is_passkey(const Enrolment& enrolment) {
  return enrolment.kind == webauthn::kPlatformKind.name || enrolment.kind == webauthn::kRoamingKind.name;
}

bool usable(const Situation& situation, const Enrolment& enrolment) {
  const auto* require = std::get_if<policy::Require>(&situation.decision);
  return require && std::find(require->usable.begin(), require->usable.end(), enrolment.id) != require->usable.end();
}

Result<std::vector<webauthn::Known>> known_of(const Ports& ports, const Situation& situation,
                                              bool (*wanted)(const Situation&, const Enrolment&)) {
  std::vector<webauthn::Known> out;
  for (const Enrolment& enrolment : situation.enrolments) {
    if (!is_passkey(enrolment) || !wanted(situation, enrolment)) continue;
    webauthn::Credential credential = TRY(ports.keys.credential_of(enrolment));
    out.push_back({std::move(credential.id), std::move(credential.transports)});
  }
  return out;
}

}  // namespace

Result<webauthn::Ceremony> ceremony_of(const Ports& ports, store::Txn& txn, const TenantId& tenant, ByteView challenge,
                                       const policy::Effective& policy) {
  webauthn::Ceremony out;
  const auto fixed = TRY(store::server_value(txn, rp_id_name(tenant)));
  out.rp.id = fixed ? std::string(text_of(*fixed)) : host_of(ports.settings.public_url);
  out.rp.origins = {ports.settings.public_url};
  for (const std::string& origin : ports.settings.related_origins) out.rp.origins.push_back(origin);
  out.challenge.assign(challenge.begin(), challenge.end());
  switch (policy.user_verification) {
    case policy::UserVerification::required: out.user_verification = webauthn::UserVerification::required; break;
    case policy::UserVerification::preferred: out.user_verification = webauthn::UserVerification::preferred; break;
  }
  out.now = ports.clock.now();
  return out;
}

Result<std::optional<RpIdRow>> rp_id_to_fix(const Ports& ports, const TenantId& tenant) {
  const std::string name = rp_id_name(tenant);
  const auto fixed = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::server_value(txn, name); }));
  if (fixed) return std::optional<RpIdRow>();
  return std::optional(RpIdRow{name, host_of(ports.settings.public_url)});
}

Bytes new_challenge(const Ports& ports) { return random_bytes(ports.random, webauthn::kChallengeSize); }

Bytes user_handle(const UserId& user) {
  const ByteView view = bytes_of(user.text());
  return Bytes(view.begin(), view.end());
}

Result<Bytes> credential_digest(const Ports& ports, ByteView credential_id) {
  return ports.keys.token_digest("credential", Secret(credential_id));
}

Result<std::string> passkey_request_json(const Ports& ports, const webauthn::Ceremony& ceremony,
                                         const Situation& situation) {
  return webauthn::request_options_json(ceremony, TRY(known_of(ports, situation, usable)));
}

Result<std::string> passkey_creation_json(const Ports& ports, const webauthn::Ceremony& ceremony,
                                          const Situation& situation, const NewOwner& owner) {
  webauthn::CreationOptions options;
  options.rp_name = owner.tenant_name;
  options.person.handle = user_handle(owner.user);
  options.person.name = situation.asked_name;
  options.person.display_name =
      situation.user && !situation.user->realname.empty() ? situation.user->realname : situation.asked_name;
  options.exclude = TRY(known_of(ports, situation, [](const Situation&, const Enrolment&) { return true; }));
  options.direct_attestation = !situation.policy.attestation_aaguids.empty();
  return webauthn::creation_options_json(ceremony, options);
}

Result<NewPasskey> register_passkey(const Ports& ports, const webauthn::Ceremony& ceremony, const User& user,
                                    const policy::Effective& policy, std::string_view response) {
  const webauthn::RegistrationResponse read = TRY(webauthn::read_registration(response));
  webauthn::Makes makes;
  makes.metadata = ports.metadata;
  for (const std::string& aaguid : policy.attestation_aaguids) {
    makes.allowed.push_back(TRY(webauthn::read_aaguid(aaguid)));
  }
  const webauthn::Credential credential = TRY(webauthn::verify_registration(ceremony, read, makes));
  const bool platform = read.attachment == webauthn::Attachment::platform;
  NewPasskey out;
  out.enrolment =
      new_enrolment(ports, user.tenant, user.id, platform ? webauthn::kPlatformKind.name : webauthn::kRoamingKind.name);
  TRY(seal_state(ports, out.enrolment, webauthn::encode(credential)));
  out.credential = {user.tenant, TRY(credential_digest(ports, credential.id)), user.id, out.enrolment.id};
  out.rp_id = TRY(rp_id_to_fix(ports, user.tenant));
  return out;
}

Result<void> write_passkey(store::Txn& txn, const NewPasskey& passkey) {
  TRY(store::insert_enrolment(txn, passkey.enrolment));
  if (passkey.rp_id) {
    if (!TRY(store::server_value(txn, passkey.rp_id->name))) {
      TRY(store::insert_server_value(txn, passkey.rp_id->name, bytes_of(passkey.rp_id->id)));
    }
  }
  return store::insert_credential(txn, passkey.credential);
}

Result<ProvenPasskey> prove_passkey(const Ports& ports, const webauthn::Ceremony& ceremony, const Situation& situation,
                                    std::string_view response) {
  const webauthn::AuthenticationResponse read = TRY(webauthn::read_authentication(response));
  const Bytes digest = TRY(credential_digest(ports, read.id));
  const auto row = TRY(store::read(
      ports.store, [&](store::Txn& txn) { return store::credential_by_digest(txn, situation.user->tenant, digest); }));
  for (const Enrolment& enrolment : situation.enrolments) {
    if (!row || enrolment.id != row->enrolment || !usable(situation, enrolment)) continue;
    keys::Assertion proven =
        TRY(ports.keys.verify_assertion(enrolment, ceremony, user_handle(situation.user->id), read));
    return ProvenPasskey{enrolment, std::move(proven.sealed_next), proven.user_verified};
  }
  return Error{Errc::refused, "step 5: the credential is not one of this user's"};
}

}  // namespace countersign::flow
