// Binding a factor within a first sign-in: what the browser is shown of it.
#pragma once

#include "flow/open_visit.h"

namespace countersign::flow {

// Options for the browser's ceremonies in this visit.
Result<std::string> passkey_request(const Ports& ports, const OpenVisit& open);
Result<std::string> passkey_creation(const Ports& ports, const OpenVisit& open);

Result<BindPhone> bind_phone_view(const Ports& ports, const OpenVisit& open);

}  // namespace countersign::flow
