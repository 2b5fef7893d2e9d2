// Which application speaks: found by its id, known by its signature.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/jwt.h"
#include "core/identity/application.h"
#include "faces/oidc/assertion.h"
#include "faces/oidc/parameters.h"
#include "faces/oidc/problem.h"
#include "flow/ports.h"
#include "net/http.h"

namespace countersign::oidc {

inline constexpr std::string_view kTokenPath = "/oauth/v1/token";
inline constexpr std::string_view kHealthCheckPath = "/oauth/v1/health_check";
inline constexpr std::string_view kAuthorizePath = "/oauth/v1/authorize";

// A token in the compact form of which the header is in order (HS512, typ JWT or none); the signature is unchecked.
// `word` is what it is called where it is not.
Checked<codec::JwtParts> read_token(std::string_view compact, Word word);

// The application of that id that signed the token and may call this API.
// invalid_client: unknown, disabled, or another's signature; a signature is computed for an unknown one all the same.
// unauthorized_client: of a type that may not.
Checked<Application> client_of(const flow::Ports& ports, const AppId& id, const codec::JwtParts& token);

// Under which names of ours, and at which path, an application may show itself.
struct ShownTo {
  const HostNames& hosts;
  std::string_view path;
};

// The application that showed itself by client_assertion, and what the assertion said.
struct Shown {
  Application app;
  Assertion assertion;
};
// `then` makes the reply of it; `path`, like the ports and the hosts, outlives the request.
net::Reply authenticate(const flow::Ports& ports, const ShownTo& to, Parameters& parameters,
                        std::function<net::Reply(Checked<Shown>)> then);

}  // namespace countersign::oidc
