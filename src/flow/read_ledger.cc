#include "flow/read_ledger.h"

#include "core/ledger/checkpoint.h"
#include "flow/ledger.h"

namespace countersign::flow {
namespace {

constexpr int kPage = 256;

Error not_published() {
  return {Errc::unavailable, "no published head of the ledger has it yet; try again in a second"};
}

ledger::Nodes nodes_of(store::Txn& txn, std::string_view tree) {
  return [&txn, tree](const ledger::Node& node) { return store::ledger_node(txn, tree, node); };
}

Result<store::StoredCheckpoint> checkpoint_in(store::Txn& txn, std::string_view tree) {
  auto found = TRY(store::checkpoint_of(txn, tree));
  if (!found) return Error{Errc::not_found, "no checkpoint of this tree was published yet"};
  return *std::move(found);
}

std::uint64_t first_of(const ledger::Tile& tile) { return tile.index * ledger::kTileWidth; }

// Entries below a tile of level 0, exactly as many as it is wide.
Result<std::vector<store::LedgerEntry>> entries_below(store::Txn& txn, std::string_view tree,
                                                      const ledger::Tile& tile) {
  std::vector<store::LedgerEntry> out;
  TRY(store::ledger_entries(txn, tree, first_of(tile), tile.width,
                            [&](const store::LedgerEntry& entry) { out.push_back(entry); }));
  if (out.size() != static_cast<std::size_t>(tile.width)) {
    return Error{Errc::unavailable, "entries of the ledger are missing in the database"};
  }
  return out;
}

Result<Bytes> bundle(store::Txn& txn, std::string_view tree, const ledger::Tile& tile) {
  std::vector<std::string> texts;
  for (store::LedgerEntry& entry : TRY(entries_below(txn, tree, tile))) texts.push_back(std::move(entry.entry));
  return ledger::encode_bundle(texts);
}

// Level 0 in one query; a tile of another level is rarely asked for, and its nodes are stored one by one.
Result<Bytes> hashes(store::Txn& txn, std::string_view tree, const ledger::Tile& tile) {
  Bytes out;
  if (*tile.level == 0) {
    for (const store::LedgerEntry& entry : TRY(entries_below(txn, tree, tile))) append(out, entry.leaf);
    return out;
  }
  for (int i = 0; i < tile.width; ++i) {
    const ledger::Node node{*tile.level * ledger::kTileHeight, first_of(tile) + static_cast<std::uint64_t>(i)};
    append(out, TRY(store::ledger_node(txn, tree, node)));
  }
  return out;
}

Result<Bytes> tile_of(store::Txn& txn, std::string_view tree, const ledger::Tile& tile, std::uint64_t size) {
  if (ledger::tile_width(tile.level.value_or(0), tile.index, size) < tile.width) {
    return Error{Errc::not_found, "the tree does not go so far"};
  }
  return tile.level ? hashes(txn, tree, tile) : bundle(txn, tree, tile);
}

// That the tenant's head is in the global tree, as far as that is published.
Result<ledger::Proof> prove_head(store::Txn& txn, const store::StoredCheckpoint& head) {
  const auto global = TRY(store::checkpoint_of(txn, kGlobalTree));
  if (!global || global->size <= head.global_seq) return not_published();
  ledger::Proof out;
  out.index = head.global_seq;
  out.hashes = TRY(ledger::inclusion_proof(head.global_seq, global->size, nodes_of(txn, kGlobalTree)));
  out.checkpoint = TRY(ledger::parse_note(global->note));
  return out;
}

Result<ledger::EventProof> prove(store::Txn& txn, std::string_view tree, std::uint64_t seq) {
  std::optional<std::string> event;
  TRY(store::ledger_entries(txn, tree, seq, 1, [&](const store::LedgerEntry& entry) {
    if (entry.seq == seq) event = entry.entry;
  }));
  if (!event) return Error{Errc::not_found, "the ledger has no such event"};
  const auto head = TRY(store::checkpoint_of(txn, tree));
  if (!head || head->size <= seq) return not_published();
  ledger::EventProof out;
  out.event.extra = Bytes(event->begin(), event->end());
  out.event.index = seq;
  out.event.hashes = TRY(ledger::inclusion_proof(seq, head->size, nodes_of(txn, tree)));
  out.event.checkpoint = TRY(ledger::parse_note(head->note));
  out.head = TRY(prove_head(txn, *head));
  return out;
}

// The head of a tree that is to be exported, and the proof of it.
struct Head {
  store::StoredCheckpoint checkpoint;
  ledger::Proof proof;
};

Result<Head> head_of(store::Txn& txn, std::string_view tree) {
  auto checkpoint = TRY(store::checkpoint_of(txn, tree));
  if (!checkpoint) return not_published();
  ledger::Proof proof = TRY(prove_head(txn, *checkpoint));
  return Head{*std::move(checkpoint), std::move(proof)};
}

}  // namespace

Result<store::StoredCheckpoint> newest_checkpoint(const Ports& ports, std::string_view tree) {
  return store::read(ports.store, [&](store::Txn& txn) { return checkpoint_in(txn, tree); });
}

Result<Bytes> ledger_tile(const Ports& ports, std::string_view tree, const ledger::Tile& tile) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Bytes> {
    return tile_of(txn, tree, tile, TRY(checkpoint_in(txn, tree)).size);
  });
}

