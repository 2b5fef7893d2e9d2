// A witness's side of C2SP tlog-witness as a pure decision: from a request and what is kept of its log to an answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/ledger/checkpoint.h"
#include "core/ledger/merkle.h"
#include "core/ledger/note.h"

namespace countersign::ledger {

inline constexpr std::size_t kAddCheckpointMax = kNoteMax + 4096;  // 63 hashes are 2,835 bytes

// POST <prefix>/add-checkpoint.
struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Hash> proof;
  Note note;
  Checkpoint checkpoint;  // what the note's text says
};
std::string print(const AddCheckpoint& request);
// malformed (400): not what `print` writes, or over 63 hashes.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

// What a witness keeps of one log, by its origin.
struct WitnessedLog {
  std::vector<VerifierKey> keys;
  Head last{0, empty_root()};  // that was cosigned
};

// Keep `head` for the origin, durably and only if what is kept is still what was judged by; then cosign `text`; then
// answer. In this order, and one request after the other for each log, no two roots are ever signed for one size.
struct CosignHead {
  Head head;
  std::string text;
};

enum class WitnessStatus {
  ok = 200,
  bad_request = 400,
  forbidden = 403,
  not_found = 404,
  conflict = 409,
  unprocessable = 422
};

struct WitnessAnswer {
  WitnessStatus status = WitnessStatus::ok;
  std::string content_type;
  std::string body;
};

// `log`: what is kept of the request's origin, null where that is not one of ours.
std::variant<CosignHead, WitnessAnswer> judge(const AddCheckpoint& request, const WitnessedLog* log);
// 200 with the cosignatures, a line each.
WitnessAnswer cosigned(const std::vector<NoteSignature>& cosignatures);
// 400 for a body that cannot be read.
WitnessAnswer unreadable(const Error& error);

// The log's side. A valid cosignature of `witness` over `text` out of a body of status 200.
// malformed: not signature lines.   refused: a bad one, or none of this witness.
Result<NoteSignature> accept_cosignature(std::string_view body, std::string_view text, const VerifierKey& witness);
// The size that the witness has, out of a body of status 409.   malformed: anything else.
Result<std::uint64_t> conflict_size(std::string_view body);

}  // namespace countersign::ledger
