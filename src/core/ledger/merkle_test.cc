#include "core/ledger/merkle.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "testing/ledger_tree.h"
#include "testing/vectors.h"

namespace countersign::ledger {
namespace {

using countersign::testing::LedgerTree;
using countersign::testing::load_vectors;
using nlohmann::json;

Hash hash_of_hex(const json& text) {
  const Bytes bytes = *codec::from_hex(text.get<std::string>());
  Hash out{};
  EXPECT_EQ(bytes.size(), out.size());
  std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
  return out;
}

std::vector<Hash> proof_of_hex(const json& list) {
  std::vector<Hash> out;
  for (const auto& item : list) out.push_back(hash_of_hex(item));
  return out;
}

TEST(Merkle, HashesAsTheReferenceDoes) {
  const auto file = load_vectors("tlog/rfc6962-tree.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  EXPECT_EQ(empty_root(), hash_of_hex((*file)["emptyRoot"]));
  int count = 0;
  for (const auto& v : (*file)["singleHashes"]) {
    if (v.contains("input")) {
      EXPECT_EQ(leaf_hash(*codec::from_hex(v["input"].get<std::string>())), hash_of_hex(v["hash"]));
    } else {  // the published node hash is over short words; ours takes whole hashes only
      Bytes text{1};
      append(text, *codec::from_hex(v["left"].get<std::string>()));
      append(text, *codec::from_hex(v["right"].get<std::string>()));
      EXPECT_EQ(codec::to_hex(crypto::hash(crypto::HashKind::sha256, text)), v["hash"].get<std::string>());
    }
    ++count;
  }
  EXPECT_EQ(count, 3);
}

TEST(Merkle, GrowsTheTreeOfTheStandard) {
  const auto file = load_vectors("tlog/rfc6962-tree.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  LedgerTree tree;
  int roots = 0, nodes = 0;
  EXPECT_EQ(tree.edge.root(), hash_of_hex((*file)["rootByTreeSize"][0]));
  for (const auto& leaf : (*file)["leafInputs"]) {
    tree.append(*codec::from_hex(leaf.get<std::string>()));
    EXPECT_EQ(tree.edge.root(), hash_of_hex((*file)["rootByTreeSize"][tree.size()]));
    EXPECT_EQ(*root_of(tree.size(), tree.nodes()), tree.edge.root());
    ++roots;
  }
  EXPECT_EQ(roots, 8);
  const auto& levels = (*file)["nodeHashesByLevel"];
  for (std::size_t level = 0; level < levels.size(); ++level) {
    for (std::size_t i = 0; i < levels[level].size(); ++i, ++nodes) {
      EXPECT_EQ(*tree.nodes()(Node{static_cast<int>(level), i}), hash_of_hex(levels[level][i]));
    }
  }
  EXPECT_EQ(nodes, 15);
}

TEST(Merkle, MakesAndVerifiesTheProofsOfTheStandard) {
  const auto file = load_vectors("tlog/rfc6962-tree.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  LedgerTree tree;
  for (const auto& leaf : (*file)["leafInputs"]) tree.append(*codec::from_hex(leaf.get<std::string>()));
  int inclusions = 0, consistencies = 0;
  for (const auto& v : (*file)["inclusion"]) {
    const auto proof = proof_of_hex(v["proof"]);
    EXPECT_EQ(*inclusion_proof(v["leafIndex"], v["treeSize"], tree.nodes()), proof);
    const Head head{v["treeSize"], hash_of_hex(v["root"])};
    EXPECT_TRUE(verify_inclusion(hash_of_hex(v["leafHash"]), v["leafIndex"], head, proof));
    ++inclusions;
  }
  for (const auto& v : (*file)["consistency"]) {
    const auto proof = proof_of_hex(v["proof"]);
    EXPECT_EQ(*consistency_proof(v["size1"], v["size2"], tree.nodes()), proof);
    EXPECT_TRUE(
        verify_consistency({v["size1"], hash_of_hex(v["root1"])}, {v["size2"], hash_of_hex(v["root2"])}, proof));
    ++consistencies;
  }
  EXPECT_EQ(inclusions, 36);
  EXPECT_EQ(consistencies, 36);
}

// A hash as a caller would take it from the wire: 32 bytes, or it is refused before any tree is looked at. In some
// files words stand for roots that do not matter; their hashes do as well.
std::optional<Hash> wire_hash(const json& text) {
  const auto bytes = codec::from_base64(codec::Base64::padded, text.get<std::string>());
  if (!bytes) return std::nullopt;
  if (text_of(*bytes).starts_with("don't care")) return leaf_hash(*bytes);
  Hash out{};
  if (bytes->size() != out.size()) return std::nullopt;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

std::optional<std::vector<Hash>> wire_proof(const json& list) {
  std::vector<Hash> out;
  if (list.is_null()) return out;
  for (const auto& item : list) {
    const auto hash = wire_hash(item);
    if (!hash) return std::nullopt;
    out.push_back(*hash);
  }
  return out;
}

bool accepts_inclusion(const json& v) {
  const auto leaf = wire_hash(v["leafHash"]), root = wire_hash(v["root"]);
  const auto proof = wire_proof(v["proof"]);
  if (!leaf || !root || !proof) return false;
  return verify_inclusion(*leaf, v["leafIdx"], {v["treeSize"], *root}, *proof).has_value();
}

bool accepts_consistency(const json& v) {
  const auto old_root = wire_hash(v["root1"]), root = wire_hash(v["root2"]);
  const auto proof = wire_proof(v["proof"]);
  if (!old_root || !root || !proof) return false;
  return verify_consistency({v["size1"], *old_root}, {v["size2"], *root}, *proof).has_value();
}

TEST(Merkle, JudgesEveryFileOfTheMerkleSet) {
  const auto root = countersign::testing::vectors_root() / "tlog/merkle";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "vectors not present";
  int files = 0, refused = 0;
  for (const std::string kind : {"inclusion", "consistency"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / kind)) {
      if (entry.path().extension() != ".json") continue;
      const auto v = load_vectors(std::filesystem::relative(entry.path(), countersign::testing::vectors_root()));
      const bool accepted = kind == "inclusion" ? accepts_inclusion(*v) : accepts_consistency(*v);
      EXPECT_EQ(accepted, !(*v)["wantErr"].get<bool>()) << entry.path();
      ++files;
      refused += !accepted;
    }
  }
  EXPECT_EQ(files, 196);
  EXPECT_EQ(refused, 184);
}

TEST(Merkle, ProvesEveryLeafOfTreesOfManySizes) {
  LedgerTree tree;
  std::mt19937_64 random(1);
  for (int n = 0; n < 600; ++n) {
    tree.append_text("leaf " + std::to_string(random()));
    const Head head{tree.size(), tree.edge.root()};
    ASSERT_EQ(*root_of(head.size, tree.nodes()), head.root);
    const std::uint64_t index = random() % head.size;
    const auto proof = *inclusion_proof(index, head.size, tree.nodes());
    ASSERT_TRUE(verify_inclusion(tree.leaf(index), index, head, proof)) << index << " of " << head.size;
    const std::uint64_t old_size = 1 + random() % head.size;
    const Head old_head{old_size, *root_of(old_size, tree.nodes())};
    const auto consistency = *consistency_proof(old_size, head.size, tree.nodes());
    ASSERT_TRUE(verify_consistency(old_head, head, consistency)) << old_size << " to " << head.size;
  }
  for (std::uint64_t i = 0; i < 600; ++i) {
    const auto proof = *inclusion_proof(i, 600, tree.nodes());
    ASSERT_TRUE(verify_inclusion(tree.leaf(i), i, {600, tree.edge.root()}, proof));
  }
}

TEST(Merkle, SeesALeafThatIsDroppedOrChanged) {
  std::vector<std::string> leaves;
  for (int i = 0; i < 61; ++i) leaves.push_back("event " + std::to_string(i));
  const LedgerTree whole(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    auto dropped = leaves, flipped = leaves;
    dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
    flipped[i][0] ^= 1;
    EXPECT_NE(LedgerTree(dropped).edge.root(), whole.edge.root());
    EXPECT_NE(LedgerTree(flipped).edge.root(), whole.edge.root());
    const LedgerTree other(flipped);
    const auto proof = *inclusion_proof(i, leaves.size(), whole.nodes());
    const Head head{leaves.size(), whole.edge.root()};
    const auto result = verify_inclusion(other.leaf(i), i, head, proof);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::refused);
  }
}

TEST(Merkle, RefusesAProofOfAnotherLeafOrTree) {
  LedgerTree tree;
  for (int i = 0; i < 100; ++i) tree.append_text(std::to_string(i));
  LedgerTree fork = tree;
  fork.leaves[40] = leaf_hash(bytes_of("another"));
  fork.rebuild();
  const Head head{100, tree.edge.root()};
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto proof = *inclusion_proof(i, 100, tree.nodes());
    const auto next = (i + 1) % 100;
    EXPECT_EQ(verify_inclusion(tree.leaf(i), next, head, proof).error().code, Errc::refused);
    EXPECT_EQ(verify_inclusion(tree.leaf(next), i, head, proof).error().code, Errc::refused);
    EXPECT_EQ(verify_inclusion(tree.leaf(i), i, {100, fork.edge.root()}, proof).error().code, Errc::refused);
  }
}

TEST(Merkle, RefusesAForkAndATreeThatShrank) {
  LedgerTree tree;
  for (int i = 0; i < 50; ++i) tree.append_text(std::to_string(i));
  const Head old_head{50, tree.edge.root()};
  LedgerTree fork = tree;
  fork.leaves[7] = leaf_hash(bytes_of("rewritten"));
  fork.rebuild();
  for (int i = 50; i < 90; ++i) tree.append_text(std::to_string(i)), fork.append_text(std::to_string(i));
  const Head head{90, fork.edge.root()};
  for (const LedgerTree* maker : {&tree, &fork}) {
    const auto proof = *consistency_proof(50, 90, maker->nodes());
    EXPECT_EQ(verify_consistency(old_head, head, proof).error().code, Errc::refused);
  }
  EXPECT_EQ(verify_consistency(head, old_head, {}).error().code, Errc::malformed);
  EXPECT_EQ(verify_consistency(old_head, {50, fork.edge.root()}, {}).error().code, Errc::refused);
  EXPECT_EQ(verify_consistency({0, empty_root()}, head, {}).error().code, Errc::malformed);
}

TEST(Merkle, SaysWhatCannotBeAsked) {
  LedgerTree tree;
  for (int i = 0; i < 5; ++i) tree.append_text(std::to_string(i));
  EXPECT_EQ(inclusion_proof(5, 5, tree.nodes()).error().code, Errc::malformed);
  EXPECT_EQ(consistency_proof(6, 5, tree.nodes()).error().code, Errc::malformed);
  EXPECT_EQ(root_of(kTreeSizeMax + 1, tree.nodes()).error().code, Errc::malformed);
  EXPECT_EQ(verify_inclusion(tree.leaf(0), 5, {5, tree.edge.root()}, {}).error().code, Errc::malformed);
  EXPECT_TRUE(consistency_proof(0, 5, tree.nodes())->empty());
  const Nodes away = [](const Node&) -> Result<Hash> { return Error{Errc::unavailable, "disk"}; };
  EXPECT_EQ(inclusion_proof(0, 5, away).error().code, Errc::unavailable);
}

TEST(Edge, GoesOnFromItsPeaks) {
  LedgerTree tree;
  for (int i = 0; i < 300; ++i) {
    tree.append_text(std::to_string(i));
    const auto again = Edge::decode(tree.size(), tree.edge.peaks());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->root(), tree.edge.root());
  }
  auto edge = *Edge::decode(tree.size(), tree.edge.peaks());
  edge.append(leaf_hash(bytes_of("one more")));
  tree.append_text("one more");
  EXPECT_EQ(edge.root(), tree.edge.root());
}

TEST(Edge, RefusesPeaksThatDoNotFitTheSize) {
  EXPECT_EQ(Edge::from(3, {Hash{}}).error().code, Errc::malformed);
  EXPECT_EQ(Edge::decode(1, Bytes(33)).error().code, Errc::malformed);
  EXPECT_EQ(Edge::decode(0, Bytes(32)).error().code, Errc::malformed);
  EXPECT_EQ(Edge::from(~std::uint64_t{0}, std::vector<Hash>(64)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::ledger
