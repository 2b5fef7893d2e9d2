#include "core/ledger/proof.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "testing/ledger_keys.h"
#include "testing/ledger_tree.h"
#include "testing/vectors.h"

namespace countersign::ledger {
namespace {

using countersign::testing::ledger_key;
using countersign::testing::LedgerTree;
using countersign::testing::witness_key;

constexpr std::string_view kOrigin = "countersign/x";
const TenantId kTenant = TenantId::trusted("DA2");

std::string event_text(int n, const TenantId& tenant = kTenant) {
  Event event;
  event.at = from_unix_s(1'775'000'000 + n);
  event.tenant = tenant;
  event.count = static_cast<std::uint64_t>(n);
  return *encode(event);
}

// A tenant's tree of 100 events under a global tree of 40 checkpoints, one witness of one.
struct World {
  SigningKey log = ledger_key(1, kOrigin), witness = witness_key(11, "w1");
  VerifierKey tenant_key = *log.verifier.named(tenant_origin(kOrigin, kTenant));
  LedgerTree tenant_tree, global_tree;
  Policy policy =
      *parse_policy("log " + log.verifier.text() + "\nwitness w " + witness.verifier.text() + "\nquorum w\n");
  EventProof proof;

  explicit World(std::uint64_t index = 42) {
    for (int i = 0; i < 100; ++i) tenant_tree.append_text(event_text(i));
    prove(index, event_text(static_cast<int>(index)));
  }

  void prove(std::uint64_t index, const std::string& text) {
    const Note head = sign(tenant_tree.head(), tenant_key);
    proof.event = {Bytes(text.begin(), text.end()), index,
                   *inclusion_proof(index, tenant_tree.size(), tenant_tree.nodes()), head};
    global_tree = LedgerTree();
    for (int i = 0; i < 40; ++i) global_tree.append_text(i == 17 ? head.text : "checkpoint " + std::to_string(i));
    Note top = sign(global_tree.head(), log.verifier);
    top.signatures.push_back(*cosign(top.text, 1'775'000'999, witness.verifier, sign_with(witness.key)));
    proof.head = {std::nullopt, 17, *inclusion_proof(17, 40, global_tree.nodes()), top};
  }

  Note sign(const Head& head, const VerifierKey& key) const {
    return *sign_checkpoint({key.name(), head, {}}, key, sign_with(log.key));
  }
  Errc error() const {
    const auto proved = verify_event_proof(proof, policy);
    return proved ? Errc::conflict : proved.error().code;
  }
};

TEST(Proof, StandardsExampleIsRefusedAsItStands) {
  std::ifstream in(countersign::testing::vectors_root() / "tlog/tlog-proof-example.txt");
  if (!in) GTEST_SKIP() << "vectors not present";
  std::stringstream text;
  text << in.rdbuf();
  const auto proof = parse_proof(text.str());
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code, Errc::malformed);
  // With whole signatures the layout is read, and printed as it stands.
  std::string whole = text.str();
  for (auto at = whole.find("[...]"); at != whole.npos; at = whole.find("[...]")) {
    const auto begin = whole.rfind(' ', at) + 1, end = whole.find('\n', at);
    whole.replace(begin, end - begin, "hI2DJwAAAAA=");
  }
  const auto again = parse_proof(whole);
  ASSERT_TRUE(again);
  EXPECT_EQ(print(*again), whole);
  EXPECT_EQ(again->index, 73'894u);
  EXPECT_EQ(again->hashes.size(), 5u);
  EXPECT_EQ(again->checkpoint.signatures.size(), 4u);
  EXPECT_EQ(parse_checkpoint(again->checkpoint.text)->head.size, 109'482u);
}

TEST(Proof, IsPrintedAndReadAgain) {
  const World world;
  for (const Proof& proof : {world.proof.event, world.proof.head}) EXPECT_EQ(*parse_proof(print(proof)), proof);
  const Proof empty{Bytes{}, 0, {}, world.proof.head.checkpoint};
  EXPECT_EQ(*parse_proof(print(empty)), empty);
}

TEST(Proof, ShowsEachLeafUnderThePolicy) {
  const World world;
  Proof proof = world.proof.head;
  for (int i = 0; i < 40; ++i) {
    proof.index = static_cast<std::uint64_t>(i);
    proof.hashes = *inclusion_proof(proof.index, 40, world.global_tree.nodes());
    const std::string entry = i == 17 ? world.proof.event.checkpoint.text : "checkpoint " + std::to_string(i);
    EXPECT_TRUE(verify_proof(proof, bytes_of(entry), world.policy));
    EXPECT_EQ(verify_proof(proof, bytes_of("another"), world.policy).error().code, Errc::refused);
    proof.index = (proof.index + 1) % 40;
    EXPECT_EQ(verify_proof(proof, bytes_of(entry), world.policy).error().code, Errc::refused);
  }
  proof.index = 40;
  EXPECT_EQ(verify_proof(proof, bytes_of("x"), world.policy).error().code, Errc::malformed);
}

TEST(Proof, RefusesWhatHasNotItsForm) {
  const World world;
  const std::string good = print(world.proof.head);
  std::string many = good;
  for (int i = 0; i < 64; ++i) many.insert(many.find("\n\n") + 1, print(Hash{}) + "\n");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string(), good + "\n", good.substr(0, good.size() - 1), with("@v1", "@v2"), with("index 17", "index 017"),
        with("index 17", "index"), with("index 17", "index -1"), with("index 17", "index 9223372036854775808"),
        with("index 17", "extra \nextra \nindex 17"), with("index 17", "index 17\nextra "),
        with("index 17", "extra !\nindex 17"), with("\n\n", "\n"), with("\n\n", "\n\n\n"), many,
        good + std::string(kProofMax, '\n')}) {
    const auto proof = parse_proof(text);
    ASSERT_FALSE(proof) << text.substr(0, 200);
    EXPECT_EQ(proof.error().code, Errc::malformed);
  }
}

TEST(EventProof, ShowsAnEventThroughBothTrees) {
  for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{42}, std::uint64_t{99}}) {
    const World world(index);
    const auto proof = parse_event_proof(print(world.proof));
    ASSERT_TRUE(proof);
    EXPECT_EQ(*proof, world.proof);
    const auto proved = verify_event_proof(*proof, world.policy);
    ASSERT_TRUE(proved);
    EXPECT_EQ(proved->event.count, index);
    EXPECT_EQ(proved->text, event_text(static_cast<int>(index)));
    EXPECT_EQ(proved->index, index);
    EXPECT_EQ(proved->tenant_tree.origin, "countersign/x/tenant/DA2");
    EXPECT_EQ(proved->tenant_tree.head, world.tenant_tree.head());
    EXPECT_EQ(proved->global_tree.checkpoint.head, world.global_tree.head());
    EXPECT_EQ(proved->global_tree.witnesses, (std::vector<Trusted::Cosigner>{{"w1", 1'775'000'999}}));
  }
}

TEST(EventProof, NoticesEveryChangedByte) {
  const World world;
  const std::string good = print(world.proof);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] ^= 1;
    const auto proof = parse_event_proof(changed);
    EXPECT_FALSE(proof && verify_event_proof(*proof, world.policy)) << i;
  }
}

TEST(EventProof, IsRefusedWhenAStepDoesNotHold) {
  World other_event;
  const std::string text = event_text(41);
  other_event.proof.event.extra = Bytes(text.begin(), text.end());
  EXPECT_EQ(other_event.error(), Errc::refused);

  World other_key;  // the tenant's checkpoint is not the log's
  const auto thief = ledger_key(2, other_key.tenant_key.name());
  other_key.proof.event.checkpoint =
      *sign_checkpoint({thief.verifier.name(), other_key.tenant_tree.head(), {}}, thief.verifier, sign_with(thief.key));
  EXPECT_EQ(other_key.error(), Errc::refused);

  World fork;  // signed by the log, and never shown in the global tree
  fork.tenant_tree.leaves[3] = leaf_hash(bytes_of("rewritten"));
  fork.tenant_tree.rebuild();
  fork.proof.event.hashes = *inclusion_proof(42, 100, fork.tenant_tree.nodes());
  fork.proof.event.checkpoint = fork.sign(fork.tenant_tree.head(), fork.tenant_key);
  EXPECT_EQ(fork.error(), Errc::refused);

  World unwitnessed;
  unwitnessed.proof.head.checkpoint.signatures.pop_back();
  EXPECT_EQ(unwitnessed.error(), Errc::refused);

  World no_event;
  no_event.proof.event.extra.reset();
  EXPECT_EQ(no_event.error(), Errc::malformed);
}

TEST(EventProof, IsRefusedForATreeOrEventOfAnotherTenant) {
  World other_tenant;
  other_tenant.tenant_tree.leaves[42] = leaf_hash(bytes_of(event_text(42, TenantId::trusted("DA3"))));
  other_tenant.tenant_tree.rebuild();
  other_tenant.prove(42, event_text(42, TenantId::trusted("DA3")));
  EXPECT_EQ(other_tenant.error(), Errc::refused);

  World other_log;  // properly signed and included, of a tree that is no tenant's
  other_log.tenant_key = *other_log.log.verifier.named("countersign/xy/tenant/DA2");
  other_log.prove(42, event_text(42));
  EXPECT_EQ(other_log.error(), Errc::refused);

  World no_tenant;
  no_tenant.tenant_key = *no_tenant.log.verifier.named("countersign/x/tenant/DA2/more");
  no_tenant.prove(42, event_text(42));
  EXPECT_EQ(no_tenant.error(), Errc::malformed);
}

TEST(EventProof, ShowsTheOperatorsOwnEvents) {
  World world;
  world.tenant_key = *world.log.verifier.named("countersign/x/tenant/operator");
  for (const auto& tenant : {TenantId(), TenantId::trusted("operator")}) {
    world.tenant_tree.leaves[42] = leaf_hash(bytes_of(event_text(42, tenant)));
    world.tenant_tree.rebuild();
    world.prove(42, event_text(42, tenant));
    EXPECT_EQ(verify_event_proof(world.proof, world.policy).has_value(), tenant.empty());
  }
}

TEST(EventProof, AgreesWithTheWorkedExample) {
  std::ifstream in(countersign::testing::source_dir() / "vectors/ledger.json");
  const auto file = nlohmann::json::parse(in);
  const auto proof = parse_event_proof(file["proof"].get<std::string>());
  ASSERT_TRUE(proof);
  const auto proved = verify_event_proof(*proof, *parse_policy(file["policy"].get<std::string>()));
  ASSERT_TRUE(proved);
  EXPECT_EQ(proved->text, file["entries"][proved->index].get<std::string>());
  EXPECT_EQ(proved->index, 2u);
  // And made again from the seeds, byte for byte.
  const auto log = ledger_key(file["seeds"]["log"], file["origin"].get<std::string>());
  const auto witness = witness_key(file["seeds"]["witness"], "witness.example/w1");
  const auto tenant_key = *log.verifier.named(tenant_origin(log.verifier.name(), proved->event.tenant));
  LedgerTree tree(file["entries"].get<std::vector<std::string>>());
  const Note head = *sign_checkpoint({tenant_key.name(), tree.head(), {}}, tenant_key, sign_with(log.key));
  LedgerTree global(file["before"].get<std::vector<std::string>>());
  global.append_text(head.text);
  Note top = *sign_checkpoint({log.verifier.name(), global.head(), {}}, log.verifier, sign_with(log.key));
  top.signatures.push_back(*cosign(top.text, file["time"], witness.verifier, sign_with(witness.key)));
  const Bytes event(proved->text.begin(), proved->text.end());
  const EventProof made{
      {event, 2, *inclusion_proof(2, tree.size(), tree.nodes()), head},
      {std::nullopt, global.size() - 1, *inclusion_proof(global.size() - 1, global.size(), global.nodes()), top}};
  EXPECT_EQ(print(made), file["proof"].get<std::string>());
}

TEST(EventProof, RefusesWhatHasNotItsForm) {
  const World world;
  const std::string good = print(world.proof), first = print(world.proof.event), second = print(world.proof.head);
  const std::string header = "countersign/event-proof@v1\n";
  ASSERT_EQ(good, header + first + "\n" + second);
  for (const std::string& text :
       {std::string(), header, first, header + first, header + first + second, header + first + "\n\n" + second,
        good + "\n", good + "\n" + second, "countersign/event-proof@v2\n" + first + "\n" + second,
        good + std::string(2 * kProofMax, '\n')}) {
    const auto proof = parse_event_proof(text);
    ASSERT_FALSE(proof) << text.substr(0, 200);
    EXPECT_EQ(proof.error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace countersign::ledger
