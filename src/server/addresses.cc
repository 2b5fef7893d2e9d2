#include "server/addresses.h"

#include <algorithm>
#include <charconv>

namespace countersign::server {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::uint16_t kHttps = 443;

bool everywhere(std::string_view host) { return host == "0.0.0.0" || host == "::"; }
bool here(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  const Error wrong{Errc::malformed, "\"" + std::string(text) + "\": an address to listen on is HOST:PORT, such as "
                                     "127.0.0.1:8443 or [::1]:8443"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool brackets = host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!brackets && host.find(':') != std::string_view::npos)) return wrong;
  HostPort out{std::string(host), 0};
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (port.empty() || error != std::errc() || stop != port.data() + port.size()) return wrong;
  return out;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

std::string api_hostname(std::string_view public_url) {
  if (public_url.starts_with(kScheme)) public_url.remove_prefix(kScheme.size());
  return std::string(public_url.substr(0, public_url.find('/')));
}

std::string host_of_url(std::string_view url) {
  std::string authority = api_hostname(url);
  if (authority.starts_with('[')) return lower(authority.substr(1, authority.find(']') - 1));
  return lower(authority.substr(0, authority.find(':')));
}

std::vector<std::string> host_names(const Config& config, const std::vector<HostPort>& listen) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && !here(name) && !everywhere(name) && std::find(out.begin(), out.end(), name) == out.end()) {
      out.push_back(name);
    }
  };
  for (const std::string& name : *config.host_names) add(lower(name));
  add(host_of_url(*config.public_url));
  for (const HostPort& at : listen) add(lower(at.host));
  return out;
}

std::string public_url(const Config& config, const HostPort& first) {
  if (!(*config.public_url).empty()) return *config.public_url;
  std::string host = everywhere(first.host) || here(first.host) ? "localhost" : lower(first.host);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return std::string(kScheme) + host + (first.port == kHttps ? "" : ":" + std::to_string(first.port));
}

}  // namespace countersign::server
