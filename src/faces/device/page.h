// The pages behind an activation link and for whom nothing is set up yet. No scripts, nothing read, nothing used up.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "net/http.h"
#include "web/page.h"

namespace countersign::device {

// The way to an authenticator on this device, a QR code for another one, the link, a command. Every code of the right
// form gets the same page, so it tells nothing about codes. `public_url` as in flow::Settings.
// not_found: not of the form of a code.
Result<net::HttpResponse> activation_page(const web::Templates& templates, std::string_view public_url,
                                          const net::HttpRequest& request);

// Where clients send a user who has no factor yet: what to do, whom to ask, and what nobody will ask for.
net::HttpResponse enrolment_page(const web::Templates& templates, const net::HttpRequest& request);

}  // namespace countersign::device
