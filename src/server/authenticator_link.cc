#include "server/authenticator_link.h"

#include "core/codec/base64.h"

namespace countersign::server {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kDuo = "duo://";
constexpr std::string_view kPath = "/activate/";
constexpr std::string_view kDefaultPort = ":443";
constexpr std::size_t kLinkMax = 512, kHostMax = 261;  // a DNS name (RFC 1035 §2.3.4) and ":65535"

const char* const kExpected = "not an activation link: expected https://HOST/activate/CODE";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool letter_or_digit(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

// "name[:port]" or "[v6][:port]", nothing else that could stand in an authority.
Result<std::string> parse_host(std::string_view text) {
  if (text.ends_with(kDefaultPort)) text.remove_suffix(kDefaultPort.size());
  if (text.empty() || text.size() > kHostMax) return Error{Errc::malformed, kExpected};
  std::string out;
  for (const char c : text) {
    if (!letter_or_digit(c) && c != '.' && c != '-' && c != '_' && c != ':' && c != '[' && c != ']') {
      return Error{Errc::malformed, kExpected};
    }
    out.push_back(lower(c));
  }
  return out;
}

Result<Secret> parse_code(std::string_view text) {
  if (text.empty() || text.size() > 64) return Error{Errc::malformed, kExpected};
  for (const char c : text) {
    if (!letter_or_digit(c) && c != '-' && c != '_') return Error{Errc::malformed, kExpected};
  }
  return Secret(text);
}

Result<std::string> decoded_host(std::string_view text) {
  for (const codec::Base64 form : {codec::Base64::unpadded, codec::Base64::padded, codec::Base64::url}) {
    const Result<Bytes> bytes = codec::from_base64(form, text);
    if (bytes) return parse_host(text_of(*bytes));
  }
  return Error{Errc::malformed, kExpected};
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
  if (text.size() < scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if (lower(text[i]) != scheme[i]) return false;
  }
  return true;
}

}  // namespace

Result<ActivationLinkParts> parse_activation_link(std::string_view text) {
  if (text.size() > kLinkMax) return Error{Errc::malformed, kExpected};
  ActivationLinkParts out;
  if (starts_with_scheme(text, kDuo)) {
    text.remove_prefix(kDuo.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return Error{Errc::malformed, kExpected};
    out.code = TRY(parse_code(text.substr(0, dash)));
    out.server = std::string(kHttps) + TRY(decoded_host(text.substr(dash + 1)));
    return out;
  }
  if (!starts_with_scheme(text, kHttps)) return Error{Errc::malformed, kExpected};
  text.remove_prefix(kHttps.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !text.substr(slash).starts_with(kPath)) {
    return Error{Errc::malformed, kExpected};
  }
  out.server = std::string(kHttps) + TRY(parse_host(text.substr(0, slash)));
  out.code = TRY(parse_code(text.substr(slash + kPath.size())));
  return out;
}

std::string_view host_of(std::string_view server) {
  if (server.starts_with(kHttps)) server.remove_prefix(kHttps.size());
  return server;
}

}  // namespace countersign::server
