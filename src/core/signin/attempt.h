// The attempt: one sign-in in progress (Duo: transaction, txid), as a state machine without side effects.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/record/auth_event.h"

namespace countersign::signin {

// How the number reaches the person who signs in.
enum class Number {
  shown,     // the client shows it: Verified Push, or in the status text of an asynchronous poll
  nowhere,   // plain push, allowed by policy: approve without a number
};

// Whether the phone may be told that a request waits; without it, its owner finds it when he looks (security §4.2.2).
enum class Notify { yes, no };

inline constexpr int kExtensionsMax = 10;  // times that a waiting request may be given more time (WCAG 2.2.1)

enum class State { prepared, open, allowed, denied, fraud, timed_out, cancelled };
std::string_view name(State state);
std::optional<State> state(std::string_view name);
bool final(State state);

struct Attempt {
  TenantId tenant;
  AttemptId id;
  AppId app;
  UserId user;
  PhoneId phone;
  State state = State::prepared;
  Number number = Number::shown;
  int digits = 3;
  std::string factor;             // "duo_push" or "verified_duo_push" for the log
  std::string reason;             // set with the end: user_approved, no_response, user_marked_fraud, …
  std::string app_name;
  std::string type;               // replaces "Login" on the phone (Duo: type)
  std::string display_username;
  std::vector<std::pair<std::string, std::string>> pushinfo;
  record::AccessDevice access;
  VisitId visit;                  // of the prompt it was asked for in; empty: none
  Notify notify = Notify::yes;
  int extensions = 0;             // how often it was given more time
  Instant created{};
  Instant expires{};
};

// What can happen to it.
struct Sent { PhoneId phone; Instant expires; };         // a request now waits for the phone
struct Approved { std::string typed; std::string expected; };  // `expected` from keys.push_number; ignored when nowhere
struct Denied { bool fraud; };
struct Refused { std::string_view reason; };             // policy no longer lets this user in, whatever the phone says
struct Extended { Instant expires; };                    // more time was asked for (WCAG 2.2.1)
struct Expired {};
struct Cancelled {};                                     // a newer request of the same source took its place
using Event = std::variant<Sent, Approved, Denied, Refused, Extended, Expired, Cancelled>;

// The attempt after the event.   conflict: it is final already, or the event does not fit its state; more time is given
// at most kExtensionsMax times. A wrong number is no error: it ends the attempt as denied ("user_mistake"). After
// `expires` only Expired counts.
Result<Attempt> step(const Attempt& attempt, const Event& event, Instant now);

// The log's `result` for an end: success, denied or fraud.
std::string_view log_result(State state);

// Everything but ids, state and times, as a small versioned text; reads back what it writes.
std::string encode_context(const Attempt& attempt);
Result<void> decode_context(std::string_view text, Attempt& into);

}  // namespace countersign::signin
