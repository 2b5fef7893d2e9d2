// What a browser says of itself (RFC 9110 §10.1.5), as far as the log shows it. Everybody can claim anything here:
// it informs people and decides nothing.
#pragma once

#include <string>
#include <string_view>

namespace countersign::codec {

inline constexpr std::size_t kUserAgentMax = 512;  // what is longer says nothing

struct UserAgent {
  std::string browser, browser_version;  // "Firefox", "140.0"; empty: not known
  std::string os, os_version;            // "Windows", "10"
};

UserAgent read_user_agent(std::string_view text);

}  // namespace countersign::codec
