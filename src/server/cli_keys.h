// `countersign keys wrap`: moves the root key between its sources, on a data directory that no server uses.
#pragma once

#include <functional>

#include "server/cli.h"

namespace countersign::server {

// After add_control_commands, whose `keys` it joins.
void add_key_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen);

// Writes DIR/root.key in the form of the source `to` (keys/root_source.h). The old form is overwritten only when the
// new one was read back.   conflict: a server runs.   Else as RootSource.
Result<void> wrap_root_key(const std::string& data, const std::string& to);

}  // namespace countersign::server
