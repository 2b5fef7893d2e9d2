// What subscriptions, outbox and notices promise, over every engine.
#include "store/push.h"

#include <atomic>
#include <thread>

#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DA222222222222222222");
const TenantId kOther = TenantId::trusted("DA333333333333333333");

class Push : public Contract {
 protected:
  PhoneId phone_ = PhoneId::make(random_);

  StoredSubscription subscription(Bytes sealed, TenantId tenant = kTenant) {
    return {.tenant = tenant, .phone = phone_, .sealed = std::move(sealed), .created = kNow};
  }
  std::optional<Errc> subscribe(const StoredSubscription& one) {
    return write([&](Txn& txn) { return put_subscription(txn, one); });
  }
  auto stored(const TenantId& tenant = kTenant) {
    return get([&](Txn& txn) { return subscription_of(txn, tenant, phone_); });
  }

  OutboxRow look(std::string topic, Instant due = kNow) {
    return {.tenant = kTenant, .phone = phone_, .topic = std::move(topic), .due = due, .expires = due + seconds(60)};
  }
  std::optional<Errc> queue(const OutboxRow& row) {
    return write([&](Txn& txn) { return put_outbox(txn, row); });
  }
  std::vector<OutboxRow> due(Instant now, int limit = 100) {
    return get([&](Txn& txn) { return due_outbox(txn, now, limit); });
  }
  bool lease(OutboxRow& row, Instant until) {
    return put([&](Txn& txn) { return lease_outbox(txn, row, until); });
  }
  StoredNotice notice(const UserId& user, std::string id, Instant created) {
    return {.tenant = kTenant,
            .user = user,
            .id = std::move(id),
            .kind = "factor_added",
            .sealed = {1, 0, 2},
            .created = created};
  }
};

TEST_P(Push, ASubscriptionComesBackAsItWentIn) {
  ASSERT_EQ(subscribe(subscription({1, 0, 2})), std::nullopt);
  const auto found = stored();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->phone, phone_);
  EXPECT_EQ(found->sealed, (Bytes{1, 0, 2}));
  EXPECT_EQ(found->created, kNow);
  EXPECT_TRUE(get([&](Txn& txn) { return has_subscription(txn, kTenant, phone_); }));
}

TEST_P(Push, ASubscriptionIsOutOfReachOfAnotherTenant) {
  ASSERT_EQ(subscribe(subscription({1})), std::nullopt);
  EXPECT_FALSE(stored(kOther));
  EXPECT_FALSE(get([&](Txn& txn) { return has_subscription(txn, kOther, phone_); }));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_subscription(txn, kOther, phone_); }));
  EXPECT_TRUE(stored());
}

TEST_P(Push, ANewerSubscriptionTakesTheOldOnesPlace) {
  ASSERT_EQ(subscribe(subscription({1})), std::nullopt);
  const StoredSubscription old = *stored();
  ASSERT_EQ(subscribe(subscription({2})), std::nullopt);
  EXPECT_EQ(stored()->sealed, Bytes{2});
  EXPECT_GT(stored()->version, old.version);
  EXPECT_FALSE(put([&](Txn& txn) { return drop_subscription(txn, old); })) << "what is dropped is what was read";
  const StoredSubscription newer = *stored();
  EXPECT_TRUE(put([&](Txn& txn) { return drop_subscription(txn, newer); }));
  EXPECT_FALSE(stored());
}

TEST_P(Push, ASubscriptionGoesWithItsPhoneAndItsUser) {
  const User ada = stored_user(kTenant, "ada");
  for (const bool whole_user : {false, true}) {
    const Phone phone = this->phone(ada, 1);
    phone_ = phone.id;
    ASSERT_EQ(write([&](Txn& txn) { return insert_phone(txn, phone); }), std::nullopt);
    ASSERT_EQ(subscribe(subscription({1})), std::nullopt);
    EXPECT_TRUE(put([&](Txn& txn) {
      return whole_user ? delete_user(txn, kTenant, ada.id) : delete_phone(txn, kTenant, phone.id);
    }));
    EXPECT_FALSE(stored());
  }
}

TEST_P(Push, ALookIsDueFromItsTimeOn) {
  ASSERT_EQ(queue(look("look", kNow + seconds(1))), std::nullopt);
  EXPECT_TRUE(due(kNow).empty());
  const auto rows = due(kNow + seconds(1));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].tenant, kTenant);
  EXPECT_EQ(rows[0].phone, phone_);
  EXPECT_EQ(rows[0].topic, "look");
  EXPECT_EQ(rows[0].expires, kNow + seconds(61));
  EXPECT_EQ(rows[0].tries, 0);
}

TEST_P(Push, OneLookAPhoneAndTopic) {
  ASSERT_EQ(queue(look("look")), std::nullopt);
  ASSERT_EQ(queue(look("look", kNow + seconds(5))), std::nullopt);
  ASSERT_EQ(queue(look("note", kNow + seconds(6))), std::nullopt);
  EXPECT_TRUE(due(kNow).empty());
  const auto rows = due(kNow + seconds(10));
  ASSERT_EQ(rows.size(), 2U) << "the newer one has taken the older one's place";
  EXPECT_EQ(rows[0].due, kNow + seconds(5));
  EXPECT_EQ(rows[0].expires, kNow + seconds(65));
}

