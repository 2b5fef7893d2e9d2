#include "core/ledger/proof.h"

#include <algorithm>

#include "core/codec/base64.h"

namespace countersign::ledger {
namespace {

using codec::Base64;

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1\n";
constexpr std::string_view kExtra = "extra ", kIndex = "index ";
constexpr std::string_view kEventHeader = "countersign/event-proof@v1\n";
constexpr std::string_view kBetween = "\nc2sp.org/tlog-proof@v1\n";  // after the newline that ends the first proof

Error not_a_proof() { return {Errc::malformed, "not a tlog-proof"}; }

// A line off the front, without its newline.
Result<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == text.npos) return not_a_proof();
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// The tenant that a tree's origin names under a global origin.
Result<TenantId> tenant_of(std::string_view origin, std::string_view global_origin) {
  const std::string prefix = tenant_origin(global_origin, {});
  if (!origin.starts_with(prefix)) return Error{Errc::refused, "the event's tree is not one of this log's tenants"};
  return TenantId::parse(origin.substr(prefix.size()));
}

}  // namespace

std::string print(const Proof& proof) {
  std::string out(kHeader);
  if (proof.extra) out += std::string(kExtra) + codec::to_base64(Base64::padded, *proof.extra) + '\n';
  out += std::string(kIndex) + std::to_string(proof.index) + '\n';
  for (const Hash& hash : proof.hashes) out += print(hash) + '\n';
  return out + '\n' + print(proof.checkpoint);
}

Result<Proof> parse_proof(std::string_view text) {
  if (text.size() > kProofMax || !text.starts_with(kHeader)) return not_a_proof();
  text.remove_prefix(kHeader.size());
  Proof proof;
  std::string_view line = TRY(take_line(text));
  if (line.starts_with(kExtra)) {
    proof.extra = TRY(codec::from_base64(Base64::padded, line.substr(kExtra.size())));
    line = TRY(take_line(text));
  }
  if (!line.starts_with(kIndex)) return not_a_proof();
  proof.index = TRY(parse_size(line.substr(kIndex.size())));
  for (line = TRY(take_line(text)); !line.empty(); line = TRY(take_line(text))) {
    if (proof.hashes.size() == kProofHashesMax) return Error{Errc::malformed, "over 63 hashes in a proof"};
    proof.hashes.push_back(TRY(parse_hash(line)));
  }
  proof.checkpoint = TRY(parse_note(text));
  TRY(parse_checkpoint(proof.checkpoint.text));
  return proof;
}

Result<Trusted> verify_proof(const Proof& proof, ByteView entry, const Policy& policy) {
  Trusted trusted = TRY(verify_checkpoint(proof.checkpoint, policy));
  TRY(verify_inclusion(leaf_hash(entry), proof.index, trusted.checkpoint.head, proof.hashes));
  return trusted;
}

std::string print(const EventProof& proof) {
  return std::string(kEventHeader) + print(proof.event) + '\n' + print(proof.head);
}

Result<EventProof> parse_event_proof(std::string_view text) {
  if (text.size() > 2 * kProofMax || !text.starts_with(kEventHeader)) {
    return Error{Errc::malformed, "not an event proof"};
  }
  text.remove_prefix(kEventHeader.size());
  const auto between = text.find(kBetween);
  if (between == text.npos || text.find(kBetween, between + 1) != text.npos) {
    return Error{Errc::malformed, "an event proof is two proofs with an empty line between"};
  }
  return EventProof{TRY(parse_proof(text.substr(0, between))), TRY(parse_proof(text.substr(between + 1)))};
}

Result<ProvedEvent> verify_event_proof(const EventProof& proof, const Policy& policy) {
  if (!proof.event.extra || proof.head.extra) return Error{Errc::malformed, "an event proof holds the event, once"};
  const std::string_view text = text_of(*proof.event.extra);
  ProvedEvent out{TRY(decode_event(text)),
                  std::string(text),
                  proof.event.index,
                  {},
                  TRY(verify_proof(proof.head, bytes_of(proof.event.checkpoint.text), policy))};
  const Checkpoint claimed = TRY(parse_checkpoint(proof.event.checkpoint.text));
  const TenantId tenant = TRY(tenant_of(claimed.origin, out.global_tree.checkpoint.origin));
  const VerifierKey key = TRY(out.global_tree.log.named(claimed.origin));
  out.tenant_tree = TRY(open_checkpoint(proof.event.checkpoint, key));
  TRY(verify_inclusion(leaf_hash(bytes_of(text)), proof.event.index, out.tenant_tree.head, proof.event.hashes));
  const TenantId owner = tenant.text() == kOperatorTree ? TenantId() : tenant;
  if (out.event.tenant != owner) return Error{Errc::refused, "the event is of another tenant than its tree"};
  return out;
}

}  // namespace countersign::ledger
