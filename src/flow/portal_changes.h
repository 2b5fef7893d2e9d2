// What people change in the device portal; see portal.h. Each form counts once: `once` is what its page showed.
#pragma once

#include <string>
#include <vector>

#include "flow/portal.h"

namespace countersign::flow {

enum class PortalOutcome {
  done,
  prove,          // a passkey is wanted first; its page is next
  sign_in_again,  // a proof is wanted that only a new sign-in gives
  is_protected,   // nothing is changed in a protected account
  look_again,     // the form is not of this page (any more), or what it names is gone
  last_factor,    // nothing would be left to sign in with
  bad_name,
  passkey_refused,  // the ceremony's answer was not taken; another challenge waits
  enough,           // kFactorsMax are there
};
struct PortalDone {
  PortalOutcome outcome = PortalOutcome::done;
  std::vector<std::string> codes;  // new recovery codes: shown once
  std::string next;                // after a proof: where it was wanted
};
struct PortalForm {
  std::string once;
  std::string id;        // of a factor, a browser or an event
  std::string name;      // for it
  std::string response;  // RegistrationResponseJSON, AuthenticationResponseJSON
};

// `next` is shown again after the proof.
void portal_ask_proof(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_prove(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);

void portal_begin_passkey(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_add_passkey(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_add_phone(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_drop_phone(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_recovery_codes(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_remove(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_rename(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);
void portal_forget_browser(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);

// "This was not me": the account is protected and every session of the portal ends, this one too.
void portal_not_me(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done);

}  // namespace countersign::flow
