// Which other origins may use the passkeys made here: /.well-known/webauthn (WebAuthn Level 3 §5.11).
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"

namespace countersign::prompt {

inline constexpr std::string_view kRelatedOriginsPath = "/.well-known/webauthn";

net::HttpResponse related_origins(const flow::Ports& ports, const net::HttpRequest& request);

}  // namespace countersign::prompt
