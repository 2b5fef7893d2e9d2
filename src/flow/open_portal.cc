#include "flow/open_portal.h"

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/user_agent.h"
#include "core/factor/bypass.h"
#include "flow/passkeys.h"
#include "store/ledger.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kFace = "portal";
constexpr std::string_view kTokenPrefix = "portal.";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenMax = 128;
constexpr std::size_t kOnceLength = 16;

bool is_passkey(const Enrolment& enrolment) {
  const factor::Kind* const kind = factor::kind(enrolment.kind);
  return kind && kind->strength == factor::Strength::phishing_resistant;
}

Error no_session() { return {Errc::not_found, "no session of the portal in this browser"}; }

Result<Bytes> digest_of(const Ports& ports, const TenantId& tenant, const Secret& cookie) {
  return ports.keys.token_digest("session-portal", Secret(tenant.text() + "/" + std::string(cookie.reveal())));
}

Result<signin::PortalSession> open_session(const Ports& ports, const store::Session& row) {
  const std::string id = codec::to_hex(row.digest);
  const Secret context = TRY(ports.keys.unseal({row.tenant, "sessions", "context", id}, row.sealed_context));
  signin::PortalSession out;
  TRY(signin::decode(context, out));
  return out;
}

}  // namespace

std::string portal_cookie_name(const TenantId& tenant) { return "__Host-portal-" + tenant.text(); }
std::string portal_door_name(const TenantId& tenant) { return "__Host-portal-door-" + tenant.text(); }

Application portal_app(const TenantId& tenant) {
  Application out;
  out.tenant = tenant;
  out.name = "Sign-in methods";
  return out;
}

record::AccessDevice portal_access(const PortalCaller& caller) {
  const codec::UserAgent agent = codec::read_user_agent(caller.user_agent);
  record::AccessDevice out;
  out.ip = caller.address;
  out.browser = agent.browser;
  out.browser_version = agent.browser_version;
  out.os = agent.os;
  out.os_version = agent.os_version;
  return out;
}

Result<Situation> look_up_for_portal(const Ports& ports, store::Txn& txn, const TenantId& tenant, const UserId& user,
                                     const std::string& address) {
  record::AccessDevice access;
  access.ip = address;
  Situation out = TRY(look_up(ports, txn, portal_app(tenant), user, access, Secret()));
  out.phones = TRY(store::phones_of(txn, tenant, user));  // those too on which nothing is yet
  if (std::holds_alternative<policy::Deny>(out.decision)) return out;
  policy::Require passkeys;
  for (const Enrolment& enrolment : out.enrolments) {
    if (is_passkey(enrolment) && out.policy.allows(policy::method(enrolment))) passkeys.usable.push_back(enrolment.id);
  }
  out.decision = std::move(passkeys);
  return out;
}

std::string session_name(const store::Session& session) {
  return "session:" + codec::to_hex(session.digest).substr(0, session.digest.size());
}

Reader own_reader(const PortalCaller& caller, const OpenPortal& open) {
  Reader reader;
  reader.actor.kind = "user";
  reader.actor.id = open.row.user.text();
  reader.actor.credential = open.row.user.text();
  reader.actor.session = session_name(open.row);
  reader.actor.ip = caller.address;
  reader.purpose = "own_account";
  return reader;
}

Result<OpenPortal> read_portal(const Ports& ports, const PortalCaller& caller) {
  const bool named = caller.session.reveal().starts_with(kTokenPrefix) && caller.session.size() <= kTokenMax;
  if (!named) return no_session();
  const Bytes digest = TRY(digest_of(ports, caller.tenant, caller.session));
  return store::read(ports.store, [&](store::Txn& txn) -> Result<OpenPortal> {
    OpenPortal open;
    auto row = TRY(store::session_by_digest(txn, caller.tenant, kFace, digest));
    if (!row || ports.clock.now() >= row->expires) return no_session();
    open.session = TRY(open_session(ports, *row));
    open.row = *std::move(row);
    if (!signin::session_holds(open.session, ports.clock.now())) return no_session();
    // Read each time and never kept: a kill is in force everywhere with its commit.
    const auto grant = TRY(store::grant_of(txn, session_name(open.row)));
    if (grant && grant->killed) return no_session();
    const auto tenant = TRY(store::tenant_by_id(txn, caller.tenant));
    if (!tenant) return no_session();
    open.tenant_name = tenant->name;
    Result<Situation> situation = look_up_for_portal(ports, txn, caller.tenant, open.row.user, caller.address);
    if (!situation) return situation.error().code == Errc::not_found ? no_session() : situation.error();
    open.situation = *std::move(situation);
    const auto* const deny = std::get_if<policy::Deny>(&open.situation.decision);
    if (deny) return Error{Errc::refused, std::string(deny->reason)};
    return open;
  });
}

factor::Strength strongest(const Situation& situation) {
  const auto* const require = std::get_if<policy::Require>(&situation.decision);
  const bool has_passkey = !require || !require->usable.empty();  // where none can be asked for, none is enough
  return has_passkey ? factor::Strength::phishing_resistant : factor::Strength::possession;
}

Freshness freshness(const OpenPortal& open, Instant now) {
  if (open.situation.user->protected_at) return Freshness::is_protected;
  const factor::Strength wanted = strongest(open.situation);
  if (signin::freshly_proved(open.session, wanted, now)) return Freshness::fresh;
  return wanted == factor::Strength::phishing_resistant ? Freshness::passkey : Freshness::sign_in_again;
}

bool lasts(const Situation& situation, const Enrolment& enrolment) {
  return enrolment.kind != factor::bypass::kKind.name && factor::kind(enrolment.kind) &&
         situation.policy.allows(policy::method(enrolment));
}

Result<store::Session> seal_session(const Ports& ports, const store::Session& row,
                                    const signin::PortalSession& session) {
  store::Session out = row;
  const std::string id = codec::to_hex(row.digest);
  out.sealed_context = TRY(ports.keys.seal({row.tenant, "sessions", "context", id}, signin::encode(session)));
  out.expires = signin::session_end(session, ports.clock.now());
  return out;
}

Result<NewPortalSession> new_portal_session(const Ports& ports, const TenantId& tenant, const UserId& user,
                                            factor::Strength proof) {
  NewPortalSession out;
  const std::string token = codec::to_base64(codec::Base64::url, random_bytes(ports.random, kTokenBytes));
  out.cookie = Secret(std::string(kTokenPrefix) + token);
  signin::PortalSession session;
  session.created = session.proved = ports.clock.now();
  session.proof = proof;
  session.once = random_text(ports.random, kOnceLength, kIdAlphabet);
  store::Session row;
  row.tenant = tenant;
  row.digest = TRY(digest_of(ports, tenant, out.cookie));
  row.face = kFace;
  row.user = user;
  row.created = session.created;
  row.version = 1;
  out.row = TRY(seal_session(ports, row, session));
  return out;
}

Result<Bytes> session_before(const Ports& ports, const PortalCaller& caller) {
  if (caller.session.empty() || caller.session.size() > kTokenMax) return Bytes();
  return digest_of(ports, caller.tenant, caller.session);
}

Result<factor::webauthn::Ceremony> portal_ceremony(const Ports& ports, const TenantId& tenant, ByteView challenge,
                                                   const policy::Effective& policy) {
  auto out = TRY(
      store::read(ports.store, [&](store::Txn& txn) { return ceremony_of(ports, txn, tenant, challenge, policy); }));
  out.user_verification = factor::webauthn::UserVerification::required;
  return out;
}

}  // namespace countersign::flow
