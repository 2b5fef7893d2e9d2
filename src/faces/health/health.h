// Is it up, is it ready, what is it: for load balancers, service managers, and people who open the address.
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"

namespace countersign::health {

// Whether a path belongs to this face: /, /healthz, /readyz.
bool serves(std::string_view path);

// GET and HEAD; anything else is 405. /healthz: 200 while the process answers at all. /readyz: 200, or 503 naming what
// is away. /: a page that says what this is.
net::HttpResponse serve(const flow::Ports& ports, std::string_view version, const net::HttpRequest& request);

}  // namespace countersign::health
