// The folders of bundles.
#pragma once

#include <string>

#include "server/cli.h"

namespace countersign::server {

// Writes the files that the server gives out below `out`, which must not be there yet. The exit code.
int write_bundles(const Globals& globals, const std::string& args, const std::string& out);

}  // namespace countersign::server
