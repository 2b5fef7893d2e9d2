// Where a push message goes: an address that a browser gave, held against the push services the operator trusts. It is
// input from outside that this server will call, so nothing is called that the list does not name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace countersign::webpush {

inline constexpr std::size_t kEndpointMax = 2048;  // bytes; what services give out stays under 1,000

enum class Scheme { https, http };

struct Endpoint {
  Scheme scheme = Scheme::https;
  std::string host;  // lower case, without brackets
  std::uint16_t port = 443;
  std::string target;  // path and query, as given

  std::string origin() const;  // RFC 6454 §6.2, without the scheme's own port: what VAPID calls the audience
};

// malformed: not https: or http:, over kEndpointMax, userinfo, a fragment, a host that is neither a DNS name nor an
// address, a character that a URL has no room for.
Result<Endpoint> parse_endpoint(std::string_view url);

// The push services in configuration: "host" or "*.domain" (https on port 443), or an origin: "https://host[:port]",
// and "http://127.0.0.1:port" for a service of one's own on this machine.
class Services {
  std::vector<std::string> hosts_;    // exact
  std::vector<std::string> domains_;  // with the dot: ".push.apple.com"
  std::vector<std::string> origins_;

 public:
  // malformed: an entry of another form, or http: to somewhere else than this machine (the error names the entry).
  static Result<Services> parse(const std::vector<std::string>& entries);

  // malformed: as parse_endpoint.   refused: not one of these services.
  Result<Endpoint> admit(std::string_view url) const;
};

}  // namespace countersign::webpush
