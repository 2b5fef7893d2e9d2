// `countersign verify FILE|DIR`: proofs and bundles, checked by a policy alone; no server, no network.
#pragma once

#include <functional>

#include "server/cli.h"

namespace countersign::server {

void add_verify_command(CLI::App& app, const Globals& globals, std::function<int()>& chosen);

}  // namespace countersign::server
