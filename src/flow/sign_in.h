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
#include "flow/ports.h"

namespace countersign::flow {

using UserRef = std::variant<UserId, std::string>;  // by id, or by name as the client sent it

// How an attempt or a check stands, in the words of core/; a face turns them into its own.
struct Standing {
  signin::State state = signin::State::denied;  // open: still waiting
  std::string reason;                           // duo-api §5.3: valid_passcode, invalid_passcode, locked_out, …
  AttemptId attempt;
  std::string number;                           // while open and to be shown: the number to type
  int seconds_left = 0;                         // while open
  std::string remember_token;                   // given once, when policy remembers devices
};

// Everything one sign-in decision rests on, read on one snapshot.
struct Situation {
  std::optional<User> user;                     // none: unknown name
  std::string asked_name;                       // as the client sent it, for the log
  std::vector<Enrolment> enrolments;
  std::vector<Phone> phones;
  policy::Effective policy;
  policy::Decision decision;
};

// not_found: a user id that this tenant does not have. malformed: a name that no user can have.
Result<Situation> look_up(const Ports& ports, store::Txn& txn, const Application& app, const UserRef& ref,
                          const record::AccessDevice& access, const Secret& remember_token);

// The event of this sign-in with everything filled in but result, reason and factor.
record::AuthEvent event_of(const Ports& ports, const Application& app, const Situation& situation,
                           const record::AccessDevice& access);

// Seals an event into a history row; to be asked before the write transaction that stores it.
Result<store::HistoryRow> seal_event(const Ports& ports, const record::AuthEvent& event);
Result<store::HistoryRow> seal_event(const Ports& ports, const record::ActivityEvent& event);

}  // namespace countersign::flow
