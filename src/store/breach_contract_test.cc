// What scopes, notices, exports, signers and dispatches promise, over every engine.
#include "store/breach.h"

#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");

class Breach : public Contract {
 protected:
  BreachNotice notice(std::string id, const TenantId& tenant = kTenant, std::string scope = "S-12") {
    Bytes digest(id.begin(), id.end());
    digest.push_back(0);
    return {.id = std::move(id), .scope = std::move(scope), .tenant = tenant, .user = UserId::trusted("DUADA"),
            .code_digest = std::move(digest), .prepared = kNow};
  }
  std::optional<Errc> store(const BreachNotice& one) {
    return write([&](Txn& txn) { return insert_breach_notice(txn, one); });
  }
  auto by_code(const BreachNotice& one) {
    return get([&](Txn& txn) { return breach_notice_by_code(txn, one.code_digest); });
  }
  bool mark(const BreachNotice& one, NoticeState state, int second) {
    return put([&](Txn& txn) { return mark_breach_notice(txn, one, state, kNow + seconds(second)); });
  }
  StoredExport asked(std::string id, int second) {
    return {.id = std::move(id), .tenant = kTenant, .intent = "{}", .requester = "ad_1", .signature = {1, 0},
            .approver = "", .approval = {}, .state = "requested", .asked = kNow + seconds(second),
            .runs_at = kNow + seconds(1800), .expires = kNow + seconds(3600)};
  }
  Signer signer(std::string id, const TenantId& tenant, int second) {
    return {.id = std::move(id), .tenant = tenant, .name = "Ada", .public_key = Bytes(65, 4),
            .made = kNow + seconds(second)};
  }
  Dispatch dispatch(std::string reference, std::int64_t hour, const TenantId& tenant = kTenant) {
    return {.tenant = tenant, .reference = std::move(reference), .supplier = "acme-sms", .channel = "sms",
            .hour = hour, .event = EventId::trusted("e-1"), .day = hour / 24};
  }
  void send(const Dispatch& one) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_dispatch(txn, one); }), std::nullopt);
  }
  std::vector<std::string> through(DispatchQuery query) {
    std::vector<std::string> out;
    EXPECT_EQ(get([&](Txn& txn) {
      return dispatches_through(txn, query, [&](const Dispatch& one) { out.push_back(one.reference); });
    }), static_cast<std::int64_t>(out.size()));
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Breach, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

using Texts = std::vector<std::string>;

TEST_P(Breach, AScopeComesBackAndIsListedNewestFirst) {
  for (int i = 0; i < 3; ++i) {
    const StoredScope scope{.id = "S-" + std::to_string(i), .query = "{}", .sealed_result = {0, 1},
                            .made = kNow + seconds(i)};
    ASSERT_EQ(write([&](Txn& txn) { return insert_scope(txn, scope); }), std::nullopt);
    EXPECT_EQ(write([&](Txn& txn) { return insert_scope(txn, scope); }), Errc::conflict);
  }
  const auto found = get([](Txn& txn) { return scope_by_id(txn, "S-1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->query, "{}");
  EXPECT_EQ(found->sealed_result, (Bytes{0, 1}));
  EXPECT_EQ(found->made, kNow + seconds(1));
  EXPECT_FALSE(get([](Txn& txn) { return scope_by_id(txn, "S-9"); }));
  const auto page = get([](Txn& txn) { return scopes_page(txn, kNow + seconds(2), 5); });
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, "S-1");
  EXPECT_EQ(get([](Txn& txn) { return scopes_page(txn, kNow + seconds(9), 1); })[0].id, "S-2");
}

TEST_P(Breach, ANoticeIsFoundByItsCodeAndByItsIdInItsTenant) {
  const BreachNotice mine = notice("n1");
  ASSERT_EQ(store(mine), std::nullopt);
  EXPECT_EQ(store(mine), Errc::conflict);
  const auto found = by_code(mine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "n1");
  EXPECT_EQ(found->scope, "S-12");
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->user, mine.user);
  EXPECT_EQ(found->code_digest, mine.code_digest);
  EXPECT_EQ(found->prepared, kNow);
  EXPECT_FALSE(found->delivered || found->opened || found->acknowledged);
  EXPECT_FALSE(by_code(notice("n2")));
  BreachNotice same_code = notice("n3", kOther);
  same_code.code_digest = mine.code_digest;
  EXPECT_EQ(store(same_code), Errc::conflict);
  const auto by_id = [&](const TenantId& tenant) {
    return get([&](Txn& txn) { return breach_notice_by_id(txn, tenant, "n1"); });
  };
  ASSERT_TRUE(by_id(kTenant));
  EXPECT_EQ(by_id(kTenant)->code_digest, mine.code_digest);
  EXPECT_FALSE(by_id(kOther));
}

TEST_P(Breach, EachStateOfANoticeIsEnteredOnce) {
  const BreachNotice mine = notice("n1");
  ASSERT_EQ(store(mine), std::nullopt);
  EXPECT_TRUE(mark(mine, NoticeState::delivered, 1));
  EXPECT_FALSE(mark(mine, NoticeState::delivered, 2));
  EXPECT_TRUE(mark(mine, NoticeState::opened, 3));
  EXPECT_TRUE(mark(mine, NoticeState::acknowledged, 4));
  EXPECT_FALSE(mark(mine, NoticeState::acknowledged, 5));
  EXPECT_EQ(by_code(mine)->delivered, kNow + seconds(1));
  EXPECT_EQ(by_code(mine)->opened, kNow + seconds(3));
  EXPECT_EQ(by_code(mine)->acknowledged, kNow + seconds(4));
  BreachNotice foreign = mine;
  foreign.tenant = kOther;
  EXPECT_FALSE(mark(foreign, NoticeState::opened, 6));
  EXPECT_FALSE(mark(notice("n2"), NoticeState::opened, 6));
}

TEST_P(Breach, NoticesOfAScopeArePagedOverAllTenants) {
  for (const BreachNotice& one : {notice("n3"), notice("n1", kOther), notice("n4", kOther), notice("n2"),
                                  notice("n5", kTenant, "S-13")}) {
    ASSERT_EQ(store(one), std::nullopt);
  }
  NoticesPage page{.scope = "S-12", .after_id = "", .limit = 3};
  Texts seen;
  while (get([&](Txn& txn) {
    return breach_notices_of(txn, page, [&](const BreachNotice& one) { seen.push_back(one.id); });
  }) > 0) {
    page.after_id = seen.back();
  }
  EXPECT_EQ(seen, (Texts{"n1", "n2", "n3", "n4"}));
}

TEST_P(Breach, AnExportChangesOnTheVersionReadAndInItsTenantAlone) {
  const StoredExport first = asked("x1", 0);
  ASSERT_EQ(write([&](Txn& txn) { return insert_export(txn, first); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_export(txn, first); }), Errc::conflict);
  const auto found = [&](const TenantId& tenant) {
    return get([&](Txn& txn) { return export_by_id(txn, tenant, "x1"); });
  };
  EXPECT_FALSE(found(kOther));
  StoredExport mine = *found(kTenant);
  EXPECT_EQ(mine.intent + mine.requester + mine.state, "{}ad_1requested");
  EXPECT_EQ(mine.signature, first.signature);
  EXPECT_EQ(mine.asked, first.asked);
  EXPECT_EQ(mine.version, 0);
  mine.signature = {3, 0};
  mine.approver = "ad_2";
  mine.approval = {2, 0};
  mine.state = "approved";
  mine.runs_at = kNow + seconds(5);
  mine.expires = kNow + seconds(6);
  StoredExport foreign = mine;
  foreign.tenant = kOther;
  const auto update = [&](const StoredExport& one) {
    return put([&](Txn& txn) { return update_export(txn, one); });
  };
  EXPECT_FALSE(update(foreign));
  EXPECT_TRUE(update(mine));
  mine.state = "vetoed";
  EXPECT_FALSE(update(mine)) << "of two who read one version one wins";
  const StoredExport now = *found(kTenant);
  EXPECT_EQ(now.state + now.approver, "approvedad_2");
  EXPECT_EQ(now.approval, mine.approval);
  EXPECT_EQ(now.signature, mine.signature);
  EXPECT_EQ(now.runs_at, mine.runs_at);
  EXPECT_EQ(now.expires, mine.expires);
  EXPECT_EQ(now.version, 1);
}

TEST_P(Breach, ExportsAreListedNewestFirst) {
  for (int i = 0; i < 3; ++i) {
    const StoredExport one = asked("x" + std::to_string(i), i);
    ASSERT_EQ(write([&](Txn& txn) { return insert_export(txn, one); }), std::nullopt);
  }
  const auto page = get([](Txn& txn) { return exports_of(txn, kTenant, kNow + seconds(2), 5); });
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, "x1");
  EXPECT_TRUE(get([](Txn& txn) { return exports_of(txn, kOther, kNow + seconds(9), 5); }).empty());
}

TEST_P(Breach, ExportsRunOutUnlessTheyHaveEnded) {
  for (const std::string state : {"asked", "requested", "approved", "fetched", "vetoed"}) {
    StoredExport one = asked(state, 0);
    one.state = state;
    ASSERT_EQ(write([&](Txn& txn) { return insert_export(txn, one); }), std::nullopt);
  }
  const auto open = [&](int second) {
    return get([&](Txn& txn) { return count_open_exports(txn, kTenant, kNow + seconds(second)); });
  };
  EXPECT_EQ(open(3599), 3);
  EXPECT_EQ(open(3600), 0);
  EXPECT_EQ(get([&](Txn& txn) { return count_open_exports(txn, kOther, kNow); }), 0);
  const auto expire = [&](int second) {
    return put([&](Txn& txn) { return expire_exports(txn, kNow + seconds(second), 2); });
  };
  EXPECT_EQ(expire(3600), 0);
  EXPECT_EQ(expire(3601), 2) << "at most so many";
  EXPECT_EQ(expire(3601), 1);
  EXPECT_EQ(open(0), 0);
  const StoredExport gone = *get([](Txn& txn) { return export_by_id(txn, kTenant, "approved"); });
  EXPECT_EQ(gone.state, "expired");
  EXPECT_EQ(gone.version, 1);
  EXPECT_EQ(get([](Txn& txn) { return export_by_id(txn, kTenant, "fetched"); })->state, "fetched");
  const auto remove = [&](int second) {
    return put([&](Txn& txn) { return delete_exports_before(txn, kNow + seconds(second), 9); });
  };
  EXPECT_EQ(remove(0), 0);
  EXPECT_EQ(remove(1), 5);
}

TEST_P(Breach, ASignerIsFoundByIdAndDiesOnce) {
  const Signer ada = signer("ad_1", kTenant, 1);
  for (const Signer& one : {ada, signer("ad_2", kTenant, 0), signer("ad_3", {}, 0)}) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_signer(txn, one); }), std::nullopt);
  }
  EXPECT_EQ(write([&](Txn& txn) { return insert_signer(txn, signer("ad_1", kOther, 0)); }), Errc::conflict);
  const auto found = [&] { return *get([](Txn& txn) { return signer_by_id(txn, "ad_1"); }); };
  EXPECT_EQ(found().tenant, kTenant);
  EXPECT_EQ(found().name, "Ada");
  EXPECT_EQ(found().public_key, ada.public_key);
  EXPECT_EQ(found().made, ada.made);
  const auto of = [&](const TenantId& tenant) { return get([&](Txn& txn) { return signers_of(txn, tenant); }); };
  ASSERT_EQ(of(kTenant).size(), 2u);
  EXPECT_EQ(of(kTenant)[0].id, "ad_2") << "oldest first";
  EXPECT_EQ(of({}).size(), 1u);
  EXPECT_TRUE(of(kOther).empty());
  const auto kill = [&](int second) {
    return put([&](Txn& txn) { return kill_signer(txn, "ad_1", kNow + seconds(second)); });
  };
  EXPECT_TRUE(kill(5));
  EXPECT_FALSE(kill(6));
  EXPECT_EQ(found().killed, kNow + seconds(5));
}

