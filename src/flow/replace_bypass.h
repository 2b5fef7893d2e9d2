// New bypass codes for a user, asked for by an application (duo-api §3: bypass_codes).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/sign_in.h"

namespace countersign::flow {

struct ReplaceBypass {
  Application app;
  UserRef user;
  int count = 10;                    // 1 to 10
  std::optional<seconds> valid;      // none: until used up
};
struct ReplacedBypass {
  std::vector<std::string> codes;    // shown once
  std::optional<Instant> expires;
};

// The codes the user had before end with it; written down as activity of the application.
// not_found: no such user.   malformed: the name or the count.
void replace_bypass(const Ports& ports, ReplaceBypass request, Done<ReplacedBypass> done);

}  // namespace countersign::flow
