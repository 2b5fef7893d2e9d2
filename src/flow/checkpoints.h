// Checkpoints: the signed heads of the trees that have grown, each tenant's a leaf of the global tree
// (docs/protocols/ledger.md). Called every second by server/.
#pragma once

#include <functional>
#include <string>

#include "core/ledger/checkpoint.h"
#include "flow/ports.h"

namespace countersign::flow {

inline constexpr int kTreesARound = 1'000;
inline constexpr std::string_view kGlobalTree = "";

// The name of this installation's log: it follows from its key.
struct LogName {
  std::string origin;       // "countersign/<log id>"
  ledger::VerifierKey key;  // of the global tree; a tenant's is the same key under its own origin
};
Result<LogName> log_name(const Ports& ports);
// The name and key of one tenant's tree, or of the operator's.
Result<ledger::VerifierKey> tree_key(const LogName& log, std::string_view tree);

// Asks the witnesses that have not cosigned the note yet; gives it back with what they answered. Nothing: no witness is
// asked.
using Witness = std::function<std::string(const std::string& note)>;

// Signs the heads of up to kTreesARound trees that have grown, puts them into the global tree, and signs its head.
// Returns how many trees. Where none has grown, witnesses that have not cosigned the newest head are asked again.
// Waits for commits.
Result<int> publish_checkpoints(const Ports& ports, const Witness& witness);

}  // namespace countersign::flow
