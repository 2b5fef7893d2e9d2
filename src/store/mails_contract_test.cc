// What mails and tenants' addresses promise, over every engine.
#include "store/mails.h"

#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DA222222222222222222");
const TenantId kOther = TenantId::trusted("DA333333333333333333");

class Mails : public Contract {
 protected:
  StoredMail mail(std::string id, Instant due = kNow, const TenantId& tenant = kTenant) {
    return {.tenant = tenant,
            .id = id,
            .purpose = "breach_notice",
            .reference = "reference of " + id,
            .sealed = {1, 0, 2},
            .posted = kNow,
            .due = due,
            .expires = kNow + seconds(3600)};
  }
  bool insert(const StoredMail& one) {
    return put([&](Txn& txn) { return insert_mail(txn, one); });
  }
  std::optional<StoredMail> stored(const std::string& id, const TenantId& tenant = kTenant) {
    return get([&](Txn& txn) { return mail_by_id(txn, tenant, id); });
  }
  std::vector<StoredMail> due(Instant now, int limit = 100) {
    return get([&](Txn& txn) { return due_mails(txn, now, limit); });
  }
  bool lease(StoredMail& one, Instant until) {
    return put([&](Txn& txn) { return lease_mail(txn, one, until); });
  }
  bool settle(const StoredMail& one) {
    return put([&](Txn& txn) { return settle_mail(txn, one); });
  }
  void end(const std::string& id, MailState state, Instant at) {
    StoredMail one = *stored(id);
    one.state = state;
    one.ended = at;
    one.reply = 250;
    EXPECT_TRUE(settle(one));
  }
  std::vector<std::string> page(MailsPage which) {
    std::vector<std::string> out;
    get([&](Txn& txn) {
      return mails_page(txn, which, [&](const StoredMail& one) {
        EXPECT_TRUE(one.sealed.empty());
        out.push_back(one.id);
      });
    });
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Mails, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

using Texts = std::vector<std::string>;

TEST_P(Mails, AMailIsInsertedOnce) {
  EXPECT_TRUE(insert(mail("a")));
  StoredMail again = mail("a");
  again.sealed = {9};
  EXPECT_FALSE(insert(again));
  EXPECT_TRUE(insert(mail("a", kNow, kOther))) << "ids are a tenant's own";
  const auto found = stored("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->purpose, "breach_notice");
  EXPECT_EQ(found->reference, "reference of a");
  EXPECT_EQ(found->sealed, (Bytes{1, 0, 2}));
  EXPECT_EQ(found->state, MailState::queued);
  EXPECT_EQ(found->posted, kNow);
  EXPECT_EQ(found->expires, kNow + seconds(3600));
  EXPECT_FALSE(found->ended);
  EXPECT_EQ(found->tries, 0);
  EXPECT_FALSE(stored("b"));
}

TEST_P(Mails, AreDueFromTheirTimeOnLongestFirst) {
  insert(mail("late", kNow + seconds(2)));
  insert(mail("first", kNow));
  insert(mail("second", kNow + seconds(1), kOther));
  EXPECT_TRUE(due(kNow - milliseconds(1)).empty());
  const auto rows = due(kNow + seconds(1));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "first");
  EXPECT_EQ(rows[1].id, "second");
  EXPECT_EQ(due(kNow + seconds(9), 1).size(), 1U);
}

TEST_P(Mails, OneOfTwoNodesGetsTheLease) {
  insert(mail("a"));
  StoredMail mine = due(kNow)[0], theirs = mine;
  EXPECT_TRUE(lease(mine, kNow + seconds(60)));
  EXPECT_EQ(mine.tries, 1);
  EXPECT_FALSE(lease(theirs, kNow + seconds(60)));
  EXPECT_TRUE(due(kNow + seconds(59)).empty());
  ASSERT_EQ(due(kNow + seconds(60)).size(), 1U) << "whose sender died is due again";
  StoredMail next = due(kNow + seconds(60))[0];
  EXPECT_EQ(next.version, mine.version);
  EXPECT_TRUE(lease(next, kNow + seconds(120)));
  mine.state = MailState::failed;
  EXPECT_FALSE(settle(mine)) << "the lease is another's";
}

TEST_P(Mails, WhatWasSentSaysNothingAnyMore) {
  insert(mail("a"));
  StoredMail mine = due(kNow)[0];
  ASSERT_TRUE(lease(mine, kNow + seconds(60)));
  mine.state = MailState::sent;
  mine.ended = kNow + seconds(1);
  mine.reply = 250;
  ASSERT_TRUE(settle(mine));
  const auto found = stored("a");
  EXPECT_EQ(found->state, MailState::sent);
  EXPECT_TRUE(found->sealed.empty());
  EXPECT_EQ(found->ended, kNow + seconds(1));
  EXPECT_EQ(found->reply, 250);
  EXPECT_TRUE(due(kNow + seconds(999)).empty());
  EXPECT_FALSE(insert(mail("a"))) << "what was sent is not posted again";
}

TEST_P(Mails, WhatFailedIsKeptAndCanBeQueuedAgain) {
  for (const char* id : {"a", "b", "c"}) insert(mail(id));
  end("a", MailState::failed, kNow + seconds(1));
  end("b", MailState::sent, kNow + seconds(1));
  EXPECT_EQ(stored("a")->sealed, (Bytes{1, 0, 2}));
  EXPECT_EQ(page({.state = MailState::failed, .limit = 9}), Texts{"a"});
  EXPECT_EQ(put([](Txn& txn) { return requeue_failed_mails(txn, kNow + seconds(5), kNow + seconds(9)); }), 1);
  EXPECT_EQ(stored("a")->state, MailState::queued);
  EXPECT_EQ(stored("a")->expires, kNow + seconds(9));
  EXPECT_FALSE(stored("a")->ended);
  EXPECT_EQ(stored("b")->state, MailState::sent);
  EXPECT_EQ(page({.state = MailState::queued, .after_tenant = kTenant, .after_id = "a", .limit = 9}), Texts{"c"});
  EXPECT_EQ(page({.state = MailState::queued, .limit = 1}), Texts{"a"});
}

TEST_P(Mails, ThoseThatEndedGoWhenTheirTimeIsOver) {
  for (const char* id : {"a", "b", "c"}) insert(mail(id));
  end("a", MailState::failed, kNow + seconds(1));
  end("b", MailState::sent, kNow + seconds(5));
  EXPECT_EQ(put([](Txn& txn) { return delete_mails_before(txn, kNow + seconds(5), 10); }), 1);
  EXPECT_FALSE(stored("a"));
  EXPECT_TRUE(stored("b") && stored("c"));
}

TEST_P(Mails, ATenantHasOneAddress) {
  const auto find = [&](const TenantId& tenant) { return get([&](Txn& txn) { return tenant_contact(txn, tenant); }); };
  EXPECT_FALSE(find(kTenant));
  for (const Bytes& sealed : {Bytes{1}, Bytes{2, 0}}) {
    const TenantContact contact{kTenant, sealed, "a•••@example.org"};
    ASSERT_EQ(write([&](Txn& txn) { return put_tenant_contact(txn, contact); }), std::nullopt);
  }
  ASSERT_TRUE(find(kTenant));
  EXPECT_EQ(find(kTenant)->sealed_address, (Bytes{2, 0}));
  EXPECT_EQ(find(kTenant)->masked, "a•••@example.org");
  EXPECT_FALSE(find(kOther));
  EXPECT_TRUE(put([](Txn& txn) { return delete_tenant_contact(txn, kTenant); }));
  EXPECT_FALSE(put([](Txn& txn) { return delete_tenant_contact(txn, kTenant); }));
  EXPECT_FALSE(find(kTenant));
}

}  // namespace
}  // namespace countersign::store
