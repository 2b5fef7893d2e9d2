// The page behind an activation link: a QR code, the link, a command. No scripts, nothing read, nothing used up.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::device {

// `public_url` as in flow::Settings. Every code of the right form gets the same page, so it tells nothing about codes.
// not_found: not of the form of a code.
Result<net::HttpResponse> activation_page(std::string_view public_url, std::string_view code);

// Where clients send a user who has no factor yet: whom to ask, and what will happen then.
net::HttpResponse enrolment_page();

}  // namespace countersign::device
