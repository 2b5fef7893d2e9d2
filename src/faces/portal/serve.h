// The device portal: people look after their own sign-in methods. docs/protocols/portal.md.
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"
#include "web/page.h"

namespace countersign::portal {

// Whether a path belongs to this face: /portal and /portal/….
bool serves(std::string_view path);

// Pages for GET, 303 after a form that was taken; codes and the end of a report are shown by the answer to their form,
// for they exist only once. `ports` and `templates` must outlive the replies.
net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request);

}  // namespace countersign::portal
