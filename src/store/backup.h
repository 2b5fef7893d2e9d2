// A copy of an embedded database, taken while it is in use.
#pragma once

#include <filesystem>

#include "core/base/result.h"

namespace countersign::store {

// Copies the SQLite database `from` as it stands at one moment to the new file `to` (mode 0600), checks the copy, and
// makes it durable. Writers go on meanwhile.
// not_found: no database at `from`.   conflict: `to` exists.   malformed: `from` is no sound database.
// unavailable: it cannot be read, or `to` cannot be written.
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace countersign::store
