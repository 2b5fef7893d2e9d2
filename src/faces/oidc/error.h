// One problem in the dialects of this face: JSON of token and health_check, a page, or the way back to the application.
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"
#include "faces/oidc/problem.h"
#include "net/http.h"

namespace countersign::oidc {

// HTTP status for a problem; a client that failed to show who it is gets 400 too, as it sent no Authorization header
// (RFC 6749 §5.2).
int status(Word word);

// JSON with the headers that keep it out of every cache (RFC 6749 §5.1).
net::HttpResponse json(int status, std::string body);

// {"error","error_description"} (RFC 6749 §5.2).
net::HttpResponse token_error(const Problem& problem, std::string_view reference);
// {"stat":"FAIL","code","timestamp","message","message_detail"} (duo-api §4.1).
net::HttpResponse health_failure(const Problem& problem, std::string_view reference, Instant now);
// What a person sees who cannot be sent back: the cause, and a number to quote. `language`: its own, such as "fr".
net::HttpResponse error_page(std::string_view reference, const Problem& problem, std::string_view language);

// Where a refusal is told to the application: error, error_description and state (RFC 6749 §4.1.2.1).
struct WayBack {
  std::string uri, state;
};
net::HttpResponse back_with_error(const WayBack& back, const Problem& problem, std::string_view reference);

// 405 with what may be used.
net::HttpResponse wrong_method(net::HttpResponse with, std::string_view allowed);

}  // namespace countersign::oidc
