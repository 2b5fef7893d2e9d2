// `countersign backup` and `countersign restore`, for the embedded database.
#pragma once

#include <functional>

#include "server/cli.h"

namespace countersign::server {

void add_backup_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen);

// Copies DIR's database to a new file, also while the server runs. root.key is not part of it.
Result<void> backup(const std::string& data, const std::string& to);
// Puts a copy in place of DIR's database, whose files are kept beside it with the ending ".replaced".
// conflict: a server runs, or files of an earlier restore are still there.
Result<void> restore(const std::string& data, const std::string& from);

}  // namespace countersign::server
