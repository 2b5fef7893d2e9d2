// The commands of an incident that touch files: a list of references, and the folders of bundles.
#pragma once

#include <string>

#include "server/cli.h"

namespace countersign::server {

// The arguments with the file of --refs read into them.
Result<std::string> with_refs(const std::string& args, const std::string& file);

// Writes the files that the server gives out below `out`, which must not be there yet. The exit code.
int write_bundles(const Globals& globals, const std::string& args, const std::string& out);

}  // namespace countersign::server
