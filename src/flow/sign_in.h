// What the use cases of signing in share: who asks, for whom, and how an attempt stands.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/identity/application.h"
#include "core/identity/enrolment.h"
#include "core/identity/user.h"
#include "core/policy/decide.h"
#include "core/record/auth_event.h"
#include "core/signin/attempt.h"
#include "core/signin/visit.h"
#include "flow/ports.h"
#include "store/attempts.h"
#include "store/history.h"

namespace countersign::flow {

using UserRef = std::variant<UserId, std::string>;  // by id, or by name as the client sent it

// How an attempt or a check stands, in the words of core/; a face turns them into its own.
struct Standing {
  signin::State state = signin::State::denied;  // open: still waiting
  std::string reason;                           // duo-api §5.3: valid_passcode, invalid_passcode, locked_out, …
  AttemptId attempt;
  std::string number;          // while open and to be shown: the number to type
  int seconds_left = 0;        // while open
  std::string remember_token;  // given once, when policy remembers devices
};

// The visit that a factor is shown in, where there is one.
struct VisitStep {
  VisitId id;
  signin::Remember remember = signin::Remember::no;
};

// Everything one sign-in decision rests on, read on one snapshot.
struct Situation {
  std::optional<User> user;  // none: unknown name
  std::string asked_name;    // as the client sent it, for the log
  std::vector<Enrolment> enrolments;
  std::vector<Phone> phones;
  std::vector<std::string> groups;  // names, for the log
  policy::Effective policy;
  policy::Decision decision;
};

// not_found: a user id that this tenant does not have. malformed: a name that no user can have.
Result<Situation> look_up(const Ports& ports, store::Txn& txn, const Application& app, const UserRef& ref,
                          const record::AccessDevice& access, const Secret& remember_token);

// Decides again for somebody whose browser is remembered; look_up knows devices by their token alone.
void decide_remembered(const Ports& ports, Situation& situation, const record::AccessDevice& access);

// The event of this sign-in with everything filled in but result, reason and factor.
record::AuthEvent event_of(const Ports& ports, const Application& app, const Situation& situation,
                           const record::AccessDevice& access);

// Names the device that proved the factor in the event: a masked number, the owner's name for it, or a serial.
void name_device(record::AuthEvent& event, const Situation& situation, const Enrolment& enrolment);

// Seals an event into a history row; to be asked before the write transaction that stores it.
Result<store::HistoryRow> seal_event(const Ports& ports, const record::AuthEvent& event);
Result<store::HistoryRow> seal_event(const Ports& ports, const record::ActivityEvent& event);

// Inside a write: the user is still as the decision saw him, neither locked, disabled nor protected since.
// conflict: he is not.
Result<void> still_open(const Ports& ports, store::Txn& txn, const User& user, const policy::Effective& policy);

inline constexpr std::string_view kRememberPurpose = "remembered-device";

// A device to remember after a success: the token for the client and the row that knows its digest. The token follows
// from the attempt, so each poll of that attempt gives the same one. Empty where policy remembers nothing.
struct Remembered {
  std::string token;
  store::RememberedDevice row;
};
Result<Remembered> remember(const Ports& ports, const Application& app, const UserId& user, const AttemptId& attempt,
                            const policy::Effective& policy);
Result<std::string> remember_token(const Ports& ports, const AttemptId& attempt);

}  // namespace countersign::flow
