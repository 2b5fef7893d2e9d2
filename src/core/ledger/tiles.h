// The tree as files (C2SP tlog-tiles): tiles of 256 hashes, and bundles of the 256 entries below a tile of level 0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/merkle.h"

namespace countersign::ledger {

inline constexpr int kTileWidth = 256, kTileHeight = 8;
inline constexpr int kTileLevelMax = 7;  // of a tree of 2^63 leaves; the paths know levels to 63
inline constexpr std::size_t kEntryMax = 65'535;
inline constexpr std::size_t kBundleMax = kTileWidth * (kEntryMax + 2);

// One file. Width 256 is a full tile, a smaller one is the beginning of it, as far as the tree went.
struct Tile {
  std::optional<int> level;  // nothing: the bundle of entries
  std::uint64_t index = 0;
  int width = kTileWidth;
  bool operator==(const Tile&) const = default;
};

// "tile/0/x001/234" or "tile/entries/000.p/17".
std::string path(const Tile& tile);
// malformed: any other spelling, a level over 63 or an index over 2^63-1.
Result<Tile> parse_tile_path(std::string_view path);

// How wide tile `index` of a level is in a tree of that size: 0 to 256.
int tile_width(int level, std::uint64_t index, std::uint64_t size);
// Every tile of a tree and every bundle, the partial ones too: all that there is to copy.
void each_tile(std::uint64_t size, const std::function<void(const Tile&)>& visit);

// The hashes of a tile, 32 bytes each.   not_found: the tree does not go so far.   malformed: a bundle. Others pass.
Result<Bytes> read_tile(const Tile& tile, std::uint64_t size, const Nodes& nodes);

// The file of a tile as `read_tile` makes it; errors pass through.
using Tiles = std::function<Result<Bytes>(const Tile&)>;
// Nodes out of the tiles of a tree of exactly that size, asking for the partial tiles that such a tree has. It keeps
// the tile read last of each level, and may be called by one caller at a time.   malformed: a tile of another length.
Nodes nodes_of(std::uint64_t size, Tiles tiles);

// Entries, each after its length in two bytes, the high one first.   exhausted: over 256, or one over 65,535 bytes.
Result<Bytes> encode_bundle(const std::vector<std::string>& entries);
// malformed: not exactly `count` entries.
Result<std::vector<std::string>> decode_bundle(ByteView bundle, int count);

}  // namespace countersign::ledger
