// Checkpoints (C2SP tlog-checkpoint): a log's head as the text of a signed note; and the names our two levels of trees
// go by (docs/protocols/ledger.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/id.h"
#include "core/ledger/merkle.h"
#include "core/ledger/note.h"

namespace countersign::ledger {

struct Checkpoint {
  std::string origin;
  Head head;
  std::vector<std::string> extensions;  // ours have none
  bool operator==(const Checkpoint&) const = default;
};

// Origin, size, root and extensions, a line each.   malformed: an origin or extension that is empty or holds a newline,
// a control character or bytes that are not UTF-8, a size over 2^63-1, or another root than that of the empty tree.
Result<std::string> print(const Checkpoint& checkpoint);
// malformed: not what `print` writes.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// The signed note of a checkpoint. The key's name must be the origin (malformed otherwise); errors as sign_note.
Result<Note> sign_checkpoint(const Checkpoint& checkpoint, const VerifierKey& key, const Sign& sign);
// malformed: not a note of a checkpoint.   refused: not that log's, or not signed by its key.
Result<Checkpoint> open_checkpoint(const Note& note, const VerifierKey& log);

// A base64 line and a decimal number as checkpoints and proofs write them.   malformed: any other spelling.
Result<Hash> parse_hash(std::string_view base64);
std::string print(const Hash& hash);
Result<std::uint64_t> parse_size(std::string_view decimal);

// The trees of one log: "countersign/<log id>" and, under it, "countersign/<log id>/tenant/<tenant id>".
// malformed: a log id that is empty, over 64 characters or holds others than A-Z a-z 0-9 - _ .
inline constexpr std::string_view kOperatorTree = "operator";  // stands for a tenant id: what belongs to no tenant
Result<std::string> global_origin(std::string_view log_id);
std::string tenant_origin(std::string_view global_origin, const TenantId& tenant);

}  // namespace countersign::ledger
