#include "web/page.h"

namespace countersign::web {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

// RFC 6265bis §5.8.3 writes them "a=b; c=d", in HTTP/2 and from some clients in several headers.
std::string cookie(const net::HttpRequest& request, std::string_view name) {
  std::string out;
  int found = 0;
  for (const net::Header& header : request.headers) {
    if (header.name != "cookie") continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t semicolon = rest.find(';');
      const std::string_view pair = rest.substr(0, semicolon);
      rest.remove_prefix(semicolon == std::string_view::npos ? rest.size() : semicolon + 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != name) continue;
      out = trimmed(pair.substr(equals + 1));
      ++found;
    }
  }
  return found == 1 ? out : std::string();
}

net::Header set_cookie(std::string_view name, std::string_view value, seconds lifetime, SameSite same_site) {
  std::string text = std::string(name) + "=" + std::string(value) +
                     "; Path=/; Max-Age=" + std::to_string(lifetime.count()) + "; Secure; HttpOnly; SameSite=";
  text += same_site == SameSite::strict ? "Strict" : "Lax";
  return {"set-cookie", std::move(text)};
}

net::Header drop_cookie(std::string_view name) { return set_cookie(name, "", seconds(0), SameSite::lax); }

}  // namespace countersign::web
