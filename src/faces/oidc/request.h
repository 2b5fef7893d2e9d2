// The request JWT of authorize (duo-api §4.3): what an application asks for, once its signature is known to be good.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/identity/application.h"
#include "core/signin/visit.h"
#include "faces/oidc/claims.h"
#include "faces/oidc/problem.h"

namespace countersign::oidc {

inline constexpr Length kStateLength{16, 1024}, kNonceLength{16, 1024};  // duo-api §4.4: the widest any client takes
inline constexpr std::size_t kParameterMax = 1024;

// What stands beside the JWT in the clear: nobody vouches for it, so it counts only where the JWT says nothing.
struct Outside {
  std::string response_type, scope, nonce, state;
};

struct SignInRequest {
  signin::ReturnTo back;
  std::string username;  // byte for byte
};

// Why there will be no sign-in, and where to say so: `uri` is empty unless both it and `state` were found good.
struct Refusal {
  Problem problem;
  std::string uri, state;
};

struct RequestContext {
  const Application& app;
  const HostNames& hosts;
  std::string_view host;  // as the browser wrote it
  Instant now;
};

// Pure. `claims` is the payload of a token whose signature is right.
std::variant<SignInRequest, Refusal> read_request(const codec::Json& claims, const Outside& outside,
                                                  const RequestContext& at);

}  // namespace countersign::oidc
