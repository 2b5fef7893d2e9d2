// Commands whose answer is a folder of files: rows {"path","base64","last"}, a file in as many pieces as it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "server/cli.h"

namespace countersign::server {

struct FilesCommand {
  std::string_view command;                        // "ledger export"
  bool (*is_expected)(std::string_view path);      // whatever answers must not choose other places
  std::function<void(std::string_view path)> on_file{};  // hears of each file that is whole
};

// Asks with `args` and writes the files below `out`, which must not exist yet; only its owner may read them. How many.
// conflict: `out` is there.   unavailable: no server, or a file cannot be written.   Else what the server said.
Result<std::int64_t> take_files(const Globals& globals, const FilesCommand& command, std::string_view args,
                                const std::string& out);

}  // namespace countersign::server
