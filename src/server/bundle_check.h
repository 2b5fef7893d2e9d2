// Checks a tenant's bundle without server or network (docs/protocols/bundle.md, Checking).
#pragma once

#include <filesystem>
#include <string>

#include "core/ledger/policy.h"

namespace countersign::server {

struct CheckedBundle {
  std::string tenant, signer;
  std::size_t files = 0, reads = 0, rows = 0;
};
// not_found: a file cannot be read.   malformed or refused: as its parts, naming the file.
Result<CheckedBundle> check_bundle(const std::filesystem::path& folder, const ledger::Policy& policy);

// A whole file.   not_found: it cannot be read.   exhausted: over 1 GiB.
Result<std::string> read_whole(const std::filesystem::path& file);

}  // namespace countersign::server
