#include "faces/oidc/hosts.h"

#include <algorithm>
#include <utility>

namespace countersign::oidc {
namespace {

constexpr std::string_view kHttps = "https://";

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool of_name(char c) { return digit(c) || letter(c) || c == '-' || c == '.' || c == '_'; }
bool of_ipv6(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.'; }

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, digit)) return false;
  int port = 0;
  for (char c : text) port = port * 10 + (c - '0');
  return port > 0 && port <= 65535;
}

}  // namespace

std::optional<std::string> host_name(std::string_view authority) {
  if (authority.empty() || authority.size() > kAuthorityMax) return std::nullopt;
  const bool bracketed = authority.front() == '[';
  const std::size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == authority.npos) return std::nullopt;
  std::string_view name = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  std::string_view rest = end == authority.npos ? std::string_view() : authority.substr(bracketed ? end + 1 : end);
  if (name.empty() || !std::ranges::all_of(name, bracketed ? of_ipv6 : of_name)) return std::nullopt;
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

HostNames::HostNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::string_view own : {"localhost", "127.0.0.1", "::1"}) names_.emplace_back(own);
}

bool HostNames::know(std::string_view authority) const {
  const std::optional<std::string> name = host_name(authority);
  return name && std::ranges::find(names_, *name) != names_.end();
}

std::optional<HttpsUrl> split_https(std::string_view url) {
  if (!url.starts_with(kHttps)) return std::nullopt;
  url.remove_prefix(kHttps.size());
  const std::size_t end = url.find('/');
  const HttpsUrl out{url.substr(0, end), end == url.npos ? std::string_view() : url.substr(end)};
  if (!host_name(out.authority)) return std::nullopt;
  return out;
}

}  // namespace countersign::oidc
