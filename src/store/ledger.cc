#include "store/ledger.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::store {
namespace {

constexpr int kStoredLevels = 8;  // every eighth, as C2SP tlog-tiles has it
constexpr int kLevelMax = 62;
constexpr std::size_t kSearchedMax = 256;  // an index entry of PostgreSQL has 2,704 bytes
constexpr int kPage = 4096;

std::int64_t signed_of(std::uint64_t n) { return static_cast<std::int64_t>(n); }

Result<ledger::Hash> hash_of(ByteView bytes) {
  ledger::Hash out{};
  if (bytes.size() != out.size()) return Error{Errc::malformed, "a hash of the ledger is not 32 bytes long"};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// The part of a text that is stored to search by, ending between two characters.
std::string_view searched(std::string_view text) {
  if (text.size() <= kSearchedMax) return text;
  std::size_t end = kSearchedMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// tree, seq, leaf, entry, at
LedgerEntry read_entry(const Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  const auto leaf = hash_of(row.bytes(2));
  return {.tree = text(0),
          .seq = static_cast<std::uint64_t>(row.integer(1)),
          .leaf = leaf ? *leaf : ledger::Hash{},  // all zero is no entry's hash: what is wrong is not proven
          .entry = text(3),
          .at = row.instant(4)};
}

Result<void> insert_entry(Txn& txn, const LedgerEntry& entry) {
  const std::string_view credential = searched(entry.credential), session = searched(entry.session);
  const std::string_view ip = searched(entry.ip), actor = searched(entry.actor);
  const auto insert = [&] {
    return txn.change(Query::insert_ledger_entry, {entry.tree, signed_of(entry.seq), ByteView(entry.leaf), entry.entry,
                                                   entry.at, credential, session, ip, actor});
  };
  if (TRY(insert()) == 1) return {};
  TRY(txn.change(Query::insert_ledger_actor, {credential, session, ip, actor}));
  if (TRY(insert()) == 1) return {};
  return Error{Errc::conflict, "another node met this actor at the same time"};
}

Result<void> check_growth(const ledger::Edge& before, const ledger::Edge& after,
                          const std::vector<LedgerEntry>& entries) {
  std::uint64_t seq = before.size();
  for (const LedgerEntry& entry : entries) {
    if (entry.seq != seq++ || entry.tree != entries.front().tree) {
      return Error{Errc::malformed, "entries of the ledger follow one another in one tree"};
    }
  }
  if (entries.empty() || seq != after.size()) {
    return Error{Errc::malformed, "the ledger's edge is not that of its tree with the new entries"};
  }
  return {};
}

Query query_by(FoundBy by) {
  switch (by) {
    case FoundBy::credential: return Query::actors_by_credential;
    case FoundBy::session: return Query::actors_by_session;
    case FoundBy::ip: return Query::actors_by_ip;
    case FoundBy::actor: return Query::actors_by_actor;
  }
  std::abort();
}

// The root over a power of two of hashes.
ledger::Hash fold(std::vector<ledger::Hash> hashes) {
  while (hashes.size() > 1) {
    for (std::size_t i = 0; i < hashes.size() / 2; ++i) {
      hashes[i] = ledger::node_hash(hashes[2 * i], hashes[2 * i + 1]);
    }
    hashes.resize(hashes.size() / 2);
  }
  return hashes.front();
}

}  // namespace

Result<ledger::Edge> ledger_edge(Txn& txn, std::string_view tree) {
  Result<ledger::Edge> edge = ledger::Edge();
  TRY(txn.rows(Query::ledger_edge, {tree}, [&](const Row& row) {
    edge = ledger::Edge::decode(static_cast<std::uint64_t>(row.integer(0)), row.bytes(1));
  }));
  return edge;
}

Result<ledger::Edge> ledger_edge_to_grow(Txn& txn, std::string_view tree) {
  TRY(txn.change(Query::take_ledger_turn, {tree}));
  return ledger_edge(txn, tree);
}

// The tree's row comes first: whoever else appends waits there, and then meets a size that is not its own.
Result<void> append_ledger(Txn& txn, const ledger::Edge& before, const ledger::Edge& after,
                           const std::vector<LedgerEntry>& entries, const std::vector<CompletedNode>& nodes) {
  TRY(check_growth(before, after, entries));
  const std::string& tree = entries.front().tree;
  const Bytes peaks = after.peaks();
  const std::int64_t grown =
      before.size() == 0
          ? TRY(txn.change(Query::insert_ledger_tree, {tree, signed_of(after.size()), peaks}))
          : TRY(txn.change(Query::grow_ledger_tree, {tree, signed_of(before.size()), signed_of(after.size()), peaks}));
  if (grown != 1) return Error{Errc::conflict, "the ledger's tree has grown meanwhile"};
  for (const LedgerEntry& entry : entries) TRY(insert_entry(txn, entry));
  for (const CompletedNode& one : nodes) {
    if (one.node.level < kStoredLevels || one.node.level % kStoredLevels != 0) continue;
    TRY(txn.change(Query::insert_ledger_node,
                   {tree, one.node.level, signed_of(one.node.index), ByteView(one.hash)}));
  }
  return {};
}

Result<std::int64_t> ledger_entries(Txn& txn, std::string_view tree, std::uint64_t first, int limit,
                                    const std::function<void(const LedgerEntry&)>& on_entry) {
  if (first > ledger::kTreeSizeMax) return std::int64_t{0};
  return txn.rows(Query::ledger_entries, {tree, signed_of(first), std::max(limit, 0)},
                  [&](const Row& row) { on_entry(read_entry(row)); });
}

Result<std::optional<Instant>> last_entry_before(Txn& txn, std::string_view tree, Instant before) {
  std::optional<Instant> out;
  TRY(txn.rows(Query::last_entry_before, {tree, before}, [&](const Row& row) { out = row.instant(0); }));
  return out;
}

Result<ledger::Hash> ledger_node(Txn& txn, std::string_view tree, const ledger::Node& node) {
  if (node.level < 0 || node.level > kLevelMax || node.index > (ledger::kTreeSizeMax >> node.level)) {
    return Error{Errc::malformed, "no node of the ledger"};
  }
  const int above = node.level % kStoredLevels;
  const int level = node.level - above;
  const std::uint64_t count = std::uint64_t{1} << above;
  const std::uint64_t first = node.index * count;
  std::vector<ledger::Hash> hashes;
  Result<void> fine;
  const auto take = [&](const Row& row) {
    auto hash = hash_of(row.bytes(0));
    if (hash) {
      hashes.push_back(*hash);
    } else {
      fine = hash.error();
    }
  };
  if (level == 0) {
    TRY(txn.rows(Query::ledger_leaves, {tree, signed_of(first), signed_of(first + count)}, take));
  } else {
    TRY(txn.rows(Query::ledger_nodes, {tree, level, signed_of(first), signed_of(first + count)}, take));
  }
  TRY(std::move(fine));
  if (hashes.size() != count) return Error{Errc::not_found, "that part of the ledger is not complete"};
  return fold(std::move(hashes));
}

Result<std::vector<GrownTree>> grown_trees(Txn& txn, int limit) {
  std::vector<GrownTree> out;
  Result<void> fine;
  TRY(txn.rows(Query::grown_trees, {std::max(limit, 0)}, [&](const Row& row) {
    const auto size = static_cast<std::uint64_t>(row.integer(1));
    const auto edge = ledger::Edge::decode(size, row.bytes(2));
    if (!edge) {
      fine = edge.error();
      return;
    }
    out.push_back({.tree = std::string(row.text(0)), .head = {.size = size, .root = edge->root()}});
  }));
  TRY(std::move(fine));
  return out;
}

Result<std::optional<StoredCheckpoint>> checkpoint_of(Txn& txn, std::string_view tree) {
  std::optional<StoredCheckpoint> out;
  TRY(txn.rows(Query::checkpoint_of, {tree}, [&](const Row& row) {
    out = StoredCheckpoint{.tree = std::string(row.text(0)),
                           .size = static_cast<std::uint64_t>(row.integer(1)),
                           .note = std::string(row.text(2)),
                           .at = row.instant(3),
                           .global_seq = static_cast<std::uint64_t>(row.integer(4))};
  }));
  return out;
}

Result<bool> put_checkpoint(Txn& txn, const StoredCheckpoint& checkpoint) {
  const std::int64_t size = signed_of(checkpoint.size);
  const std::int64_t put = TRY(txn.change(Query::put_checkpoint, {checkpoint.tree, size, checkpoint.note,
                                                                  checkpoint.at, signed_of(checkpoint.global_seq)}));
  if (put == 0) return false;
  TRY(txn.change(Query::publish_ledger_tree, {checkpoint.tree, size}));
  return true;
}

// In pages, so that neither engine holds more than one of them in memory.
Result<std::optional<EntryPlace>> find_entries(Txn& txn, const EntryQuery& query,
                                               const std::function<void(const LedgerEntry&)>& on_entry) {
  if (query.value.empty()) return std::optional<EntryPlace>();  // what has no such property is found by none
  std::vector<std::int64_t> actors;
  TRY(txn.rows(query_by(query.by), {searched(query.value), query.after ? query.after->who : 0},
               [&](const Row& row) { actors.push_back(row.integer(0)); }));
  std::ranges::sort(actors);
  std::int64_t found = 0;
  for (const std::int64_t who : actors) {
    // Before the first: no entry has a number below 0, and no tree's name is before the global one's.
    EntryPlace place{.who = who, .at = query.from, .tree = {}, .seq = 0};
    std::int64_t seq = -1;
    if (query.after && query.after->who == who && query.after->at >= query.from) {
      place = *query.after;
      seq = signed_of(place.seq);
    }
    for (std::int64_t page = kPage; page == kPage; seq = signed_of(place.seq)) {
      const std::int64_t wanted = std::min<std::int64_t>(kPage, std::max(query.limit, 0) - found);
      EntryPlace last = place;
      page = TRY(txn.rows(Query::entries_of_actor, {who, place.at, place.tree, seq, query.to, wanted},
                          [&](const Row& row) {
                            const LedgerEntry entry = read_entry(row);
                            on_entry(entry);
                            last = {who, entry.at, entry.tree, entry.seq};
                          }));
      found += page;
      place = last;
      if (found >= query.limit) return std::optional(place);
    }
  }
  return std::optional<EntryPlace>();
}

}  // namespace countersign::store
