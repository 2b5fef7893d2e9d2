// The names under which clients reach this server: what a Host header and a token's audience may say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::oidc {

inline constexpr std::size_t kAuthorityMax = 261;  // a name of 255 and ":65535"

class HostNames {
  std::vector<std::string> names_;

 public:
  // Beside localhost, 127.0.0.1 and ::1; lower case, without port, an IPv6 address without brackets.
  explicit HostNames(std::vector<std::string> names);

  // Whether an authority ("localhost:8443", "[::1]") is ours, on whatever port: a proxy may listen on another.
  bool know(std::string_view authority) const;
};

// The name in an authority: lower case, without port and brackets. nullopt: not host[:port] (no user, no empty port).
std::optional<std::string> host_name(std::string_view authority);

// "https://AUTHORITY/path" taken apart, as written. nullopt: another scheme, or an authority that is none.
struct HttpsUrl {
  std::string_view authority, path;
};
std::optional<HttpsUrl> split_https(std::string_view url);

}  // namespace countersign::oidc
