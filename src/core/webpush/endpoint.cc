#include "core/webpush/endpoint.h"

#include <algorithm>
#include <charconv>

namespace countersign::webpush {
namespace {

constexpr std::size_t kHostMax = 253;  // RFC 1035 §2.3.4, without the root's dot
constexpr std::size_t kLabelMax = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_name(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Labels of letters, digits and inner hyphens (RFC 1123 §2.1); an IPv4 address is of that form too.
bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostMax) return false;
  while (true) {
    const std::string_view label = host.substr(0, host.find('.'));
    if (label.empty() || label.size() > kLabelMax || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), is_name)) return false;
    if (label.size() == host.size()) return true;
    host.remove_prefix(label.size() + 1);
  }
}

// The characters of an IPv6 address; whether it is one shows when it is called.
bool is_v6(std::string_view host) {
  const auto fine = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  return host.size() <= 45 && host.find(':') != host.npos && std::all_of(host.begin(), host.end(), fine);
}

// What may stand in a path or query as sent (RFC 3986 §3.3, §3.4), a fragment's "#" excluded.
bool is_target(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("\"#<>\\^`{|}").find(c) == std::string_view::npos;
}

Error bad(std::string_view what) { return {Errc::malformed, "the endpoint " + std::string(what)}; }

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || port == 0 || text[0] == '0') {
    return bad("has a port that is none");
  }
  return port;
}

Result<void> parse_authority(std::string_view authority, Endpoint& out) {
  if (authority.find('@') != authority.npos) return bad("holds a user's name");
  std::string_view port;
  const std::size_t end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (end == authority.npos) return bad("has a host that is none");
    out.host = lower(authority.substr(1, end - 1));
    if (!is_v6(out.host)) return bad("has a host that is none");
    port = authority.substr(end + 1);
  } else {
    out.host = lower(authority.substr(0, end));
    if (!is_host(out.host)) return bad("has a host that is none");
    port = end == authority.npos ? std::string_view() : authority.substr(end);
  }
  out.port = out.scheme == Scheme::https ? 443 : 80;
  if (port.empty()) return {};
  if (port.size() < 2 || port[0] != ':') return bad("has a port that is none");
  out.port = TRY(parse_port(port.substr(1)));
  return {};
}

bool is_this_machine(const std::string& host) {
  const bool v4 = host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
  return v4 || host == "localhost" || host == "::1";
}

}  // namespace

std::string Endpoint::origin() const {
  const bool v6 = host.find(':') != host.npos;
  std::string out = std::string(scheme == Scheme::https ? "https://" : "http://") + (v6 ? "[" + host + "]" : host);
  if (port != (scheme == Scheme::https ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  if (url.size() > kEndpointMax) return bad("has more than 2048 bytes");
  const std::size_t colon = url.find("://");
  const std::string scheme = lower(url.substr(0, colon == url.npos ? 0 : colon));
  if (scheme != "https" && scheme != "http") return bad("is no https: address");
  Endpoint out;
  out.scheme = scheme == "https" ? Scheme::https : Scheme::http;
  url.remove_prefix(colon + 3);
  const std::size_t slash = std::min(url.find_first_of("/?#"), url.size());
  TRY(parse_authority(url.substr(0, slash), out));
  out.target = url.substr(slash);
  if (!out.target.starts_with('/')) out.target.insert(0, "/");
  if (!std::all_of(out.target.begin(), out.target.end(), is_target))
    return bad("holds a character that is not allowed");
  return out;
}

Result<Services> Services::parse(const std::vector<std::string>& entries) {
  Services out;
  for (const std::string& entry : entries) {
    const Error wrong{Errc::malformed, entry + ": a host, *.domain, https://host[:port] or http://127.0.0.1:port"};
    if (entry.find("://") != entry.npos) {
      const Result<Endpoint> origin = parse_endpoint(entry);
      if (!origin || origin->target != "/" || entry.back() == '/') return wrong;
      if (origin->scheme == Scheme::http && !is_this_machine(origin->host)) return wrong;
      out.origins_.push_back(origin->origin());
      continue;
    }
    const bool domain = entry.starts_with("*.");
    const std::string host = lower(std::string_view(entry).substr(domain ? 2 : 0));
    // A pattern of one label ("*.com") would be everybody.
    if (!is_host(host) || (domain && host.find('.') == host.npos)) return wrong;
    if (domain) out.domains_.push_back("." + host);
    if (!domain) out.hosts_.push_back(host);
  }
  return out;
}

Result<Endpoint> Services::admit(std::string_view url) const {
  Endpoint endpoint = TRY(parse_endpoint(url));
  if (std::find(origins_.begin(), origins_.end(), endpoint.origin()) != origins_.end()) return endpoint;
  if (endpoint.scheme == Scheme::https && endpoint.port == 443) {
    if (std::find(hosts_.begin(), hosts_.end(), endpoint.host) != hosts_.end()) return endpoint;
    for (const std::string& domain : domains_) {
      if (endpoint.host.size() > domain.size() && endpoint.host.ends_with(domain)) return endpoint;
    }
  }
  return Error{Errc::refused, "the endpoint is not of a push service that is allowed here"};
}

}  // namespace countersign::webpush
