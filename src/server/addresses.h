// Addresses: where to listen, and by which names clients may call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "server/config.h"

namespace countersign::server {

struct HostPort {
  std::string host;        // an IPv6 address without brackets
  std::uint16_t port = 0;
};

// "127.0.0.1:8443", "[::1]:8443", "localhost:0".   malformed: anything else.
Result<HostPort> parse_host_port(std::string_view text);

// Whether only this machine is reached there: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

// Lower case, without scheme and port: "https://MFA.example.com:8443" is "mfa.example.com".
std::string host_of_url(std::string_view url);

// The names beside localhost, 127.0.0.1 and ::1: the configured ones, the public URL's, and addresses listened on.
std::vector<std::string> host_names(const Config& config, const std::vector<HostPort>& listen);

// The configured public URL, or https:// with the first listener's host and the port it got; a wildcard or loopback
// address is called localhost.
std::string public_url(const Config& config, const HostPort& first);

// "https://localhost:8443" is "localhost:8443".
std::string api_hostname(std::string_view public_url);

}  // namespace countersign::server
