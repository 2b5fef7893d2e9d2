// Where a tenant's browser brings the public half and the wrapped private half of the tenant's key, by a one-time link
// (docs/operating/custody.md). The pages themselves are built files (web/reader).
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"

namespace countersign::reader {

bool serves(std::string_view path);  // "/reader/v1/…"

// `ports` must outlive every reply.
net::Reply serve(const flow::Ports& ports, const net::HttpRequest& request);

}  // namespace countersign::reader
