// What every engine answers about break glass.
#include "store/glass.h"

#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");

GlassOpening opening(std::int64_t number) {
  return {.number = number,
          .credential = "uid:0",
          .reason = "outage",
          .case_reference = "4711",
          .opened = kNow,
          .closes = kNow + seconds(3600),
          .seen = kNow};
}

TEST_P(Contract, KeepsTheSealsOfGlassTheOneThatCountsLastFirst) {
  ASSERT_EQ(write([](Txn& txn) { return insert_glass_seal(txn, {Bytes{1}, kNow, kNow}); }), std::nullopt);
  ASSERT_EQ(write([](Txn& txn) { return insert_glass_seal(txn, {Bytes{2}, kNow, kNow + seconds(9)}); }), std::nullopt);
  const auto seals = get([](Txn& txn) { return glass_seals(txn); });
  ASSERT_EQ(seals.size(), 2u);
  EXPECT_EQ(seals[0].verifier, Bytes{2});
  EXPECT_EQ(seals[0].from, kNow + seconds(9));
  EXPECT_EQ(seals[1].made, kNow);
}

TEST_P(Contract, OpensGlassOnceUnderANumber) {
  EXPECT_FALSE(get([](Txn& txn) { return last_glass_opening(txn); }));
  ASSERT_EQ(write([](Txn& txn) { return insert_glass_opening(txn, opening(1)); }), std::nullopt);
  EXPECT_EQ(write([](Txn& txn) { return insert_glass_opening(txn, opening(1)); }), Errc::conflict);
  const auto found = get([](Txn& txn) { return last_glass_opening(txn); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->credential, "uid:0");
  EXPECT_EQ(found->reason, "outage");
  EXPECT_EQ(found->case_reference, "4711");
  EXPECT_EQ(found->closes, kNow + seconds(3600));
  EXPECT_FALSE(found->closed);
  EXPECT_FALSE(get([](Txn& txn) { return glass_opening(txn, 2); }));
}

TEST_P(Contract, ClosesAndReportsGlassOnceAndSeesTimeGoForwardsOnly) {
  ASSERT_EQ(write([](Txn& txn) { return insert_glass_opening(txn, opening(1)); }), std::nullopt);
  EXPECT_FALSE(put([](Txn& txn) { return report_glass(txn, 1, kNow); })) << "before it is closed";
  ASSERT_EQ(write([](Txn& txn) { return see_glass(txn, 1, kNow + seconds(7)); }), std::nullopt);
  ASSERT_EQ(write([](Txn& txn) { return see_glass(txn, 1, kNow + seconds(3)); }), std::nullopt);
  EXPECT_EQ(get([](Txn& txn) { return glass_opening(txn, 1); })->seen, kNow + seconds(7));
  EXPECT_EQ(get([](Txn& txn) { return unreported_glass(txn); }).size(), 1u);
  EXPECT_TRUE(put([](Txn& txn) { return close_glass(txn, 1, kNow + seconds(8)); }));
  EXPECT_FALSE(put([](Txn& txn) { return close_glass(txn, 1, kNow + seconds(9)); }));
  EXPECT_EQ(get([](Txn& txn) { return glass_opening(txn, 1); })->closed, kNow + seconds(8));
  EXPECT_TRUE(put([](Txn& txn) { return report_glass(txn, 1, kNow + seconds(8)); }));
  EXPECT_FALSE(put([](Txn& txn) { return report_glass(txn, 1, kNow + seconds(8)); }));
  EXPECT_TRUE(get([](Txn& txn) { return unreported_glass(txn); }).empty());
}

TEST_P(Contract, TellsAndReportsToATenantOfGlassOnce) {
  GlassTenant tenant{kTenant, kNow, kNow + seconds(1), kNow + seconds(2)};
  EXPECT_TRUE(put([&](Txn& txn) { return note_glass_tenant(txn, 1, tenant); }));
  EXPECT_FALSE(put([&](Txn& txn) { return note_glass_tenant(txn, 1, tenant); }));
  EXPECT_FALSE(put([&](Txn& txn) { return tell_glass_tenant(txn, 2, tenant); })) << "another opening";
  auto found = get([](Txn& txn) { return glass_tenants(txn, 1); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].tenant, kTenant);
  EXPECT_EQ(found[0].first, kNow);
  EXPECT_FALSE(found[0].told || found[0].reported);
  EXPECT_TRUE(put([&](Txn& txn) { return tell_glass_tenant(txn, 1, tenant); }));
  EXPECT_FALSE(put([&](Txn& txn) { return tell_glass_tenant(txn, 1, tenant); }));
  EXPECT_TRUE(put([&](Txn& txn) { return report_glass_tenant(txn, 1, tenant); }));
  EXPECT_FALSE(put([&](Txn& txn) { return report_glass_tenant(txn, 1, tenant); }));
  found = get([](Txn& txn) { return glass_tenants(txn, 1); });
  EXPECT_EQ(found[0].told, tenant.told);
  EXPECT_EQ(found[0].reported, tenant.reported);
}

}  // namespace
}  // namespace countersign::store
