// Activation links, as they stand in QR codes and mails.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::server {

struct ActivationLinkParts {
  std::string server;  // "https://host[:port]", lower case, without ":443"
  Secret code;
};

// "https://HOST[:PORT]/activate/CODE" or "duo://CODE-HOST" with HOST in base64.
// malformed: neither.
Result<ActivationLinkParts> parse_activation_link(std::string_view text);

// "host[:port]" of a server as above: what stands in the Host header.
std::string_view host_of(std::string_view server);

}  // namespace countersign::server
