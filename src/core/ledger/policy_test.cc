#include "core/ledger/policy.h"

#include <gtest/gtest.h>

#include "testing/ledger_keys.h"

namespace countersign::ledger {
namespace {

using countersign::testing::ledger_key;
using countersign::testing::witness_key;

const std::string kLogKey = ledger_key(1, "countersign/x").verifier.text();

std::string w(int n) { return witness_key(static_cast<std::uint8_t>(10 + n), "w" + std::to_string(n)).verifier.text(); }

// The example of tlog-policy: two of three X and one of three Y.
std::string example() {
  std::string out = "# two of X, one of Y\nlog " + kLogKey + " https://log.example/\n\n";
  for (int i = 1; i <= 3; ++i) out += "witness X" + std::to_string(i) + " " + w(i) + "\n";
  out += "group X-witnesses 2 X1 X2 X3\n";
  for (int i = 1; i <= 3; ++i) out += "\twitness  Y" + std::to_string(i) + "\t" + w(i + 3) + " \n";
  return out +
         "group Y-witnesses any Y1 Y2 Y3\n\n  # both\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";
}

TEST(Policy, CountsTheStandardsExample) {
  const auto policy = *parse_policy(example());
  ASSERT_EQ(policy.logs.size(), 1u);
  EXPECT_EQ(policy.logs[0].url, "https://log.example/");
  ASSERT_EQ(policy.witnesses.size(), 6u);
  EXPECT_TRUE(policy.quorum_met({true, true, false, false, false, true}));
  EXPECT_TRUE(policy.quorum_met({true, true, true, true, true, true}));
  EXPECT_FALSE(policy.quorum_met({true, true, true, false, false, false}));
  EXPECT_FALSE(policy.quorum_met({true, false, false, true, true, true}));
  EXPECT_FALSE(policy.quorum_met({}));
}

TEST(Policy, IsPrintedAndReadAgain) {
  const auto policy = *parse_policy(example());
  const std::string text = print(policy);
  EXPECT_EQ(print(*parse_policy(text)), text);
  EXPECT_NE(text.find("group Y-witnesses 1 Y1 Y2 Y3\n"), text.npos);
  EXPECT_NE(text.find("group X-and-Y 2 X-witnesses Y-witnesses\nquorum X-and-Y\n"), text.npos);
}

TEST(Policy, MayAskForOneWitnessOrNone) {
  EXPECT_TRUE(parse_policy("quorum none\n")->quorum_met({}));
  const auto one = *parse_policy("witness a " + w(1) + "\nwitness b " + w(2) + "\nquorum b\n");
  EXPECT_TRUE(one.quorum_met({false, true}));
  EXPECT_FALSE(one.quorum_met({true, false}));
}

TEST(Policy, IsRefusedWhenItIsNotClear) {
  const std::string a = "witness a " + w(1) + "\n", b = "witness b " + w(2) + "\n", q = "quorum none\n";
  const std::string log = "log " + kLogKey + "\n";
  std::string many;
  for (int i = 0; i < 65; ++i) many += "witness n" + std::to_string(i) + " " + w(i) + "\n";
  for (const std::string& text : {std::string(),
                                  a,
                                  q + q,
                                  std::string("quorum none"),
                                  std::string("quorum\n"),
                                  std::string("quorum a\n"),
                                  a + a + q,
                                  a + "witness b " + w(1) + "\n" + q,
                                  log + log + q,
                                  "log " + ledger_key(1, "other").verifier.text() + "\n" + log + q,
                                  "log " + w(1) + "\n" + q,
                                  "witness a " + kLogKey + "\n" + q,
                                  "witness none " + w(1) + "\n" + q,
                                  a + b + "group g 0 a b\n" + q,
                                  a + b + "group g 3 a b\n" + q,
                                  a + b + "group g 01 a b\n" + q,
                                  a + b + "group g -1 a b\n" + q,
                                  a + b + "group g 1 a a\n" + q,
                                  a + b + "group g 1 a c\n" + q,
                                  a + b + "group g 1 a\ngroup h 1 a\n" + q,
                                  a + "group g any\n" + q,
                                  a + "group g any none\n" + q,
                                  a + "group a any a\n" + q,
                                  "group g any g\n" + q,
                                  a + q + "quorum a\n",
                                  a + "quorum a b\n",
                                  "logs x\n" + q,
                                  "log\n" + q,
                                  "log " + kLogKey + " u v\n" + q,
                                  "witness a\n" + q,
                                  "witness a " + w(1) + " u v\n" + q,
                                  std::string("quorum none\r\n"),
                                  std::string("# \x7f\nquorum none\n"),
                                  many + q,
                                  "#" + std::string(kPolicyMax, '#') + "\n" + q}) {
    const auto policy = parse_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, Errc::malformed) << text;
  }
  // ML-DSA-44 (type 6): a policy that needs it cannot be judged here.
  EXPECT_EQ(parse_policy("witness a x+00000000+BgAA\n" + q).error().code, Errc::refused);
}

struct World {
  SigningKey log = ledger_key(1, "countersign/x");
  SigningKey first = witness_key(11, "w1"), second = witness_key(12, "w2"), third = witness_key(13, "w3");
  Checkpoint checkpoint{"countersign/x", {3, leaf_hash({})}, {}};
  Note note = *sign_checkpoint(checkpoint, log.verifier, sign_with(log.key));
  Policy policy = *parse_policy("log " + kLogKey + "\nwitness a " + w(1) + "\nwitness b " + w(2) + "\nwitness c " +
                                w(3) + "\ngroup g 2 a b c\nquorum g\n");

