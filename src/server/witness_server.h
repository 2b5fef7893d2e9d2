// `countersign witness`: a small server of its own, on a machine of somebody else's (docs/operating/ledger.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/cli.h"

namespace countersign::server {

struct WitnessWords {
  std::vector<std::string> listen{"127.0.0.1:8447"};
  std::vector<std::string> logs;  // verifier keys
  std::string name;               // of a key that is made; empty: one made from the key
  std::string tls_certificate, tls_key;
};

// Until SIGTERM. malformed: a key or an address, or plain HTTP elsewhere than on loopback.
Result<void> serve_witness(const std::string& data, const WitnessWords& words);

void add_witness_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen);

}  // namespace countersign::server
