// Every answer of this face that is no success, in one place (docs/protocols/device.md, "Errors").
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/base/time.h"
#include "net/http.h"

namespace countersign::device {

// Success, as JSON.
net::HttpResponse json_reply(std::string json);

// The dialect of this face: malformed 400, refused 403, not_found 404, conflict 409, exhausted 429, unavailable 503.
net::HttpResponse problem(const Error& error);

// What was sent is larger than this face takes.
net::HttpResponse size_problem(std::string_view message);
// Not signed by a device that is bound here.
net::HttpResponse unsigned_problem();
// Signed, but by a clock too far away.
net::HttpResponse clock_problem(Instant now);
// The activation code is not valid, for whatever reason.
net::HttpResponse code_problem();
// The subscription is of a push service that is not allowed here.
net::HttpResponse service_problem();
net::HttpResponse method_problem(std::string_view allow);

}  // namespace countersign::device
