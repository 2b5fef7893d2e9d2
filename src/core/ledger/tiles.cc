#include "core/ledger/tiles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

namespace countersign::ledger {
namespace {

constexpr std::string_view kPrefix = "tile/", kEntries = "entries", kPartial = ".p/";
constexpr int kPathLevelMax = 63;     // tlog-tiles, Merkle Tree
constexpr int kIndexDigits = 3;       // of a path element
constexpr std::size_t kPathMax = 64;  // "tile/63/" and 19 digits are far below

Error not_a_path() { return {Errc::malformed, "a tile's path looks like tile/0/x001/234.p/5"}; }

// floor(size / 256^level): how many hashes of that level the tree has.
std::uint64_t hashes_of_level(int level, std::uint64_t size) {
  return level > kTileLevelMax ? 0 : size >> (level * kTileHeight);
}

std::string index_path(std::uint64_t index) {
  const auto digits = [](std::uint64_t value) {
    std::string text = std::to_string(value);
    return text.insert(0, kIndexDigits - text.size(), '0');
  };
  std::string out = digits(index % 1000);
  for (index /= 1000; index; index /= 1000) out = 'x' + digits(index % 1000) + '/' + out;
  return out;
}

// A decimal number without needless zeros, at most `max`.
Result<int> small_number(std::string_view text, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > max) return not_a_path();
  if (text.front() == '-' || (text.size() > 1 && text.front() == '0')) return not_a_path();
  return value;
}

// "x001/x234/067" to a number; the caller compares spellings.
Result<std::uint64_t> index_of(std::string_view text) {
  std::uint64_t value = 0;
  for (char c : text) {
    if (c == 'x' || c == '/') continue;
    if (c < '0' || c > '9' || value > kTreeSizeMax / 10) return not_a_path();
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > kTreeSizeMax) return not_a_path();
  return value;
}

// Nodes out of tiles; see nodes_of.
class TileReader {
  std::uint64_t size_;
  Tiles tiles_;
  std::array<std::optional<std::uint64_t>, kTileLevelMax + 1> index_;  // of what is kept
  std::array<Bytes, kTileLevelMax + 1> kept_;

 public:
  TileReader(std::uint64_t size, Tiles tiles) : size_(size), tiles_(std::move(tiles)) {}

  Result<Hash> node(const Node& node) {
    if (node.level < 0 || node.level >= 64) return Error{Errc::not_found, "no such node"};
    const int level = node.level / kTileHeight, above = node.level % kTileHeight;
    const std::uint64_t first = node.index << above;  // the first hash below, in the tile's level
    if (first >> above != node.index) return Error{Errc::not_found, "no such node"};
    const Bytes* tile = TRY(read(level, first / kTileWidth));
    const std::size_t at = first % kTileWidth, count = std::size_t{1} << above;
    if ((at + count) * sizeof(Hash) > tile->size()) return Error{Errc::not_found, "the tree does not go so far"};
    std::vector<Hash> hashes(count);
    std::memcpy(hashes.data(), tile->data() + at * sizeof(Hash), count * sizeof(Hash));
    for (std::size_t left = count; left > 1; left /= 2) {
      for (std::size_t i = 0; i < left / 2; ++i) hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    }
    return hashes[0];
  }

 private:
  Result<const Bytes*> read(int level, std::uint64_t index) {
    const auto place = static_cast<std::size_t>(level);
    if (index_[place] == index) return &kept_[place];
    const int width = tile_width(level, index, size_);
    if (width == 0) return Error{Errc::not_found, "the tree does not go so far"};
    Bytes tile = TRY(tiles_(Tile{level, index, width}));
    if (tile.size() != static_cast<std::size_t>(width) * sizeof(Hash)) {
      return Error{Errc::malformed, "a tile is not as long as its width says"};
    }
    kept_[place] = std::move(tile);
    index_[place] = index;
    return &kept_[place];
  }
};

}  // namespace

std::string path(const Tile& tile) {
  std::string out(kPrefix);
  out += tile.level ? std::to_string(*tile.level) : std::string(kEntries);
  out += '/' + index_path(tile.index);
  if (tile.width != kTileWidth) out += std::string(kPartial) + std::to_string(tile.width);
  return out;
}

