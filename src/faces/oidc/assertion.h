// The client assertion of health_check and token (duo-api §4.2, RFC 7523 §3): how an application shows who it is.
#pragma once

#include <string>
#include <string_view>

#include "core/base/id.h"
#include "faces/oidc/claims.h"
#include "faces/oidc/problem.h"

namespace countersign::oidc {

inline constexpr Length kJtiLength{16, 128};  // clients send 32 and 36

struct Assertion {
  std::string jti;      // counts once
  Instant good_until{};
  std::string host;     // our name and port as the application wrote them: what it expects as the token's issuer
};

struct AssertionContext {
  const AppId& app;
  std::string_view path;  // the endpoint's
  const HostNames& hosts;
  Instant now;
};

// The client_id of a token that does not stand beside it: its issuer, not to be believed yet.
Checked<AppId> claimed_client(const codec::Json& claims);

// Pure. `claims` is the payload of a token whose signature is right.   invalid_client: what is wrong with it.
Checked<Assertion> read_assertion(const codec::Json& claims, const AssertionContext& at);

}  // namespace countersign::oidc
