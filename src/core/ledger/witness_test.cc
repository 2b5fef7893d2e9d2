#include "core/ledger/witness.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "testing/ledger_keys.h"
#include "testing/ledger_tree.h"

namespace countersign::ledger {
namespace {

using countersign::testing::ledger_key;
using countersign::testing::LedgerTree;
using countersign::testing::witness_key;

struct World {
  SigningKey log = ledger_key(1, "countersign/x"), witness = witness_key(11, "w1");
  WitnessedLog kept{{log.verifier}, {0, empty_root()}};
  LedgerTree tree;

  void grow(std::uint64_t size) {
    while (tree.size() < size) tree.append_text("leaf " + std::to_string(tree.size()));
  }
  AddCheckpoint request(std::uint64_t old_size, const LedgerTree& of) const {
    const Checkpoint checkpoint{log.verifier.name(), of.head(), {}};
    return {old_size, *consistency_proof(old_size, of.size(), of.nodes()),
            *sign_checkpoint(checkpoint, log.verifier, sign_with(log.key)), checkpoint};
  }
  // As a witness does it: the bytes of a request in, an answer out, the head kept in between.
  WitnessAnswer add(const std::string& body) {
    const auto request = parse_add_checkpoint(body);
    if (!request) return unreadable(request.error());
    const bool ours = request->checkpoint.origin == log.verifier.name();
    auto verdict = judge(*request, ours ? &kept : nullptr);
    if (const auto* refusal = std::get_if<WitnessAnswer>(&verdict)) return *refusal;
    const auto& ok = std::get<CosignHead>(verdict);
    kept.last = ok.head;
    return cosigned({*cosign(ok.text, 1'775'000'000, witness.verifier, sign_with(witness.key))});
  }
  WitnessStatus status(const AddCheckpoint& request) { return add(print(request)).status; }
};

TEST(Witness, CosignsATreeThatGrows) {
  World world;
  std::uint64_t old_size = 0;
  for (const unsigned size : {0u, 1u, 2u, 3u, 8u, 8u, 300u, 301u}) {
    world.grow(size);
    const auto request = world.request(old_size, world.tree);
    const auto answer = world.add(print(request));
    ASSERT_EQ(answer.status, WitnessStatus::ok) << size;
    const auto line = accept_cosignature(answer.body, request.note.text, world.witness.verifier);
    ASSERT_TRUE(line);
    EXPECT_EQ(print(*line), answer.body);
    EXPECT_EQ(world.kept.last, world.tree.head());
    old_size = size;
  }
}

TEST(Witness, AnswersWithItsSizeWhenTheOldOneIsNotIts) {
  World world;
  world.grow(10);
  ASSERT_EQ(world.status(world.request(0, world.tree)), WitnessStatus::ok);
  world.grow(20);
  for (const unsigned old_size : {0u, 5u, 11u, 20u}) {
    const auto answer = world.add(print(world.request(old_size, world.tree)));
    EXPECT_EQ(answer.status, WitnessStatus::conflict);
    EXPECT_EQ(answer.content_type, "text/x.tlog.size");
    EXPECT_EQ(answer.body, "10\n");
    EXPECT_EQ(*conflict_size(answer.body), 10u);
  }
  EXPECT_EQ(world.kept.last.size, 10u);
}

TEST(Witness, NeverCosignsTwoRootsForOneSize) {
  World world;
  world.grow(10);
  LedgerTree fork = world.tree;
  fork.leaves[4] = leaf_hash(bytes_of("another"));
  fork.rebuild();
  ASSERT_EQ(world.status(world.request(0, world.tree)), WitnessStatus::ok);
  EXPECT_EQ(world.status(world.request(10, fork)), WitnessStatus::conflict);
  EXPECT_EQ(world.status(world.request(0, fork)), WitnessStatus::conflict);
  EXPECT_EQ(world.status(world.request(10, world.tree)), WitnessStatus::ok);
  for (int i = 0; i < 5; ++i) fork.append_text("more");
  EXPECT_EQ(world.status(world.request(10, fork)), WitnessStatus::unprocessable);
  EXPECT_EQ(world.kept.last, world.tree.head());
}

TEST(Witness, NeverGoesBack) {
  World world;
  world.grow(10);
  const auto early = world.request(0, world.tree);
  world.grow(12);
  ASSERT_EQ(world.status(world.request(0, world.tree)), WitnessStatus::ok);
  EXPECT_EQ(world.status(early), WitnessStatus::conflict);
  auto shrunk = early;
  shrunk.old_size = 12;
  EXPECT_EQ(world.status(shrunk), WitnessStatus::bad_request);
}

TEST(Witness, WantsAProofThatHolds) {
  World world;
  world.grow(10);
  auto first = world.request(0, world.tree);
  first.proof = {Hash{}};
  EXPECT_EQ(world.status(first), WitnessStatus::unprocessable);
  ASSERT_EQ(world.status(world.request(0, world.tree)), WitnessStatus::ok);
  auto same = world.request(10, world.tree);
  same.proof = {Hash{}};
  EXPECT_EQ(world.status(same), WitnessStatus::unprocessable);
  world.grow(25);
  const auto good = world.request(10, world.tree);
  auto cut = good, longer = good, changed = good;
  cut.proof.pop_back();
  longer.proof.push_back(Hash{});
  changed.proof[0][5] ^= 1;
  for (const auto& bad : {cut, longer, changed}) EXPECT_EQ(world.status(bad), WitnessStatus::unprocessable);
  EXPECT_EQ(world.status(good), WitnessStatus::ok);
}

TEST(Witness, KnowsItsLogsAndTheirKeys) {
  World world;
  world.grow(3);
  const auto good = world.request(0, world.tree);
  World stranger;
  stranger.log = ledger_key(1, "countersign/other");
  stranger.grow(3);
  EXPECT_EQ(world.add(print(stranger.request(0, stranger.tree))).status, WitnessStatus::not_found);
  World thief;
  thief.log = ledger_key(2, "countersign/x");
  thief.grow(3);
  EXPECT_EQ(world.status(thief.request(0, thief.tree)), WitnessStatus::forbidden);
  auto bad = good;
  bad.note.signatures[0].signature[0] ^= 1;
  EXPECT_EQ(world.status(bad), WitnessStatus::forbidden);
  auto with_others = good;
  with_others.note.signatures.push_back({"countersign/x", 7, Bytes(2420)});
  EXPECT_EQ(world.status(with_others), WitnessStatus::ok);
}

TEST(Witness, RefusesWhatHasNotItsForm) {
  World world;
  world.grow(3);
  const std::string good = print(world.request(0, world.tree));
  ASSERT_TRUE(good.starts_with("old 0\n\n"));
  const std::string note = good.substr(7);
  std::string many = "old 0\n";
  for (int i = 0; i < 64; ++i) many += print(Hash{}) + "\n";
  for (const std::string& text :
       {std::string(), note, "old 0\n" + note, "old 00\n\n" + note, "old -1\n\n" + note, "old\n\n" + note,
        "Old 0\n\n" + note, "old 0 \n\n" + note, "old 0\nAAAA\n\n" + note, many + "\n" + note, good + "\n",
        std::string("old 0\n\n"), std::string("old 0\n\ntext\n\n\u2014 log AAAAAAA=\n"), "old 0\r\n\r\n" + note,
        "old 9223372036854775808\n\n" + note, good + std::string(kAddCheckpointMax, 'x')}) {
    const auto request = parse_add_checkpoint(text);
    ASSERT_FALSE(request) << text.substr(0, 100);
    EXPECT_EQ(request.error().code, Errc::malformed);
    EXPECT_EQ(world.add(text).status, WitnessStatus::bad_request);
  }
  EXPECT_EQ(world.kept.last.size, 0u);
  EXPECT_EQ(print(*parse_add_checkpoint(good)), good);
}

TEST(Witness, LogTakesNoBadAnswer) {
  World world;
  world.grow(3);
  const auto request = world.request(0, world.tree);
  const auto answer = world.add(print(request));
  const auto other = witness_key(12, "w1");
  EXPECT_EQ(accept_cosignature(answer.body, request.note.text, other.verifier).error().code, Errc::refused);
  EXPECT_EQ(accept_cosignature(answer.body, "countersign/x\n", world.witness.verifier).error().code, Errc::refused);
  EXPECT_EQ(accept_cosignature("", request.note.text, world.witness.verifier).error().code, Errc::malformed);
  const std::string more = print(NoteSignature{"other", 1, Bytes(72)}) + answer.body;
  EXPECT_EQ(print(*accept_cosignature(more, request.note.text, world.witness.verifier)), answer.body);
  for (const std::string body : {"", "10", "010\n", "10\n\n", "-1\n", "ten\n"}) {
    EXPECT_EQ(conflict_size(body).error().code, Errc::malformed) << body;
  }
}

// A log that forks at random: whatever is sent in whatever order, one size has one root, and sizes never fall.
TEST(Witness, StaysOnOneHistoryUnderRandomRequests) {
  std::mt19937_64 random(9);
  World world;
  std::vector<LedgerTree> trees(1);
  std::map<std::uint64_t, Hash> signed_roots;
  std::uint64_t last = 0;
  int ok = 0;
  for (int round = 0; round < 3000; ++round) {
    if (random() % 20 == 0 && trees.size() < 4) trees.push_back(trees[random() % trees.size()]);
    LedgerTree& tree = trees[random() % trees.size()];
    if (random() % 2 && tree.size() < 200) tree.append_text(std::to_string(random() % 3));
    const std::uint64_t old_size = random() % 3 ? world.kept.last.size : random() % (tree.size() + 1);
    if (old_size > tree.size()) continue;
    if (world.status(world.request(old_size, tree)) != WitnessStatus::ok) continue;
    ++ok;
    ASSERT_GE(tree.size(), last);
    last = tree.size();
    ASSERT_EQ(signed_roots.emplace(tree.size(), tree.edge.root()).first->second, tree.edge.root());
  }
  EXPECT_GT(ok, 100);
}

}  // namespace
}  // namespace countersign::ledger
