// Every answer of this face that is no success, in one place.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::portal {

// The dialect of this face, as a page: malformed 400, refused 403 with the log's word in plain words, not_found 404,
// conflict 409, exhausted 429, unavailable 503.
net::HttpResponse problem(std::string_view language, const Error& error);
net::HttpResponse cross_site_problem(std::string_view language);
net::HttpResponse method_problem(std::string_view language, std::string_view allow);

// The same for scripts: {"error": "not_found"}.
net::HttpResponse json_problem(const Error& error);
net::HttpResponse json_reply(bool changed);

}  // namespace countersign::portal
