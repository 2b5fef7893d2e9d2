// A visit: one passage of a browser through the prompt, from the application's request to its code (duo-api §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"
#include "core/record/auth_event.h"

namespace countersign::signin {

enum class VisitState {
  open,      // somebody is at the prompt
  allowed,   // the code waits to be fetched
  redeemed,  // it was: once
  denied,
};
std::string_view name(VisitState state);
std::optional<VisitState> visit_state(std::string_view name);

// Where the browser goes afterwards and what the token must say; as the application's request had it.
struct ReturnTo {
  std::string uri;         // redirect_uri
  std::string state;
  std::string nonce;       // empty: none
  std::string code_name;   // "duo_code" or "code"
  std::string issuer;      // "localhost:8443": our name as the application wrote it
};

enum class Remember { no, yes };

// A factor that is being bound in this visit.
struct Binding {
  PhoneId phone;           // the authenticator to be activated
  std::string activation_code;  // shown until it is used
};

struct Visit {
  TenantId tenant;
  VisitId id;
  AppId app;
  UserId user;                     // empty: nobody of that name yet
  UserId planned_user;             // the id that somebody who enrols here will have; empty: there is a user
  VisitState state = VisitState::open;
  std::string username;            // byte for byte as the application sent it
  ReturnTo back;
  BrowserId browser;               // empty: not opened yet; then bound to the first that opens it
  Bytes cookie_digest;             // of the cookie's secret it was opened with: good for this visit to its end
  Bytes browser_key;               // shown in this visit (P-256 point), empty: none
  record::AccessDevice access;
  Bytes challenge;                 // of the passkey ceremony in progress; counts once
  AttemptId push;                  // the request that waits, or waited last
  std::vector<std::string> failed; // methods that did not work in this visit: no silent downgrade from a passkey
  std::string problem;             // why the last method did not work, in the log's words; empty: nothing was tried
  std::optional<Binding> binding;
  Remember remember = Remember::no;  // as chosen with the method in use
  std::string reason;              // of the end, in the log's words
  std::string reference;           // of a refusal: what a user may quote
  EventId event_id;                // the authentication event's id, set with the end
  std::string event;               // and the event (record::encode), for the token
  Instant created{};
  Instant expires{};
  Instant ended{};
};

inline constexpr seconds kVisitLifetime{900};   // a person at the prompt, with time to enrol
inline constexpr seconds kCodeLifetime{60};     // duo-api §9: 60–120 s

// conflict: it has ended, or its time is over.
Result<Visit> allow(const Visit& visit, const record::AuthEvent& event, Instant now);
Result<Visit> deny(const Visit& visit, std::string_view reason, std::string_view reference, Instant now);
// refused: not allowed, redeemed before, or the code's time is over; the text says which.
Result<Visit> redeem(const Visit& visit, Instant now);

// Everything but ids, state and times, as a small versioned text; reads back what it writes.
Secret encode_context(const Visit& visit);
Result<void> decode_context(const Secret& text, Visit& into);

}  // namespace countersign::signin
