// Checks an exported tree of the ledger without server or network (docs/protocols/ledger.md, Tiles).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/ledger/policy.h"

namespace countersign::server {

struct CheckedTree {
  std::string tree, log;  // origins
  std::uint64_t events = 0;
  std::size_t witnesses = 0;
};
// Whether the folder is one: an export has a checkpoint, a bundle has not.
bool is_exported_tree(const std::filesystem::path& folder);
// That every entry is an event of the tree's tenant, that they hash to the root of the checkpoint, that each tile
// agrees, and that the checkpoint is in a global tree which the policy trusts.
// not_found: a file cannot be read.   malformed or refused: as its parts, naming the file.
Result<CheckedTree> check_tree(const std::filesystem::path& folder, const ledger::Policy& policy);

}  // namespace countersign::server
