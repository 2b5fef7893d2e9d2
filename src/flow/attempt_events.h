// What an attempt's step means outside: the event to log, the failures to clear, the device to remember.
#pragma once

#include <optional>
#include <vector>

#include "flow/budgets.h"
#include "flow/protect.h"
#include "flow/sign_in.h"
#include "flow/stored_attempt.h"
#include "flow/visit_ending.h"

namespace countersign::flow {

// A stored attempt with everything needed to write its end.
struct OpenCase {
  store::StoredAttempt row;
  signin::Attempt attempt;
  Application app;
  Situation situation;
};

// nullopt: no such attempt in this tenant.
Result<std::optional<OpenCase>> read_case(const Ports& ports, const TenantId& tenant, const AttemptId& id);

// The end of an attempt, sealed and ready to be written in one transaction.
struct Ending {
  signin::Attempt attempt;
  store::StoredAttempt row;
  store::HistoryRow event;
  std::optional<User> cleared;  // whose failures and gate are looked at: an approval
  policy::Effective policy;
  Remembered remembered;
  std::optional<VisitEnding> visit;  // the prompt's, by an approval or "not me"
  std::vector<store::StoredFatigue> budgets;
  std::optional<Protection> protection;  // "not me"
  Bytes known_host;                      // from which an approved request came; empty: a browser's
};

// Steps the case by `event` and seals what follows.   conflict: it was final already.
Result<Ending> end_case(const Ports& ports, const OpenCase& open, const signin::Event& event,
                        const std::string& device_address);

// conflict: the attempt or the user changed since it was read.
Result<void> write_ending(const Ports& ports, store::Txn& txn, const Ending& ending);

// How a client is told of it.
Result<Standing> standing_of(const Ports& ports, const signin::Attempt& attempt, const policy::Effective& policy);

}  // namespace countersign::flow
