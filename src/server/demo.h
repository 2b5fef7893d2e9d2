// The demo tenant: a user, a phone and two applications, and what to paste where to see a first sign-in.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "flow/ports.h"

namespace countersign::server {

struct DemoAddresses {
  std::string public_url;    // "https://localhost:8443"
  std::string api_hostname;  // "localhost:8443"
  std::string ca_file;       // empty: the certificate is one that machines trust already
  std::string app_file;      // where the web application of clients/demo finds its credentials
};

// Makes what is missing of the demo, writes `app_file` (mode 0600), and returns the block of text that explains it to a
// person. The text holds the demo's secret key and an activation link. Waits for commits.
Result<Secret> prepare_demo(const flow::Ports& ports, const DemoAddresses& at);

}  // namespace countersign::server