Result<Tile> parse_tile_path(std::string_view text) {
  if (text.size() > kPathMax || !text.starts_with(kPrefix)) return not_a_path();
  std::string_view rest = text.substr(kPrefix.size());
  const auto slash = rest.find('/');
  if (slash == rest.npos) return not_a_path();
  Tile tile;
  if (rest.substr(0, slash) != kEntries) tile.level = TRY(small_number(rest.substr(0, slash), kPathLevelMax));
  rest.remove_prefix(slash + 1);
  if (const auto partial = rest.find(kPartial); partial != rest.npos) {
    tile.width = TRY(small_number(rest.substr(partial + kPartial.size()), kTileWidth - 1));
    if (tile.width == 0) return not_a_path();
    rest = rest.substr(0, partial);
  }
  tile.index = TRY(index_of(rest));
  if (path(tile) != text) return not_a_path();
  return tile;
}

int tile_width(int level, std::uint64_t index, std::uint64_t size) {
  const std::uint64_t hashes = hashes_of_level(level, size), before = index * kTileWidth;
  if (before / kTileWidth != index || before >= hashes) return 0;
  return static_cast<int>(std::min<std::uint64_t>(kTileWidth, hashes - before));
}

void each_tile(std::uint64_t size, const std::function<void(const Tile&)>& visit) {
  for (int level = 0; level <= kTileLevelMax; ++level) {
    for (std::uint64_t index = 0; const int width = tile_width(level, index, size); ++index) {
      visit(Tile{level, index, width});
      if (level == 0) visit(Tile{std::nullopt, index, width});
    }
  }
}

Result<Bytes> read_tile(const Tile& tile, std::uint64_t size, const Nodes& nodes) {
  if (!tile.level) return Error{Errc::malformed, "entries are no hashes"};
  if (size > kTreeSizeMax) return Error{Errc::malformed, "a tree has at most 2^63-1 leaves"};
  if (tile.width < 1 || tile_width(*tile.level, tile.index, size) < tile.width) {
    return Error{Errc::not_found, "the tree does not go so far"};
  }
  Bytes out;
  out.reserve(static_cast<std::size_t>(tile.width) * sizeof(Hash));
  const std::uint64_t first = tile.index * kTileWidth;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(tile.width); ++i) {
    append(out, TRY(nodes(Node{*tile.level * kTileHeight, first + i})));
  }
  return out;
}

Nodes nodes_of(std::uint64_t size, Tiles tiles) {
  // Shared, because a std::function is copied; there is one reader behind all copies.
  const auto reader = std::make_shared<TileReader>(size, std::move(tiles));
  return [reader](const Node& node) { return reader->node(node); };
}

Result<Bytes> encode_bundle(const std::vector<std::string>& entries) {
  if (entries.size() > kTileWidth) return Error{Errc::exhausted, "a bundle has at most 256 entries"};
  Bytes out;
  for (const std::string& entry : entries) {
    if (entry.size() > kEntryMax) return Error{Errc::exhausted, "an entry has at most 65,535 bytes"};
    out.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(entry.size()));
    append(out, bytes_of(entry));
  }
  return out;
}

Result<std::vector<std::string>> decode_bundle(ByteView bundle, int count) {
  std::vector<std::string> out;
  if (count < 0 || count > kTileWidth) return Error{Errc::malformed, "a bundle has at most 256 entries"};
  for (int i = 0; i < count; ++i) {
    if (bundle.size() < 2) return Error{Errc::malformed, "a bundle is cut short"};
    const std::size_t length = std::size_t{bundle[0]} << 8 | bundle[1];
    if (bundle.size() - 2 < length) return Error{Errc::malformed, "a bundle is cut short"};
    out.emplace_back(text_of(bundle.subspan(2, length)));
    bundle = bundle.subspan(2 + length);
  }
  if (!bundle.empty()) return Error{Errc::malformed, "something follows a bundle's entries"};
  return out;
}

}  // namespace countersign::ledger
