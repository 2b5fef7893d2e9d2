#include "core/identity/application.h"

#include <algorithm>
#include <utility>

namespace countersign {
namespace {

constexpr std::pair<AppType, std::string_view> kNames[] = {
    {AppType::authapi, "authapi"},         {AppType::unix_login, "unix"},   {AppType::websdk, "websdk"},
    {AppType::adminapi, "adminapi"},       {AppType::accountsapi, "accountsapi"}, {AppType::radius, "radius"},
    {AppType::ldapproxy, "ldapproxy"},     {AppType::partner, "partner"},
};

// The host of "host[:port]"; empty: it is neither.
std::string_view host_of(std::string_view authority) {
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == authority.npos) return {};
    end += 1;
  }
  const std::string_view host = authority.substr(0, end);
  const std::string_view rest = authority.substr(host.size());
  const std::string_view port = rest.substr(std::min<std::size_t>(1, rest.size()));
  const bool good_port = rest.empty() || (rest.front() == ':' && !port.empty() && port.size() <= 5 &&
                                          port.find_first_not_of("0123456789") == port.npos);
  if (!good_port) return {};
  // RFC 3986 §3.2.2, without percent signs and what no host name has.
  constexpr std::string_view kName = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
  if (host.starts_with('[')) {
    const std::string_view inside = host.substr(1, host.size() - 2);
    return inside.find_first_not_of("0123456789abcdefABCDEF:.") == inside.npos ? host : std::string_view();
  }
  return host.find_first_not_of(kName) == host.npos ? host : std::string_view();
}

bool loopback(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "[::1]"; }

// RFC 3986 has none of these unescaped; browsers read a backslash as a slash.
bool in_an_uri(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
}

}  // namespace

Result<void> check_redirect_uri(std::string_view uri) {
  const Error wrong{Errc::malformed,
                    "a redirect URI is https://HOST/… or http://localhost/…, at most 256 characters, without fragment"};
  if (uri.size() > kRedirectUriMax || !std::all_of(uri.begin(), uri.end(), in_an_uri)) return wrong;
  const bool https = uri.starts_with("https://");
  if (!https && !uri.starts_with("http://")) return wrong;
  const std::string_view rest = uri.substr(uri.find("//") + 2);
  const std::string_view host = host_of(rest.substr(0, rest.find_first_of("/?")));
  if (host.empty() || (!https && !loopback(host))) return wrong;
  return {};
}

std::string_view name(AppType type) {
  for (const auto& [t, text] : kNames) {
    if (t == type) return text;
  }
  return {};
}

std::optional<AppType> app_type(std::string_view text) {
  for (const auto& [t, known] : kNames) {
    if (known == text) return t;
  }
  return std::nullopt;
}

bool may_authenticate(AppType type) {
  switch (type) {
    case AppType::authapi:
    case AppType::unix_login:
    case AppType::websdk:
    case AppType::radius:
    case AppType::ldapproxy:
    case AppType::partner: return true;
    case AppType::adminapi:
    case AppType::accountsapi: return false;
  }
  return false;
}

}  // namespace countersign
