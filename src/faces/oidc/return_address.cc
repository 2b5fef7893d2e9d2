#include "faces/oidc/return_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace countersign::oidc {

Result<void> allow_redirect_uri(std::string_view uri, const Application& app) {
  if (uri.empty() || uri.size() > kRedirectUriMax) {
    return Error{Errc::malformed,
                 fmt::format("redirect_uri: its length must be from 1 to {}, it is {}.", kRedirectUriMax, uri.size())};
  }
  if (!app.redirect_uris.empty()) {
    if (std::ranges::find(app.redirect_uris, uri) != app.redirect_uris.end()) return {};
    return Error{Errc::malformed, "redirect_uri: it is none of those that this application lists (exact match)."};
  }
  if (const auto good = check_redirect_uri(uri); !good) {
    return Error{Errc::malformed,
                 "redirect_uri: it must be https://HOST/PATH, or http:// on localhost, 127.0.0.1 or [::1], without "
                 "fragment, user name or unencoded characters."};
  }
  return {};
}

std::string with_parameters(std::string uri, const codec::Form& parameters) {
  if (uri.find('?') == uri.npos) {
    uri.push_back('?');
  } else if (!uri.ends_with('?') && !uri.ends_with('&')) {
    uri.push_back('&');
  }
  return std::move(uri) + codec::write_form(parameters);
}

}  // namespace countersign::oidc
