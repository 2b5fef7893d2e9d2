// A passkey's answer within a visit: checked, recorded, and the visit's end, all or nothing.
#pragma once

#include <string>

#include "flow/sign_in.h"

namespace countersign::flow {

struct PasskeyRequest {
  VisitStep visit;
  std::string response;  // AuthenticationResponseJSON
};

// The challenge counts once, whatever the answer. A success stores the credential's next state, clears the failures and
// ends the visit; a failure counts towards the lock and is said in the visit. Refusals are a Standing.
// Errors: not_found (the visit), conflict (it has ended), unavailable.
void check_passkey(const Ports& ports, PasskeyRequest request, Done<Standing> done);

}  // namespace countersign::flow
