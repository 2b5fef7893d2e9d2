// The language a person reads our pages in: what they chose, kept in a cookie, else what the browser takes.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"
#include "web/page.h"

namespace countersign::web {

std::string language_of(const net::HttpRequest& request);

// For {{>foot}}, as "language_links": every language by its own name. `path`: of the page, without a query.
Value language_links(std::string_view path, std::string_view language);

// What such a link asks for: back to `path` (already a valid URL), with the choice kept.
net::HttpResponse choose_language(std::string path, std::string_view wanted);

}  // namespace countersign::web