Result<void> each_ledger_entry(const Ports& ports, std::string_view tree, std::uint64_t from,
                               const std::function<bool(const store::LedgerEntry&)>& on_entry) {
  for (bool wanted = true; wanted; from += kPage) {
    std::vector<store::LedgerEntry> page;
    TRY(ports.store.read([&](store::Txn& txn) -> Result<void> {
      page.clear();
      TRY(store::ledger_entries(txn, tree, from, kPage,
                                [&](const store::LedgerEntry& entry) { page.push_back(entry); }));
      return {};
    }));
    for (std::size_t i = 0; wanted && i < page.size(); ++i) wanted = on_entry(page[i]);
    if (page.size() < kPage) return {};
  }
  return {};
}

Result<ledger::EventProof> prove_event(const Ports& ports, std::string_view tree, std::uint64_t seq) {
  return store::read(ports.store, [&](store::Txn& txn) { return prove(txn, tree, seq); });
}

Result<void> export_ledger(const Administration& by, const LedgerExport& wanted, const OnFile& on_file) {
  const Ports& ports = by.ports;
  const Head head = TRY(store::read(ports.store, [&](store::Txn& txn) { return head_of(txn, wanted.tree); }));
  ledger::Event event = begin_event(ports, ledger::EventType::export_, wanted.tenant, ledger_actor(by.actor));
  event.object = "ledger";
  event.purpose = "export";
  event.case_reference = wanted.case_reference;
  event.count = head.checkpoint.size;
  TRY(record_now(ports, event));
  std::vector<ledger::Tile> tiles;
  ledger::each_tile(head.checkpoint.size, [&](const ledger::Tile& tile) { tiles.push_back(tile); });
  for (const ledger::Tile& tile : tiles) {
    const Bytes content = TRY(store::read(
        ports.store, [&](store::Txn& txn) { return tile_of(txn, wanted.tree, tile, head.checkpoint.size); }));
    TRY(on_file(ledger::path(tile), content));
  }
  TRY(on_file("head.tlog-proof", bytes_of(ledger::print(head.proof))));
  return on_file("checkpoint", bytes_of(head.checkpoint.note));
}

Result<LedgerStanding> ledger_standing(const Ports& ports) {
  return store::read(ports.store, [](store::Txn& txn) -> Result<LedgerStanding> {
    LedgerStanding out;
    out.entries = TRY(store::ledger_edge(txn, kGlobalTree)).size();
    if (const auto newest = TRY(store::checkpoint_of(txn, kGlobalTree))) {
      out.published = newest->size;
      out.at = newest->at;
    }
    out.waiting = static_cast<int>(TRY(store::grown_trees(txn, kTreesARound)).size());
    return out;
  });
}

}  // namespace countersign::flow
