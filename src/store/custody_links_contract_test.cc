// What every engine answers about the links of custody.
#include "store/custody_links.h"
#include "store/engines_test.h"

namespace countersign::store {
namespace {

const CustodyLink kLink{{1, 2, 3}, TenantId::trusted("DATENANT"), "slot", kNow + seconds(3600)};

TEST_P(Contract, UsesACustodyLinkOnceAndInItsTime) {
  ASSERT_EQ(write([](Txn& txn) { return insert_custody_link(txn, kLink); }), std::nullopt);
  const auto found = get([](Txn& txn) { return custody_link(txn, kLink.digest); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kLink.tenant);
  EXPECT_EQ(found->purpose, "slot");
  EXPECT_EQ(found->expires, kLink.expires);
  EXPECT_FALSE(get([](Txn& txn) { return custody_link(txn, Bytes{1, 2}); }));
  EXPECT_FALSE(put([](Txn& txn) { return use_custody_link(txn, kLink.digest, kLink.expires); }));
  EXPECT_TRUE(put([](Txn& txn) { return use_custody_link(txn, kLink.digest, kNow); }));
  EXPECT_FALSE(put([](Txn& txn) { return use_custody_link(txn, kLink.digest, kNow); }));
}

TEST_P(Contract, SweepsCustodyLinksWhoseTimeIsOver) {
  ASSERT_EQ(write([](Txn& txn) { return insert_custody_link(txn, kLink); }), std::nullopt);
  EXPECT_EQ(put([](Txn& txn) { return delete_custody_links(txn, kNow); }), 0);
  EXPECT_EQ(put([](Txn& txn) { return delete_custody_links(txn, kLink.expires); }), 1);
  EXPECT_FALSE(get([](Txn& txn) { return custody_link(txn, kLink.digest); }));
}

}  // namespace
}  // namespace countersign::store
