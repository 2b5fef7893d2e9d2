// Everything is built here, in order, and nowhere else.
#pragma once

#include <chrono>

#include "core/base/result.h"
#include "server/config.h"

namespace countersign::server {

inline constexpr std::string_view kVersion = "0.1.0";

enum class Demo { no, yes };

// Serves until a signal ends it. Prints one line when ready. Errors say what to do.
Result<void> serve(const Config& config, Demo demo, std::chrono::steady_clock::time_point started);

// The configured database; of database_file where that is given.   not_found: the file cannot be read.
Result<std::string> database_of(const Config& config);

}  // namespace countersign::server