TEST_P(Breach, AReferenceNamesOneDispatch) {
  const Dispatch mine = dispatch("r1", 100);
  send(mine);
  EXPECT_EQ(write([&](Txn& txn) { return insert_dispatch(txn, dispatch("r1", 7, kOther)); }), Errc::conflict);
  const auto found = get([](Txn& txn) { return dispatch_by_reference(txn, "r1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->supplier + found->channel, "acme-smssms");
  EXPECT_EQ(found->hour, 100);
  EXPECT_EQ(found->event, mine.event);
  EXPECT_EQ(found->day, 4);
  EXPECT_FALSE(found->reaped);
  EXPECT_FALSE(get([](Txn& txn) { return dispatch_by_reference(txn, "r2"); }));
  const auto reap = [&](const Dispatch& one, int second) {
    return put([&](Txn& txn) { return mark_reaped(txn, one, kNow + seconds(second)); });
  };
  EXPECT_FALSE(reap(dispatch("r1", 100, kOther), 0));
  EXPECT_TRUE(reap(mine, 1));
  EXPECT_FALSE(reap(mine, 2));
  EXPECT_EQ(get([](Txn& txn) { return dispatch_by_reference(txn, "r1"); })->reaped, kNow + seconds(1));
}

TEST_P(Breach, ATenantsDispatchesComeInPagesByReference) {
  for (const char* reference : {"r3", "r1", "r2"}) send(dispatch(reference, 100));
  send(dispatch("r0", 100, kOther));
  const auto page = [&](const char* after, int limit) {
    std::string out;
    const TenantDispatches wanted{kTenant, after, limit};
    const std::int64_t count = get([&](Txn& txn) {
      out.clear();
      return dispatches_of(txn, wanted, [&](const Dispatch& one) { out += one.reference; });
    });
    EXPECT_EQ(count * 2, static_cast<std::int64_t>(out.size()));
    return out;
  };
  EXPECT_EQ(page("", 2), "r1r2");
  EXPECT_EQ(page("r2", 2), "r3");
  EXPECT_EQ(page("r3", 2), "");
}

TEST_P(Breach, WhatWentThroughASupplierIsFoundByTheHour) {
  send(dispatch("r1", 100));
  send(dispatch("r0", 102));
  send(dispatch("r2", 101, kOther));
  send(dispatch("r3", 101));
  send(dispatch("r4", 99));
  send(dispatch("r5", 103));
  Dispatch foreign = dispatch("r6", 101);
  foreign.supplier = "another";
  send(foreign);
  const DispatchQuery all{.supplier = "acme-sms", .first_hour = 100, .last_hour = 102};
  const Texts expected{"r1", "r2", "r3", "r0"};
  EXPECT_EQ(through(all), expected);
  DispatchQuery page = all;
  page.limit = 1;
  Texts paged;
  while (get([&](Txn& txn) {
    return dispatches_through(txn, page, [&](const Dispatch& one) {
      paged.push_back(one.reference);
      page.after = one;
    });
  }) > 0) {
  }
  EXPECT_EQ(paged, expected);
}

}  // namespace
}  // namespace countersign::store
