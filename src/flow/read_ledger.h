// Giving the ledger out: the trees as tiles, entries, and proofs that need no network (docs/protocols/ledger.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/ledger/proof.h"
#include "core/ledger/tiles.h"
#include "flow/administer.h"
#include "flow/checkpoints.h"
#include "store/ledger.h"

namespace countersign::flow {

// not_found: no checkpoint of that tree was published yet.
Result<store::StoredCheckpoint> newest_checkpoint(const Ports& ports, std::string_view tree);

// The file of a tile of the tree as its newest checkpoint has it: hashes, or the bundle of entries.
// not_found: the tree does not go so far.
Result<Bytes> ledger_tile(const Ports& ports, std::string_view tree, const ledger::Tile& tile);

// Entries from `from` on, in order, whether or not a checkpoint has them yet; until `on_entry` wants no more.
Result<void> each_ledger_entry(const Ports& ports, std::string_view tree, std::uint64_t from,
                               const std::function<bool(const store::LedgerEntry&)>& on_entry);

// An event of a tenant (or of kOperatorTree) with all that shows it.
// not_found: no such event.   unavailable: no published head has it yet; a second later one will.
Result<ledger::EventProof> prove_event(const Ports& ports, std::string_view tree, std::uint64_t seq);

// Takes a file of an exported tree: its path within it and its content.
using OnFile = std::function<Result<void>(std::string_view path, ByteView content)>;
// A tree as a directory of static files, head.tlog-proof among them. The event of the export is durable before the
// first file is given; it belongs to the next checkpoint.
// unavailable: no published head has this tree yet.   Errors of `on_file` pass.
struct LedgerExport {
  std::string tree;
  TenantId tenant;  // none: the operator's own affairs
  std::string case_reference;
};
Result<void> export_ledger(const Administration& by, const LedgerExport& wanted, const OnFile& on_file);

// What `ledger status` shows besides the witnesses.
struct LedgerStanding {
  std::uint64_t entries = 0;    // of the global tree
  std::uint64_t published = 0;  // of those, in the newest checkpoint
  std::optional<Instant> at;    // when that was made
  int waiting = 0;              // trees that have grown since; at most kTreesARound are counted
};
Result<LedgerStanding> ledger_standing(const Ports& ports);

}  // namespace countersign::flow
