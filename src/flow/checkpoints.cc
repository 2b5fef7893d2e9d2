#include "flow/checkpoints.h"

#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "store/ledger.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kLogIdSize = 8;

Result<std::string> signed_note(const Ports& ports, const ledger::VerifierKey& key, const ledger::Head& head) {
  const ledger::Sign sign = [&](ByteView text) { return ports.keys.sign_note(text_of(text)); };
  return ledger::print(TRY(ledger::sign_checkpoint({key.name(), head, {}}, key, sign)));
}

// A tenant's head on its way into the global tree.
struct Signed {
  store::StoredCheckpoint checkpoint;
  std::string text;  // of the note: the leaf
};

Result<std::vector<Signed>> sign_all(const Ports& ports, const LogName& log,
                                     const std::vector<store::GrownTree>& grown) {
  std::vector<Signed> out;
  for (const store::GrownTree& tree : grown) {
    const ledger::VerifierKey key = TRY(tree_key(log, tree.tree));
    Signed one;
    one.checkpoint.tree = tree.tree;
    one.checkpoint.size = tree.head.size;
    one.checkpoint.note = TRY(signed_note(ports, key, tree.head));
    one.checkpoint.at = ports.clock.now();
    one.text = TRY(ledger::print(ledger::Checkpoint{key.name(), tree.head, {}}));
    out.push_back(std::move(one));
  }
  return out;
}

// Appends the heads to the global tree and notes their leaves; its new head.
Result<ledger::Head> append(store::Txn& txn, std::vector<Signed>& heads) {
  std::vector<store::LedgerEntry> entries;
  for (const Signed& head : heads) {
    store::LedgerEntry entry;
    entry.entry = head.text;
    entry.at = head.checkpoint.at;
    entries.push_back(std::move(entry));
  }
  const ledger::Head head = TRY(append_to_tree(txn, kGlobalTree, entries));
  for (std::size_t i = 0; i < heads.size(); ++i) heads[i].checkpoint.global_seq = entries[i].seq;
  return head;
}

// All at once, after the witnesses: whoever reads a tenant's head finds it in the global one, with its cosignatures. A
// process that ends before it leaves leaves that nobody was shown; the next round appends the heads again.
Result<void> put_all(store::Txn& txn, const store::StoredCheckpoint& global, const std::vector<Signed>& heads) {
  TRY(store::put_checkpoint(txn, global));
  for (const Signed& head : heads) TRY(store::put_checkpoint(txn, head.checkpoint));
  return {};
}

// A witness that was away when the newest head was made still sees it.
Result<void> ask_again(const Ports& ports, const Witness& witness) {
  if (!witness) return {};
  const auto newest =
      TRY(store::read(ports.store, [](store::Txn& txn) { return store::checkpoint_of(txn, kGlobalTree); }));
  if (!newest) return {};
  store::StoredCheckpoint again = *newest;
  again.note = witness(newest->note);
  if (again.note == newest->note) return {};
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    TRY(store::put_checkpoint(txn, again));
    return {};
  });
}

}  // namespace

Result<LogName> log_name(const Ports& ports) {
  const Bytes key = TRY(ports.keys.ledger_key());
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, key);
  const std::string origin = TRY(ledger::global_origin(codec::to_hex(ByteView(digest).first(kLogIdSize))));
  const auto verifier = TRY(crypto::Ed25519PublicKey::from_bytes(key));
  return LogName{origin, TRY(ledger::VerifierKey::make(origin, ledger::KeyType::ed25519, verifier))};
}

Result<ledger::VerifierKey> tree_key(const LogName& log, std::string_view tree) {
  if (tree == kGlobalTree) return log.key;
  return log.key.named(ledger::tenant_origin(log.origin, TenantId::trusted(tree)));
}

Result<int> publish_checkpoints(const Ports& ports, const Witness& witness) {
  const auto grown =
      TRY(store::read(ports.store, [](store::Txn& txn) { return store::grown_trees(txn, kTreesARound); }));
  if (grown.empty()) {
    TRY(ask_again(ports, witness));
    return 0;
  }
  const LogName log = TRY(log_name(ports));
  std::vector<Signed> heads = TRY(sign_all(ports, log, grown));
  ledger::Head head;
  TRY(write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    head = TRY(append(txn, heads));
    return {};
  }));
  store::StoredCheckpoint global;
  global.size = head.size;
  global.note = TRY(signed_note(ports, log.key, head));
  global.at = ports.clock.now();
  if (witness) global.note = witness(global.note);
  TRY(write_again(ports.store, [&](store::Txn& txn) { return put_all(txn, global, heads); }));
  return static_cast<int>(grown.size());
}

}  // namespace countersign::flow
