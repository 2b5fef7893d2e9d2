#include "core/ledger/witness.h"

#include <algorithm>

namespace countersign::ledger {
namespace {

constexpr std::string_view kOld = "old ";
constexpr std::string_view kText = "text/plain; charset=utf-8", kSize = "text/x.tlog.size";

WitnessAnswer refuse(WitnessStatus status, std::string_view why) {
  return {status, std::string(kText), std::string(why) + '\n'};
}

WitnessAnswer conflict(const Head& last) {
  return {WitnessStatus::conflict, std::string(kSize), std::to_string(last.size) + '\n'};
}

// Does the proof show that the new head continues the last one?
bool continues(const AddCheckpoint& request, const Head& last) {
  if (last.size == 0) return request.proof.empty();  // every tree continues the empty one
  return verify_consistency(last, request.checkpoint.head, request.proof).has_value();
}

Error not_a_request() { return {Errc::malformed, "not an add-checkpoint request"}; }

}  // namespace

std::string print(const AddCheckpoint& request) {
  std::string out = std::string(kOld) + std::to_string(request.old_size) + '\n';
  for (const Hash& hash : request.proof) out += print(hash) + '\n';
  return out + '\n' + print(request.note);
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kAddCheckpointMax || !body.starts_with(kOld)) return not_a_request();
  const auto take_line = [&]() -> Result<std::string_view> {
    const auto end = body.find('\n');
    if (end == body.npos) return not_a_request();
    const auto line = body.substr(0, end);
    body.remove_prefix(end + 1);
    return line;
  };
  AddCheckpoint out;
  std::string_view line = TRY(take_line());
  out.old_size = TRY(parse_size(line.substr(kOld.size())));
  for (line = TRY(take_line()); !line.empty(); line = TRY(take_line())) {
    if (out.proof.size() == kProofHashesMax) return Error{Errc::malformed, "over 63 hashes in a proof"};
    out.proof.push_back(TRY(parse_hash(line)));
  }
  out.note = TRY(parse_note(body));
  out.checkpoint = TRY(parse_checkpoint(out.note.text));
  return out;
}

// tlog-witness, add-checkpoint, in the order of its text.
std::variant<CosignHead, WitnessAnswer> judge(const AddCheckpoint& request, const WitnessedLog* log) {
  if (!log) return refuse(WitnessStatus::not_found, "this log is not witnessed here");
  if (!verify_note(request.note, log->keys)) {
    return refuse(WitnessStatus::forbidden, "the log's signature is not there or does not verify");
  }
  const Head& head = request.checkpoint.head;
  if (request.old_size > head.size) return refuse(WitnessStatus::bad_request, "the old size is the larger one");
  if (request.old_size != log->last.size) return conflict(log->last);
  if (head.size == log->last.size && head.root != log->last.root) return conflict(log->last);
  if (!continues(request, log->last)) {
    return refuse(WitnessStatus::unprocessable, "the consistency proof does not hold");
  }
  return CosignHead{head, request.note.text};
}

WitnessAnswer cosigned(const std::vector<NoteSignature>& cosignatures) {
  WitnessAnswer out{WitnessStatus::ok, std::string(kText), {}};
  for (const NoteSignature& cosignature : cosignatures) out.body += print(cosignature);
  return out;
}

WitnessAnswer unreadable(const Error& error) { return refuse(WitnessStatus::bad_request, error.what); }

Result<NoteSignature> accept_cosignature(std::string_view body, std::string_view text, const VerifierKey& witness) {
  const Note note{std::string(text), TRY(parse_signature_lines(body))};
  TRY(verify_note(note, {witness}));
  return *std::ranges::find_if(note.signatures, [&](const NoteSignature& line) {
    return line.name == witness.name() && line.key_id == witness.id();
  });
}

Result<std::uint64_t> conflict_size(std::string_view body) {
  if (!body.ends_with('\n')) return Error{Errc::malformed, "a size ends in a newline"};
  return parse_size(body.substr(0, body.size() - 1));
}

}  // namespace countersign::ledger