TEST_P(Push, DueLooksComeLongestDueFirstAndNoMoreThanAsked) {
  ASSERT_EQ(queue(look("b", kNow - seconds(1))), std::nullopt);
  ASSERT_EQ(queue(look("a", kNow - seconds(2))), std::nullopt);
  ASSERT_EQ(queue(look("c", kNow)), std::nullopt);
  const auto rows = due(kNow, 2);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].topic + rows[1].topic, "ab");
}

TEST_P(Push, ALeaseHidesALookFromOthersUntilItEnds) {
  ASSERT_EQ(queue(look("look")), std::nullopt);
  OutboxRow mine = due(kNow).at(0), theirs = mine;
  EXPECT_TRUE(lease(mine, kNow + seconds(20)));
  EXPECT_EQ(mine.tries, 1);
  EXPECT_FALSE(lease(theirs, kNow + seconds(20))) << "two nodes must not send the same";
  EXPECT_TRUE(due(kNow + seconds(19)).empty());
  ASSERT_EQ(due(kNow + seconds(20)).size(), 1U);
  EXPECT_EQ(due(kNow + seconds(20)).at(0).version, mine.version);
}

TEST_P(Push, OnlyOneOfManyAtOnceGetsTheLease) {
  ASSERT_EQ(queue(look("look")), std::nullopt);
  const OutboxRow row = due(kNow).at(0);
  std::atomic<int> leased{0};
  std::vector<std::thread> nodes;
  for (int i = 0; i < 4; ++i) {
    nodes.emplace_back([&] {
      const auto got = write_and_wait(*store_, [row](Txn& txn) -> Result<bool> {
        OutboxRow mine = row;
        return lease_outbox(txn, mine, kNow + seconds(20));
      });
      if (got && *got) ++leased;
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(leased, 1);
}

TEST_P(Push, ALookDoneIsGoneUnlessANewerOneCame) {
  ASSERT_EQ(queue(look("look")), std::nullopt);
  OutboxRow row = due(kNow).at(0);
  ASSERT_TRUE(lease(row, kNow + seconds(20)));
  ASSERT_EQ(queue(look("look", kNow + seconds(1))), std::nullopt);
  EXPECT_FALSE(put([&](Txn& txn) { return delete_outbox(txn, row); }));
  EXPECT_TRUE(due(kNow + seconds(19)).empty()) << "a newer one waits for the lease";
  ASSERT_EQ(write([&](Txn& txn) { return delay_outbox(txn, row, kNow + seconds(2)); }), std::nullopt);
  const auto again = due(kNow + seconds(2));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].tries, 0);
  EXPECT_TRUE(put([&](Txn& txn) { return delete_outbox(txn, again[0]); }));
  EXPECT_TRUE(due(kNow + seconds(60)).empty());
}

TEST_P(Push, NoticesComeNewestFirstAndToTheirUserOnly) {
  const UserId ada = UserId::make(random_), ben = UserId::make(random_);
  for (const auto& [id, second] : {std::pair("one", 1), {"three", 3}, {"two", 2}}) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_notice(txn, notice(ada, id, kNow + seconds(second))); }),
              std::nullopt);
  }
  const auto page = get([&](Txn& txn) { return notices_page(txn, kTenant, ada, 2); });
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].id + " " + page[1].id, "three two");
  EXPECT_EQ(page[0].kind, "factor_added");
  EXPECT_EQ(page[0].sealed, (Bytes{1, 0, 2}));
  EXPECT_EQ(page[0].created, kNow + seconds(3));
  EXPECT_TRUE(get([&](Txn& txn) { return notices_page(txn, kTenant, ben, 2); }).empty());
  EXPECT_TRUE(get([&](Txn& txn) { return notices_page(txn, kOther, ada, 2); }).empty());
}

TEST_P(Push, OldNoticesGoAndSoDoThoseOfADeletedUser) {
  const User ada = stored_user(kTenant, "ada");
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(
        write([&](Txn& txn) { return insert_notice(txn, notice(ada.id, "n" + std::to_string(i), kNow + seconds(i))); }),
        std::nullopt);
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_notices_before(txn, kNow + seconds(3), 2); }), 2);
  EXPECT_EQ(put([](Txn& txn) { return delete_notices_before(txn, kNow + seconds(3), 9); }), 1);
  EXPECT_EQ(get([&](Txn& txn) { return notices_page(txn, kTenant, ada.id, 9); }).size(), 1U);
  EXPECT_TRUE(put([&](Txn& txn) { return delete_user(txn, kTenant, ada.id); }));
  EXPECT_TRUE(get([&](Txn& txn) { return notices_page(txn, kTenant, ada.id, 9); }).empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, Push, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace countersign::store
