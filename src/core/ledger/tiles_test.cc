#include "core/ledger/tiles.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "testing/ledger_tree.h"
#include "testing/vectors.h"

namespace countersign::ledger {
namespace {

using countersign::testing::LedgerTree;
using countersign::testing::load_vectors;

LedgerTree tree_of(int leaves) {
  LedgerTree tree;
  for (int i = 0; i < leaves; ++i) tree.append_text("leaf " + std::to_string(i));
  return tree;
}

TEST(TilePath, IsWrittenAsPublished) {
  const auto file = load_vectors("tlog/tlog-tiles.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  EXPECT_EQ((*file)["tileWidth"], kTileWidth);
  int count = 0;
  for (const auto& v : (*file)["indexPath"]) {
    const Tile tile{0, v["index"], kTileWidth};
    EXPECT_EQ(path(tile), "tile/0/" + v["path"].get<std::string>());
    EXPECT_EQ(*parse_tile_path(path(tile)), tile);
    ++count;
  }
  EXPECT_EQ(count, 4);
}

TEST(TilePath, AndWidthsAreThoseOfPublishedTrees) {
  const auto file = load_vectors("tlog/tlog-tiles.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  int count = 0;
  for (const auto& v : (*file)["tilesBySize"]) {
    std::map<int, std::pair<int, int>> full_and_partial, expected;
    each_tile(v["treeSize"], [&](const Tile& tile) {
      if (!tile.level) return;
      auto& [full, partial] = full_and_partial[*tile.level];
      tile.width == kTileWidth ? ++full : partial = tile.width;
    });
    for (const auto& level : v["levels"]) expected[level["level"]] = {level["full"], level["partialWidth"]};
    EXPECT_EQ(full_and_partial, expected);
    ++count;
  }
  EXPECT_EQ(count, 2);
}

// The Go checksum database writes a height before the level; without it, heights of 8 are our paths.
TEST(TilePath, HasNoHeightInIt) {
  const auto file = load_vectors("tlog/go-sumdb.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  int count = 0;
  for (const auto& v : (*file)["tilePaths"]) {
    ++count;
    const std::string theirs = v["path"];
    const auto slash = theirs.find('/', 5);
    const auto ours = parse_tile_path("tile" + theirs.substr(slash));
    if (v.contains("error")) {
      EXPECT_FALSE(ours) << theirs;
    } else if (v["level"] == "data") {
      EXPECT_FALSE(ours) << theirs;  // we say "entries"
    } else {
      ASSERT_TRUE(ours) << theirs;
      EXPECT_EQ(ours->level, v["level"].get<int>());
      EXPECT_EQ(ours->index, v["index"].get<std::uint64_t>());
      EXPECT_EQ(ours->width, theirs.find(".p/") == theirs.npos ? kTileWidth : v["width"].get<int>());
    }
  }
  EXPECT_EQ(count, 8);
}

TEST(TilePath, IsReadAgainAsItWas) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 5000; ++i) {
    Tile tile;
    if (random() % 2) tile.level = static_cast<int>(random() % 64);
    tile.index = (random() & kTreeSizeMax) >> random() % 63;
    if (random() % 2) tile.width = 1 + static_cast<int>(random() % 255);
    const auto again = parse_tile_path(path(tile));
    ASSERT_TRUE(again) << path(tile);
    EXPECT_EQ(*again, tile);
  }
}

TEST(TilePath, IsRefusedInAnyOtherSpelling) {
  for (const std::string text : {"",
                                 "tile",
                                 "tile/",
                                 "tile/0",
                                 "tile/0/",
                                 "tile/0/0",
                                 "tile/0/0000",
                                 "tile/0/1000",
                                 "tile/00/000",
                                 "tile/+0/000",
                                 "tile/-1/000",
                                 "tile/64/000",
                                 "tile/0/x000/001",
                                 "tile/0/001/000",
                                 "tile/0/x001/x000",
                                 "tile/0/x001000",
                                 "tile/0/000.p/0",
                                 "tile/0/000.p/256",
                                 "tile/0/000.p/01",
                                 "tile/0/000.p/",
                                 "tile/0/000.p",
                                 "tile/0/000.p/1.p/1",
                                 "tile/0/000/",
                                 "/tile/0/000",
                                 "tile//000",
                                 "tile/entries",
                                 "tile/Entries/000",
                                 "tile/0/..",
                                 "tile/0/x001/../000",
                                 "tile/0/x009/x223/x372/x036/x854/x775/808",
                                 "tile/0/x99999999999999999999/000"}) {
    const auto tile = parse_tile_path(text);
    ASSERT_FALSE(tile) << text;
    EXPECT_EQ(tile.error().code, Errc::malformed);
  }
  EXPECT_EQ(parse_tile_path("tile/0/" + std::string(1000, 'x')).error().code, Errc::malformed);
  EXPECT_EQ(parse_tile_path("tile/0/x009/x223/x372/x036/x854/x775/807")->index, kTreeSizeMax);
}

TEST(Tiles, HoldTheTreesHashes) {
  const LedgerTree tree = tree_of(700);
  const Bytes second = *read_tile({0, 1, 256}, 700, tree.nodes());
  ASSERT_EQ(second.size(), 8192u);
  EXPECT_TRUE(std::equal(second.begin(), second.begin() + 32, tree.leaves[256].begin()));
  EXPECT_EQ(read_tile({0, 2, 188}, 700, tree.nodes())->size(), 188u * 32);
  const Bytes above = *read_tile({1, 0, 2}, 700, tree.nodes());
  const Hash root256 = *root_of(256, tree.nodes());
  ASSERT_EQ(above.size(), 64u);
  EXPECT_TRUE(std::equal(root256.begin(), root256.end(), above.begin()));
  for (const Tile tile : {Tile{0, 2, 189}, Tile{0, 2, 256}, Tile{0, 3, 1}, Tile{1, 0, 3}, Tile{2, 0, 1}, Tile{63, 0, 1},
                          Tile{0, kTreeSizeMax, 1}, Tile{0, 0, 0}}) {
    EXPECT_EQ(read_tile(tile, 700, tree.nodes()).error().code, Errc::not_found) << path(tile);
  }
  EXPECT_EQ(read_tile({std::nullopt, 0, 1}, 700, tree.nodes()).error().code, Errc::malformed);
}

TEST(Tiles, AreEnoughForEveryProof) {
  for (const int size : {1, 2, 255, 256, 257, 511, 512, 600, 65'536, 65'800}) {
    const LedgerTree tree = tree_of(size);
    std::map<std::string, Bytes> files;
    each_tile(tree.size(), [&](const Tile& tile) {
      if (tile.level) files[path(tile)] = *read_tile(tile, tree.size(), tree.nodes());
    });
    const Nodes nodes = nodes_of(tree.size(), [&](const Tile& tile) -> Result<Bytes> {
      const auto found = files.find(path(tile));
      if (found == files.end()) return Error{Errc::not_found, path(tile)};
      return found->second;
    });
    EXPECT_EQ(*root_of(tree.size(), nodes), tree.edge.root());
    std::mt19937_64 random(2);
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t index = random() % tree.size(), old_size = 1 + random() % tree.size();
      EXPECT_EQ(*inclusion_proof(index, tree.size(), nodes), *inclusion_proof(index, tree.size(), tree.nodes()));
      EXPECT_EQ(*consistency_proof(old_size, tree.size(), nodes),
                *consistency_proof(old_size, tree.size(), tree.nodes()));
    }
    EXPECT_EQ(nodes(Node{0, tree.size()}).error().code, Errc::not_found);
    EXPECT_EQ(nodes(Node{64, 0}).error().code, Errc::not_found);
    EXPECT_EQ(nodes(Node{7, ~std::uint64_t{0}}).error().code, Errc::not_found);
  }
}

TEST(Tiles, OfAnotherLengthAreRefused) {
  const Nodes cut = nodes_of(300, [](const Tile&) -> Result<Bytes> { return Bytes(31); });
  EXPECT_EQ(cut(Node{0, 0}).error().code, Errc::malformed);
  const Nodes away = nodes_of(300, [](const Tile&) -> Result<Bytes> { return Error{Errc::unavailable, "disk"}; });
  EXPECT_EQ(root_of(300, away).error().code, Errc::unavailable);
}

TEST(Bundle, IsReadAgainAsItWas) {
  const std::vector<std::string> entries = {"", "a", std::string(kEntryMax, 'b'), std::string("\0\xff", 2)};
  const Bytes bundle = *encode_bundle(entries);
  EXPECT_EQ(bundle.size(), 2 * 4 + 0 + 1 + kEntryMax + 2);
  EXPECT_EQ(ByteView(bundle).first(5)[3], 1);
  EXPECT_EQ(*decode_bundle(bundle, 4), entries);
  EXPECT_TRUE(decode_bundle({}, 0)->empty());
}

TEST(Bundle, HasLimitsAndNothingLeftOver) {
  const Bytes bundle = *encode_bundle({"a", "bc"});
  EXPECT_EQ(decode_bundle(bundle, 1).error().code, Errc::malformed);
  EXPECT_EQ(decode_bundle(bundle, 3).error().code, Errc::malformed);
  EXPECT_EQ(decode_bundle(bundle, -1).error().code, Errc::malformed);
  EXPECT_EQ(decode_bundle(bundle, 257).error().code, Errc::malformed);
  for (std::size_t i = 0; i < bundle.size(); ++i) {
    EXPECT_EQ(decode_bundle(ByteView(bundle).first(i), 2).error().code, Errc::malformed);
  }
  EXPECT_EQ(encode_bundle(std::vector<std::string>(257)).error().code, Errc::exhausted);
  EXPECT_EQ(encode_bundle({std::string(kEntryMax + 1, 'x')}).error().code, Errc::exhausted);
}

}  // namespace
}  // namespace countersign::ledger
