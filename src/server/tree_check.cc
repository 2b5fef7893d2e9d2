#include "server/tree_check.h"

#include <map>
#include <set>

#include "core/ledger/event.h"
#include "core/ledger/proof.h"
#include "core/ledger/tiles.h"
#include "server/bundle_check.h"

namespace countersign::server {
namespace {

constexpr std::uint64_t kEventsMax = 100'000'000;

Error refused(const std::string& what) { return {Errc::refused, what}; }

// The files of a tree of one size, against each other.
class Tree {
  const std::filesystem::path& folder_;
  const std::uint64_t size_;
  const TenantId owner_;  // none: the operator's
  ledger::Edge edge_;
  std::map<int, Bytes> hashes_;  // of levels 0, 8, …, as tiles hold them

  Result<void> take(const std::string& entry, const std::string& file) {
    const Result<ledger::Event> event = ledger::decode_event(entry);
    if (!event) return Error{event.error().code, file + ": " + event.error().what};
    if (event->tenant != owner_) return refused(file + ": an event of another tenant");
    const ledger::Hash leaf = ledger::leaf_hash(bytes_of(entry));
    append(hashes_[0], leaf);
    edge_.append(leaf, [this](const ledger::Node& node, const ledger::Hash& hash) {
      if (node.level % ledger::kTileHeight == 0) append(hashes_[node.level / ledger::kTileHeight], hash);
    });
    return {};
  }

 public:
  Tree(const std::filesystem::path& folder, std::uint64_t size, TenantId owner)
      : folder_(folder), size_(size), owner_(std::move(owner)) {}

  Result<ledger::Hash> root_of_entries() {
    for (std::uint64_t index = 0; edge_.size() < size_; ++index) {
      const ledger::Tile tile{std::nullopt, index, ledger::tile_width(0, index, size_)};
      const std::string file = ledger::path(tile);
      const std::string content = TRY(read_whole(folder_ / file));
      const auto entries = ledger::decode_bundle(bytes_of(content), tile.width);
      if (!entries) return Error{entries.error().code, file + ": " + entries.error().what};
      for (const std::string& entry : *entries) TRY(take(entry, file));
    }
    return edge_.root();
  }

  Result<void> check_tiles() const {
    std::set<std::string> known = {"checkpoint", "head.tlog-proof"};
    std::vector<ledger::Tile> tiles;
    ledger::each_tile(size_, [&](const ledger::Tile& tile) { tiles.push_back(tile); });
    for (const ledger::Tile& tile : tiles) {
      const std::string file = ledger::path(tile);
      known.insert(file);
      if (!tile.level) continue;
      const std::string content = TRY(read_whole(folder_ / file));
      const std::size_t from = static_cast<std::size_t>(tile.index) * ledger::kTileWidth * sizeof(ledger::Hash);
      const std::size_t size = static_cast<std::size_t>(tile.width) * sizeof(ledger::Hash);
      const ByteView ours = ByteView(hashes_.at(*tile.level)).subspan(from, size);
      if (text_of(ours) != content) return refused(file + " is not of these entries");
    }
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(folder_, error);
    if (error) return Error{Errc::not_found, folder_.string() + ": cannot be read"};
    for (const auto& entry : at) {
      const std::string path = entry.path().lexically_relative(folder_).generic_string();
      if (!entry.is_directory(error) && !known.contains(path)) return refused(path + " is no file of this tree");
    }
    return {};
  }
};

}  // namespace

bool is_exported_tree(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_regular_file(folder / "checkpoint", error);
}

Result<CheckedTree> check_tree(const std::filesystem::path& folder, const ledger::Policy& policy) {
  const std::string text = TRY(read_whole(folder / "checkpoint"));
  const std::string shown = TRY(read_whole(folder / "head.tlog-proof"));
  const ledger::Note note = TRY(ledger::parse_note(text));
  const ledger::Proof proof = TRY(ledger::parse_proof(shown));
  const ledger::Trusted global = TRY(ledger::verify_proof(proof, bytes_of(note.text), policy));
  const std::string claimed = TRY(ledger::parse_checkpoint(note.text)).origin;
  const ledger::VerifierKey key = TRY(global.log.named(claimed));
  const ledger::Checkpoint head = TRY(ledger::open_checkpoint(note, key));
  const std::string before = ledger::tenant_origin(global.checkpoint.origin, TenantId());
  if (!head.origin.starts_with(before)) return refused("the tree is of another log than its head is shown in");
  const TenantId tenant = TRY(TenantId::parse(std::string_view(head.origin).substr(before.size())));
  if (head.head.size > kEventsMax) return Error{Errc::exhausted, "over 100,000,000 events"};
  Tree tree(folder, head.head.size, tenant.text() == ledger::kOperatorTree ? TenantId() : tenant);
  if (TRY(tree.root_of_entries()) != head.head.root) {
    return refused("the entries lead to another root than the checkpoint's");
  }
  TRY(tree.check_tiles());
  return CheckedTree{head.origin, global.checkpoint.origin, head.head.size, global.witnesses.size()};
}

}  // namespace countersign::server
