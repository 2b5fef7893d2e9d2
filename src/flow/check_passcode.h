// A typed code: checked, counted, recorded, all or nothing.
#pragma once

#include <optional>
#include <vector>

#include "flow/sign_in.h"

namespace countersign::flow {

// Whether the outcome must be found again by an attempt id (a client that polls).
enum class Keep { no, yes };

struct PasscodeRequest {
  Application app;
  UserRef user;
  record::AccessDevice access;
  Secret passcode;
  Keep keep = Keep::no;
  std::optional<VisitStep> visit;                // which a success ends, and which says a failure
  std::optional<std::vector<EnrolmentId>> only;  // of the usable ones, those that may be tried
};

// Tries the code on every enrolment that takes one and that policy allows. A success stores the next state, clears the
// failures and writes the event; a failure counts towards the lock and writes the event.
// Errors: malformed, not_found (user id), unavailable. Refusals are a Standing.
void check_passcode(const Ports& ports, PasscodeRequest request, Done<Standing> done);

}  // namespace countersign::flow
