// The prompt's use cases: a browser's passage from the application's request to the code it goes back with.
// The server decides every step: each call answers what the browser is to see next.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/identity/application.h"
#include "core/signin/visit.h"
#include "flow/sign_in.h"

namespace countersign::flow {

// How a browser names itself: the visit in the address, the cookie, where it comes from, what it calls itself.
struct Caller {
  VisitId visit;
  Secret cookie;  // "<id>.<secret>" or empty; the cookie's name is cookie_name(tenant)
  std::string address;
  std::string user_agent;
};
// What the browser's own key signs to show itself in a visit.
std::string browser_message(const VisitId& visit);
std::string browser_cookie_name(const TenantId& tenant);
// Whose visit this is, before the cookie can be read.   not_found: no such visit.
Result<TenantId> tenant_of_visit(const Ports& ports, const VisitId& visit);

enum class Way { passkey, push, passcode };  // in order of strength
struct Method {
  Way way = Way::passcode;
  PhoneId phone;     // push
  std::string name;  // of the device, as its owner knows it
};

// What the browser is to see.
struct Choose {  // a factor is wanted
  Method first;  // the strongest that is there
  std::vector<Method> others;
  std::string passkey_options;  // PublicKeyCredentialRequestOptionsJSON, where a passkey is among them
  std::string problem;    // why this is shown again: "invalid_passcode", "no_response", "user_mistake", …; or empty
  int remember_days = 0;  // 0: policy remembers nothing
};
struct Waiting {  // a push waits on the phone
  std::string number;
  std::string phone;  // its name
  int seconds_left = 0;
  int total_seconds = 0;
  enum class Notified { yes, no } notified = Notified::no;    // no: "open your authenticator"
  enum class More { possible, spent } more = More::possible;  // more time
  std::vector<Method> others;
};
struct BindFirst {              // nobody is enrolled yet: a factor is bound now
  std::string passkey_options;  // PublicKeyCredentialCreationOptionsJSON
};
struct BindPhone {  // the authenticator's link is shown until it is used
  std::string url;
  int seconds_left = 0;
};
struct GoBack {
  std::string url;
};  // done: to the application, with the code
struct Refused {
  std::string reason;  // the log's word
  std::string reference;
  std::string back_url;  // to the application, with error=access_denied; the page offers it
};
struct View {
  TenantId tenant;
  std::string tenant_name;
  std::string app_name;
  std::string username;
  std::variant<Choose, Waiting, BindFirst, BindPhone, GoBack, Refused> shows;
  std::string set_cookie;     // the cookie's new value, where it is to be set
  std::string prove_browser;  // what the browser's key is to sign, where it has one or should make one; else empty
  int visit_seconds_left = 0;
  std::string cancel_url;      // while the visit is open: to the application, with error=access_denied
  std::string back_origin;  // "https://app.example": where the browser will be sent in the end (CSP form-action)
};

// Errors of all that follow:   not_found: no such visit, its time is over, or it belongs to another browser; one and
// the same.   refused: what was asked does not fit what is shown now (a second tab was faster): look again.
// unavailable: as ever.

// Opens or looks again. Binds the visit to the browser at first; ends it where policy needs no factor.
void look_at_visit(const Ports& ports, Caller caller, Done<View> done);

// Only whether anything has changed since `version`, cheap: for waiting. The key to wait for is visit_key().
std::string visit_key(const VisitId& visit);
struct VisitVersion {
  std::int64_t version = 0;
  signin::VisitState state = signin::VisitState::open;
  std::int64_t push_version = 0;  // of the request that waits; changes with its end
  std::size_t enrolments = 0;     // of the user; grows when the authenticator is bound
  std::string wait_key;           // what to wait for
  bool operator==(const VisitVersion&) const = default;
};
Result<VisitVersion> visit_version(const Ports& ports, const Caller& caller);

// The browser's own key (P-256, made in the browser, never leaves it) signs "countersign browser v1\n" + visit id.
// refused: the signature is not that key's, or the browser showed another key before.
void prove_browser(const Ports& ports, Caller caller, Bytes public_key, Bytes signature, Done<View> done);

void visit_push(const Ports& ports, Caller caller, PhoneId phone, signin::Remember remember, Done<View> done);
void visit_more_time(const Ports& ports, Caller caller, Done<View> done);
// Leaves the request that waits and chooses anew.
void visit_other_way(const Ports& ports, Caller caller, Done<View> done);
void visit_passcode(const Ports& ports, Caller caller, Secret passcode, signin::Remember remember, Done<View> done);
// `response`: AuthenticationResponseJSON; `failed` tells that the browser's ceremony was given up.
void visit_passkey(const Ports& ports, Caller caller, std::string response, signin::Remember remember, Done<View> done);
void visit_passkey_failed(const Ports& ports, Caller caller, Done<View> done);

// Enrolment within a first sign-in; afterwards the new factor is asked for.
void visit_bind_passkey(const Ports& ports, Caller caller, std::string response, Done<View> done);
void visit_bind_phone(const Ports& ports, Caller caller, Done<View> done);
void visit_unbind(const Ports& ports, Caller caller, Done<View> done);  // back to the choice

}  // namespace countersign::flow
