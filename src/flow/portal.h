// The device portal's use cases: people look after their own sign-in methods. A session begins with a factor, a change
// of factors wants a fresh one, and every change is written down and told to the other authenticators.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/signin/portal_session.h"
#include "flow/visit.h"

namespace countersign::flow {

inline constexpr std::size_t kFactorsMax = 20;     // passkeys and phones of one user, made here
inline constexpr std::size_t kFactorNameMax = 60;  // characters
inline constexpr int kRecoveryCodes = 10;

// How a browser names itself to a tenant's portal.
struct PortalCaller {
  TenantId tenant;
  Secret session;  // the cookie portal_cookie_name(tenant), or empty
  Secret browser;  // the cookie browser_cookie_name(tenant), or empty
  std::string address;
  std::string user_agent;
};
std::string portal_cookie_name(const TenantId& tenant);
std::string portal_door_name(const TenantId& tenant);  // of the cookie that a sign-in by passkey rests on

// ---- In ----

// From now on the visit leads to the portal in place of the application. Errors as those of flow/visit.h.
void visit_to_portal(const Ports& ports, Caller caller, Done<View> done);
std::string portal_entry_uri(const Ports& ports, const TenantId& tenant);

struct PortalEntered {
  Secret cookie;
};
// The code that such a visit ends with, once, within a minute, in the same browser, after a proof of a factor.
// refused: anything else.
void enter_portal(const Ports& ports, PortalCaller caller, std::string code, Done<PortalEntered> done);

// The page for those without a session. It writes nothing and is the same for a tenant that there is not.
struct PortalDoor {
  Secret cookie;        // what the challenge follows from; counts once
  std::string options;  // PublicKeyCredentialRequestOptionsJSON that names no credential
};
Result<PortalDoor> portal_door(const Ports& ports, const TenantId& tenant);
// refused: whatever the cause.
void portal_sign_in(const Ports& ports, PortalCaller caller, Secret door, std::string response,
                    Done<PortalEntered> done);
// The tenant of a server that has one; empty: it has several, or none.
Result<TenantId> only_tenant(const Ports& ports);
void leave_portal(const Ports& ports, PortalCaller caller, Done<bool> done);

// ---- What there is ----

struct PortalFactor {
  enum class Kind { passkey, phone, token };
  enum class Lives { unknown, device, synced };  // where a passkey's key is
  Kind kind = Kind::passkey;
  Lives lives = Lives::unknown;
  std::string id;    // of the enrolment or of the phone
  std::string name;  // as its owner knows it; may be empty
  Instant created{};
  std::optional<Instant> last_used;
  enum class Removable { yes, last } removable = Removable::yes;  // last: no other would be left to sign in with
};
struct RecoveryCodes {
  int left = 0;
  std::optional<Instant> made;  // none: there are none
};
struct PortalBrowser {
  BrowserId id;
  std::string browser, os;  // of the one that asks; of others only their use is known
  std::vector<std::string> apps;
  Instant last_used{};
  bool remembered = false;
  bool this_one = false;
};
// What a change of factors takes now.
enum class Freshness { fresh, passkey, sign_in_again, is_protected };

struct PortalView {
  std::string tenant_name;
  std::string username;
  std::string once;  // to be sent with every form
  Freshness freshness = Freshness::fresh;
  std::vector<PortalFactor> factors;
  std::optional<RecoveryCodes> recovery;  // none: policy takes none
  std::vector<PortalBrowser> browsers;
  std::vector<record::AuthEvent> sign_ins;  // newest first
  signin::Ceremony ceremony = signin::Ceremony::none;
  std::string options;                        // of the ceremony in progress
  std::string next;                           // where its proof leads
  std::optional<std::string> activation_url;  // of an authenticator that is being set up and not bound yet
  PhoneId activating;
};
// Errors of all that follow:   not_found: no session here (any more).   refused: nobody lets this user in now; `what`
// is the log's word.
void look_at_portal(const Ports& ports, PortalCaller caller, Done<PortalView> done);

// For waiting until an authenticator is bound: what to wait for, and whether it is.
struct PortalWait {
  std::string key;
  bool bound = false;
};
Result<PortalWait> portal_wait(const Ports& ports, const PortalCaller& caller);

}  // namespace countersign::flow
