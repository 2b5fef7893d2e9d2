// The prompt: what a person sees between the application's request and its code. docs/protocols/prompt.md.
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"
#include "web/page.h"

namespace countersign::prompt {

// Whether a path belongs to this face: /prompt/…, /.well-known/webauthn.
bool serves(std::string_view path);

// Pages for GET, 303 after every POST of a form, JSON for scripts. `ports` and `templates` must outlive the replies.
net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request);

}  // namespace countersign::prompt
