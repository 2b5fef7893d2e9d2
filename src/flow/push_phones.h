// The phones a push can be sent to, for clients that name them by number ("push1", "push2").
#pragma once

#include <vector>

#include "flow/sign_in.h"

namespace countersign::flow {

// In the order in which preauth lists them; empty for who cannot sign in by push now.
Result<std::vector<PhoneId>> push_phones(const Ports& ports, const Application& app, const UserRef& user,
                                         const record::AccessDevice& access);

}  // namespace countersign::flow
