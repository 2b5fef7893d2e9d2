// Everything one call within the device portal rests on, read on one snapshot; and how its session is kept.
#pragma once

#include <string>

#include "flow/portal.h"
#include "flow/read_history.h"
#include "store/visits.h"

namespace countersign::flow {

struct OpenPortal {
  store::Session row;
  signin::PortalSession session;
  std::string tenant_name;
  Situation situation;  // decided for the portal: the passkeys that prove a user here, or why nobody lets him in
};

// The session that the caller's cookie names.   not_found: none.   refused: see portal.h.
Result<OpenPortal> read_portal(const Ports& ports, const PortalCaller& caller);
// Somebody who reads what is his own, as the ledger names him.
Reader own_reader(const PortalCaller& caller, const OpenPortal& open);
// What the ledger calls a session: the first half of its digest.
std::string session_name(const store::Session& session);
// A user as the portal sees him: his passkeys that policy allows, or a Deny.   not_found: no such user.
Result<Situation> look_up_for_portal(const Ports& ports, store::Txn& txn, const TenantId& tenant, const UserId& user,
                                     const std::string& address);

// What events of the portal name as their application.
Application portal_app(const TenantId& tenant);
record::AccessDevice portal_access(const PortalCaller& caller);

// The strongest kind of proof that this user has.
factor::Strength strongest(const Situation& situation);
Freshness freshness(const OpenPortal& open, Instant now);
// Whether somebody who has only this enrolment may still sign in with it. Recovery codes run out, so they do not count.
bool lasts(const Situation& situation, const Enrolment& enrolment);

// A session that begins now, with the cookie that names it.
struct NewPortalSession {
  store::Session row;
  Secret cookie;
};
Result<NewPortalSession> new_portal_session(const Ports& ports, const TenantId& tenant, const UserId& user,
                                            factor::Strength proof);
// The session that a browser had before ends with the next one: no cookie lives on through a sign-in. Empty: none.
Result<Bytes> session_before(const Ports& ports, const PortalCaller& caller);

// The session as it is to be stored, in use now; on the version read.
Result<store::Session> seal_session(const Ports& ports, const store::Session& row,
                                    const signin::PortalSession& session);

// A ceremony that asks for a passkey with user verification.
Result<factor::webauthn::Ceremony> portal_ceremony(const Ports& ports, const TenantId& tenant, ByteView challenge,
                                                   const policy::Effective& policy);

}  // namespace countersign::flow