  void cosign_by(const SigningKey& key, std::int64_t time_s) {
    note.signatures.push_back(*cosign(note.text, time_s, key.verifier, sign_with(key.key)));
  }
  Errc error() const {
    const auto trusted = verify_checkpoint(note, policy);
    return trusted ? Errc::conflict : trusted.error().code;
  }
};

TEST(Policy, TrustsACheckpointWithItsQuorum) {
  World world;
  EXPECT_EQ(world.error(), Errc::refused);
  world.cosign_by(world.first, 100);
  EXPECT_EQ(world.error(), Errc::refused);
  world.cosign_by(world.first, 101);  // the same witness again does not count
  EXPECT_EQ(world.error(), Errc::refused);
  world.cosign_by(world.third, 102);
  const auto trusted = verify_checkpoint(*parse_note(print(world.note)), world.policy);
  ASSERT_TRUE(trusted);
  EXPECT_EQ(trusted->checkpoint, world.checkpoint);
  EXPECT_EQ(trusted->log.text(), kLogKey);
  EXPECT_EQ(trusted->witnesses, (std::vector<Trusted::Cosigner>{{"w1", 100}, {"w3", 102}}));
}

TEST(Policy, TrustsNoOtherLogAndNoBadSignature) {
  World world;
  world.cosign_by(world.first, 1);
  world.cosign_by(world.second, 1);
  EXPECT_TRUE(verify_checkpoint(world.note, world.policy));
  world.note.signatures[2].signature[70] ^= 1;
  EXPECT_EQ(world.error(), Errc::refused);
  World unsigned_log;
  unsigned_log.note.signatures.clear();
  unsigned_log.cosign_by(unsigned_log.first, 1);
  unsigned_log.cosign_by(unsigned_log.second, 1);
  EXPECT_EQ(unsigned_log.error(), Errc::refused);
  World elsewhere;
  elsewhere.note.text.replace(0, 13, "countersign/y");
  EXPECT_EQ(elsewhere.error(), Errc::refused);
  World nonsense;
  nonsense.note.text = "nonsense\n";
  EXPECT_EQ(nonsense.error(), Errc::malformed);
}

}  // namespace
}  // namespace countersign::ledger
