#include "flow/signers.h"

#include <gtest/gtest.h>

#include "flow/kill.h"
#include "store/ledger.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

Actor as(std::string credential) {
  Actor out;
  out.credential = std::move(credential);
  return out;
}

struct Signers : ::testing::Test {
  testing::SmallWorld world;
  Administration by{*world.ports, as("uid:7")};

  SignerDraft draft(const TenantId& tenant, std::string name = "Ada") {
    return {tenant, std::move(name), crypto::Es256Key::generate(world.random).public_key()};
  }
  Errc may_not(const TenantId& tenant, const std::string& id) {
    const auto may = store::read(*world.store, [&](store::Txn& txn) { return signer_for(txn, tenant, id); });
    EXPECT_FALSE(may);
    return may.error().code;
  }
  bool may(const TenantId& tenant, const std::string& id) {
    return store::read(*world.store, [&](store::Txn& txn) { return signer_for(txn, tenant, id); }).has_value();
  }
  std::vector<std::string> changes(std::string_view tree) {
    std::vector<std::string> out;
    EXPECT_TRUE(world.store->read([&](store::Txn& txn) -> Result<void> {
      TRY(store::ledger_entries(txn, tree, 0, 100, [&](const store::LedgerEntry& entry) {
        const auto event = ledger::decode_event(entry.entry);
        if (event && event->type == ledger::EventType::config_change) out.push_back(event->object);
      }));
      return {};
    }));
    return out;
  }
};

TEST_F(Signers, SignForTheirTenantAndTheOperatorsForAll) {
  const Tenant other = world.add_tenant("other");
  const auto ada = add_signer(by, draft(world.tenant.id)), staff = add_signer(by, draft({}, "Staff"));
  ASSERT_TRUE(ada && staff);
  EXPECT_TRUE(may(world.tenant.id, ada->id));
  EXPECT_EQ(may_not(other.id, ada->id), Errc::refused);
  EXPECT_TRUE(may(world.tenant.id, staff->id));
  EXPECT_TRUE(may(other.id, staff->id));
  EXPECT_EQ(may_not(other.id, "ad_none"), Errc::refused);
  EXPECT_EQ(signers(*world.ports, world.tenant.id)->size(), 1u);
  EXPECT_EQ(signers(*world.ports, {})->size(), 1u);
}

TEST_F(Signers, AreAddedAndRemovedInTheLedger) {
  const auto ada = add_signer(by, draft(world.tenant.id)), staff = add_signer(by, draft({}));
  ASSERT_TRUE(remove_signer(by, world.tenant.id, ada->id));
  ASSERT_TRUE(remove_signer(by, {}, staff->id));
  const std::vector<std::string> both = {"signer_add", "signer_remove"};
  EXPECT_EQ(changes(world.tenant.id.text()), both);
  EXPECT_EQ(changes("operator"), both);
  EXPECT_EQ(world.events(store::Stream::activity).size(), 2u);
  EXPECT_EQ(may_not(world.tenant.id, ada->id), Errc::refused);
}

TEST_F(Signers, AreRemovedOnceAndInTheirTenantAlone) {
  const auto ada = add_signer(by, draft(world.tenant.id));
  EXPECT_EQ(remove_signer(by, {}, ada->id).error().code, Errc::not_found);
  EXPECT_EQ(remove_signer(by, world.add_tenant("other").id, ada->id).error().code, Errc::not_found);
  ASSERT_TRUE(remove_signer(by, world.tenant.id, ada->id));
  EXPECT_EQ(remove_signer(by, world.tenant.id, ada->id).error().code, Errc::not_found);
  EXPECT_EQ(remove_signer(by, world.tenant.id, "ad_none").error().code, Errc::not_found);
}

TEST_F(Signers, HaveEachAKeyOfTheirOwn) {
  const SignerDraft one = draft(world.tenant.id);
  const auto ada = add_signer(by, one);
  EXPECT_EQ(add_signer(by, one).error().code, Errc::conflict);
  ASSERT_TRUE(remove_signer(by, world.tenant.id, ada->id));
  EXPECT_EQ(add_signer(by, one).error().code, Errc::conflict);  // a key that was given up stays so
  EXPECT_EQ(add_signer(by, draft(world.tenant.id, "")).error().code, Errc::malformed);
}

TEST_F(Signers, AreAtMostSixtyFourAlive) {
  std::string last;
  for (std::size_t i = 0; i < kSignersMax; ++i) last = add_signer(by, draft(world.tenant.id))->id;
  EXPECT_EQ(add_signer(by, draft(world.tenant.id)).error().code, Errc::exhausted);
  ASSERT_TRUE(remove_signer(by, world.tenant.id, last));
  EXPECT_TRUE(add_signer(by, draft(world.tenant.id)));
}

TEST_F(Signers, DieWithWhoAddedThem) {
  const auto ada = add_signer(by, draft(world.tenant.id));
  const Administration other{*world.ports, as("uid:0")};
  ASSERT_TRUE(kill(other, {.by = KillBy::credential, .value = "uid:7", .tree = Tree::yes}));
  EXPECT_EQ(may_not(world.tenant.id, ada->id), Errc::refused);
}

}  // namespace
}  // namespace countersign::flow
