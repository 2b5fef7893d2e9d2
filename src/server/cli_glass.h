// `glass open` and `glass lift` on the command line: two shares from stdin, since arguments are seen by others.
#pragma once

#include <istream>
#include <string>

#include "core/base/result.h"

namespace countersign::server {

// The arguments of a command, and `shares`: the first two lines of `in` that are not empty, as they are.
Result<std::string> with_shares(const std::string& args, std::istream& in);

}  // namespace countersign::server
