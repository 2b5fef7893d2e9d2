// Proofs that need no network (C2SP tlog-proof), and ours over two levels of trees (docs/protocols/ledger.md): an event
// in its tenant's tree, and that tree's checkpoint in the global tree, which witnesses have cosigned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/checkpoint.h"
#include "core/ledger/event.h"
#include "core/ledger/merkle.h"
#include "core/ledger/note.h"
#include "core/ledger/policy.h"

namespace countersign::ledger {

inline constexpr std::size_t kProofMax = 256 * 1024;

struct Proof {
  std::optional<Bytes> extra;  // proves nothing by itself
  std::uint64_t index = 0;
  std::vector<Hash> hashes;  // from the leaf's sibling up
  Note checkpoint;
  bool operator==(const Proof&) const = default;
};

std::string print(const Proof& proof);
// malformed: not what `print` writes, over 256 KiB, or over 63 hashes.
Result<Proof> parse_proof(std::string_view text);

// malformed: no checkpoint, or an index beyond it.   refused: the policy does not trust it (verify_checkpoint), or the
// entry is not there.
Result<Trusted> verify_proof(const Proof& proof, ByteView entry, const Policy& policy);

// An event with all that shows it.
struct EventProof {
  Proof event;  // in the tenant's tree; its `extra` is the event itself, the bytes of the leaf
  Proof head;   // of the tenant's checkpoint (the text of its note) in the global tree
  bool operator==(const EventProof&) const = default;
};

std::string print(const EventProof& proof);
// malformed: not what `print` writes.
Result<EventProof> parse_event_proof(std::string_view text);

struct ProvedEvent {
  Event event;
  std::string text;  // the leaf
  std::uint64_t index = 0;
  Checkpoint tenant_tree;
  Trusted global_tree;
};
// The policy names the global tree's key; the tenant's checkpoint is signed with the same key in the name of its own
// origin.   malformed: a part is not of its form.   refused: any step does not hold, or the event is another tenant's.
Result<ProvedEvent> verify_event_proof(const EventProof& proof, const Policy& policy);

}  // namespace countersign::ledger
