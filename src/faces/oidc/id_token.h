// What an application is told of a sign-in (duo-api §4.5).
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"
#include "flow/application_visit.h"

namespace countersign::oidc {

inline constexpr seconds kTokenLifetime{300};  // to be read at once; clients allow a minute more

// The claims as JSON. `issuer` is the token endpoint's URL as the application writes it.
std::string id_token_claims(const flow::Redeemed& sign_in, std::string_view issuer, Instant now);

}  // namespace countersign::oidc
