// What every engine answers about visits, spent tokens, browsers, hosts and sessions.
#include "store/visits.h"

#include <atomic>
#include <latch>
#include <thread>

#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");
const Bytes kDigest = {0, 1, 2, 255};

class Visits : public Contract {
 protected:
  StoredVisit visit() {
    return {.tenant = kTenant, .id = VisitId::make(random_), .app = AppId::make(random_), .user = {}, .state = "open",
            .sealed_context = {5, 0, 5}, .created = kNow, .expires = kNow + seconds(900)};
  }
  Browser browser() {
    return {.tenant = kTenant, .id = BrowserId::make(random_), .secret_digest = {1, 0}, .previous_digest = {},
            .rotated = kNow, .public_key = {}, .created = kNow, .expires = kNow + seconds(60)};
  }
  KnownBrowser known(const UserId& user, const BrowserId& browser, int first) {
    return {.tenant = kTenant, .user = user, .browser = browser, .app = AppId::make(random_),
            .first_used = kNow + seconds(first), .last_used = kNow + seconds(first), .remembered_until = {}};
  }
  Session session(const UserId& user, std::uint8_t digest) {
    return {.tenant = kTenant, .digest = {digest, 0}, .face = "portal", .user = user, .sealed_context = {3, 0},
            .created = kNow, .expires = kNow + seconds(60)};
  }
  void stored(const StoredVisit& visit) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_visit(txn, visit); }), std::nullopt);
  }
  void stored(const Browser& browser) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_browser(txn, browser); }), std::nullopt);
  }
  void stored(const KnownBrowser& known) {
    ASSERT_EQ(write([&](Txn& txn) { return put_known_browser(txn, known); }), std::nullopt);
  }
  void stored(const Session& session) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_session(txn, session); }), std::nullopt);
  }
  std::size_t known_of(const UserId& user, const TenantId& tenant = kTenant) {
    return get([&](Txn& txn) { return known_browsers_of(txn, tenant, user); }).size();
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Visits, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(Visits, AreFoundByTheirIdAlone) {
  const StoredVisit made = visit();
  stored(made);
  const auto found = get([&](Txn& txn) { return visit_by_id(txn, made.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->app, made.app);
  EXPECT_TRUE(found->user.empty());
  EXPECT_EQ(found->state, "open");
  EXPECT_EQ(found->sealed_context, made.sealed_context);
  EXPECT_EQ(found->created, kNow);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_FALSE(get([&](Txn& txn) { return visit_by_id(txn, VisitId::make(random_)); }));
}

TEST_P(Visits, HaveIdsThatNoOtherTenantsVisitHas) {
  StoredVisit made = visit();
  stored(made);
  made.tenant = kOther;
  EXPECT_EQ(write([&](Txn& txn) { return insert_visit(txn, made); }), Errc::conflict);
}

TEST_P(Visits, ChangeOnTheVersionRead) {
  StoredVisit made = visit();
  stored(made);
  StoredVisit foreign = made;
  foreign.tenant = kOther;
  EXPECT_FALSE(put([&](Txn& txn) { return update_visit(txn, foreign); }));
  made.user = UserId::make(random_);
  made.state = "allowed";
  made.sealed_context = {7};
  made.expires = kNow + seconds(1);
  EXPECT_TRUE(put([&](Txn& txn) { return update_visit(txn, made); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_visit(txn, made); }));
  const auto found = get([&](Txn& txn) { return visit_by_id(txn, made.id); });
  EXPECT_EQ(found->user, made.user);
  EXPECT_EQ(found->state, "allowed");
  EXPECT_EQ(found->sealed_context, made.sealed_context);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_EQ(found->version, 1);
}

TEST_P(Visits, AreClearedOutAFewAtATime) {
  for (int i = 0; i < 5; ++i) {
    StoredVisit one = visit();
    one.expires = kNow + seconds(i);
    stored(one);
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_visits_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(put([](Txn& txn) { return delete_visits_before(txn, kNow + seconds(4), 3); }), 1);
  EXPECT_EQ(put([](Txn& txn) { return delete_visits_before(txn, kNow + seconds(4), 3); }), 0);
}

TEST_P(Visits, ATokenCountsOnceInEachTenant) {
  const auto spend = [&](const TenantId& tenant) {
    return write([&](Txn& txn) { return spend_token(txn, tenant, kDigest, kNow); });
  };
  EXPECT_EQ(spend(kTenant), std::nullopt);
  EXPECT_EQ(spend(kTenant), Errc::conflict);
  EXPECT_EQ(spend(kOther), std::nullopt);
}

TEST_P(Visits, ATokenShownInParallelCountsOnce) {
  constexpr int kThreads = 8;
  std::atomic<int> spent{0}, refused{0};
  std::latch together(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const auto ended = write([](Txn& txn) { return spend_token(txn, kTenant, kDigest, kNow); });
        if (!ended) ++spent;
        if (ended == Errc::conflict) ++refused;
      });
    }
  }
  EXPECT_EQ(spent, 1);
  EXPECT_EQ(refused, kThreads - 1);
}

TEST_P(Visits, ForgetSpentTokensAFewAtATime) {
  for (std::uint8_t i = 0; i < 5; ++i) {
    ASSERT_EQ(write([&](Txn& txn) { return spend_token(txn, kTenant, Bytes{i}, kNow + seconds(i)); }), std::nullopt);
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_spent_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(put([](Txn& txn) { return delete_spent_before(txn, kNow + seconds(4), 3); }), 1);
  EXPECT_EQ(write([](Txn& txn) { return spend_token(txn, kTenant, Bytes{4}, kNow); }), Errc::conflict);
}

TEST_P(Visits, ABrowserIsItsTenantsAlone) {
  Browser made = browser();
  stored(made);
  EXPECT_EQ(write([&](Txn& txn) { return insert_browser(txn, made); }), Errc::conflict);
  const auto found = get([&](Txn& txn) { return browser_by_id(txn, kTenant, made.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_digest, made.secret_digest);
  EXPECT_TRUE(found->previous_digest.empty());
  EXPECT_TRUE(found->public_key.empty());
  EXPECT_EQ(found->rotated, kNow);
  EXPECT_EQ(found->created, kNow);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_FALSE(get([&](Txn& txn) { return browser_by_id(txn, kOther, made.id); }));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_browser(txn, kOther, made.id); }));
  made.tenant = kOther;
  EXPECT_FALSE(put([&](Txn& txn) { return update_browser(txn, made); }));
}

TEST_P(Visits, ABrowsersSecretTurnsOverOnTheVersionRead) {
  Browser made = browser();
  stored(made);
  made.previous_digest = made.secret_digest;
  made.secret_digest = {2, 0};
  made.public_key = {4, 0, 4};
  made.rotated = kNow + seconds(1);
  made.expires = kNow + seconds(99);
  EXPECT_TRUE(put([&](Txn& txn) { return update_browser(txn, made); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_browser(txn, made); }));
  const auto found = get([&](Txn& txn) { return browser_by_id(txn, kTenant, made.id); });
  EXPECT_EQ(found->secret_digest, made.secret_digest);
  EXPECT_EQ(found->previous_digest, made.previous_digest);
  EXPECT_EQ(found->public_key, made.public_key);
  EXPECT_EQ(found->rotated, made.rotated);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_EQ(found->version, 1);
}

TEST_P(Visits, ABrowserGoesWithWhatItWasKnownFor) {
  const Browser gone = browser();
  const Browser kept = browser();
  const UserId alice = UserId::make(random_);
  stored(gone);
  stored(kept);
  stored(known(alice, gone.id, 0));
  stored(known(alice, kept.id, 0));
  KnownBrowser foreign = known(alice, gone.id, 0);
  foreign.tenant = kOther;
  stored(foreign);
  EXPECT_TRUE(put([&](Txn& txn) { return delete_browser(txn, kTenant, gone.id); }));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_browser(txn, kTenant, gone.id); }));
  EXPECT_EQ(known_of(alice), 1u);
  EXPECT_EQ(known_of(alice, kOther), 1u);
}

TEST_P(Visits, OldBrowsersAreClearedOutAFewAtATime) {
  const UserId alice = UserId::make(random_);
  for (int i = 0; i < 5; ++i) {
    Browser one = browser();
    one.expires = kNow + seconds(i);
    stored(one);
    stored(known(alice, one.id, 0));
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_browsers_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(known_of(alice), 2u);
  EXPECT_EQ(put([](Txn& txn) { return delete_browsers_before(txn, kNow + seconds(4), 3); }), 1);
  EXPECT_EQ(known_of(alice), 1u);
}

TEST_P(Visits, ARemembranceStaysUntilAnotherTakesItsPlace) {
  const UserId alice = UserId::make(random_);
  KnownBrowser one = known(alice, BrowserId::make(random_), 10);
  one.remembered_until = kNow + seconds(500);
  stored(one);
  one.remembered_until = {};
  one.first_used = one.last_used = kNow + seconds(20);
  stored(one);
  auto found = get([&](Txn& txn) { return known_on_browser(txn, kTenant, alice, one.browser); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].app, one.app);
  EXPECT_EQ(found[0].first_used, kNow + seconds(10));
  EXPECT_EQ(found[0].last_used, kNow + seconds(20));
  EXPECT_EQ(found[0].remembered_until, kNow + seconds(500));
  one.remembered_until = kNow + seconds(400);
  one.last_used = kNow;
  stored(one);
  found = get([&](Txn& txn) { return known_on_browser(txn, kTenant, alice, one.browser); });
  EXPECT_EQ(found[0].remembered_until, kNow + seconds(400));
  EXPECT_EQ(found[0].last_used, kNow + seconds(20));
}

TEST_P(Visits, ABrowserIsKnownForOneUserOfOneTenant) {
  const UserId alice = UserId::make(random_);
  const UserId bob = UserId::make(random_);
  const BrowserId shared = BrowserId::make(random_);
  stored(known(alice, shared, 0));
  stored(known(alice, shared, 0));  // another application
  stored(known(alice, BrowserId::make(random_), 0));
  stored(known(bob, shared, 0));
  EXPECT_EQ(known_of(alice), 3u);
  EXPECT_EQ(get([&](Txn& txn) { return known_on_browser(txn, kTenant, alice, shared); }).size(), 2u);
  EXPECT_TRUE(get([&](Txn& txn) { return known_on_browser(txn, kOther, alice, shared); }).empty());
  EXPECT_EQ(known_of(alice, kOther), 0u);
  EXPECT_FALSE(put([&](Txn& txn) { return forget_known_browser(txn, kOther, alice, shared); }));
  EXPECT_TRUE(put([&](Txn& txn) { return forget_known_browser(txn, kTenant, alice, shared); }));
  EXPECT_FALSE(put([&](Txn& txn) { return forget_known_browser(txn, kTenant, alice, shared); }));
  EXPECT_EQ(known_of(alice), 1u);
  EXPECT_EQ(known_of(bob), 1u);
  ASSERT_EQ(write([&](Txn& txn) { return forget_known_browsers(txn, kOther, bob); }), std::nullopt);
  EXPECT_EQ(known_of(bob), 1u);
  ASSERT_EQ(write([&](Txn& txn) { return forget_known_browsers(txn, kTenant, bob); }), std::nullopt);
  EXPECT_EQ(known_of(bob), 0u);
}

TEST_P(Visits, NotMeForgetsWhatCameSince) {
  const UserId alice = UserId::make(random_);
  for (int i = 0; i < 3; ++i) stored(known(alice, BrowserId::make(random_), i));
  const auto forget = [&](const TenantId& tenant) {
    return put([&](Txn& txn) { return forget_known_browsers_since(txn, tenant, alice, kNow); });
  };
  EXPECT_EQ(forget(kOther), 0);
  EXPECT_EQ(forget(kTenant), 2);
  EXPECT_EQ(known_of(alice), 1u);
}

TEST_P(Visits, AHostIsKnownForOneUserOfOneTenant) {
  const UserId alice = UserId::make(random_);
  const auto knows = [&](const TenantId& tenant, const UserId& user) {
    return get([&](Txn& txn) { return is_known_host(txn, tenant, user, kDigest); });
  };
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_EQ(write([&](Txn& txn) { return put_known_host(txn, kTenant, alice, kDigest, kNow); }), std::nullopt);
  }
  EXPECT_TRUE(knows(kTenant, alice));
  EXPECT_FALSE(knows(kOther, alice));
  EXPECT_FALSE(knows(kTenant, UserId::make(random_)));
  EXPECT_FALSE(get([&](Txn& txn) { return is_known_host(txn, kTenant, alice, Bytes{9}); }));
  ASSERT_EQ(write([&](Txn& txn) { return forget_known_hosts(txn, kOther, alice); }), std::nullopt);
  EXPECT_TRUE(knows(kTenant, alice));
  ASSERT_EQ(write([&](Txn& txn) { return forget_known_hosts(txn, kTenant, alice); }), std::nullopt);
  EXPECT_FALSE(knows(kTenant, alice));
}

TEST_P(Visits, ASessionOfOneFaceIsNoneOfAnother) {
  const Session made = session(UserId::make(random_), 1);
  stored(made);
  EXPECT_EQ(write([&](Txn& txn) { return insert_session(txn, made); }), Errc::conflict);
  const auto found = get([&](Txn& txn) { return session_by_digest(txn, kTenant, "portal", made.digest); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, made.user);
  EXPECT_EQ(found->face, "portal");
  EXPECT_EQ(found->sealed_context, made.sealed_context);
  EXPECT_EQ(found->created, kNow);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_FALSE(get([&](Txn& txn) { return session_by_digest(txn, kTenant, "console", made.digest); }));
  EXPECT_FALSE(get([&](Txn& txn) { return session_by_digest(txn, kOther, "portal", made.digest); }));
}

TEST_P(Visits, ASessionChangesOnTheVersionRead) {
  Session made = session(UserId::make(random_), 1);
  stored(made);
  Session foreign = made;
  foreign.tenant = kOther;
  EXPECT_FALSE(put([&](Txn& txn) { return update_session(txn, foreign); }));
  made.sealed_context = {8, 0};
  made.expires = kNow + seconds(99);
  EXPECT_TRUE(put([&](Txn& txn) { return update_session(txn, made); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_session(txn, made); }));
  const auto found = get([&](Txn& txn) { return session_by_digest(txn, kTenant, "portal", made.digest); });
  EXPECT_EQ(found->sealed_context, made.sealed_context);
  EXPECT_EQ(found->expires, made.expires);
  EXPECT_EQ(found->version, 1);
}

TEST_P(Visits, SessionsEndOneByOneAndAllOfAUser) {
  const UserId alice = UserId::make(random_);
  const UserId bob = UserId::make(random_);
  stored(session(alice, 1));
  stored(session(alice, 2));
  stored(session(bob, 3));
  const auto there = [&](std::uint8_t digest) {
    return get([&](Txn& txn) { return session_by_digest(txn, kTenant, "portal", Bytes{digest, 0}); }).has_value();
  };
  EXPECT_FALSE(put([](Txn& txn) { return delete_session(txn, kOther, Bytes{1, 0}); }));
  EXPECT_TRUE(put([](Txn& txn) { return delete_session(txn, kTenant, Bytes{1, 0}); }));
  EXPECT_FALSE(there(1));
  ASSERT_EQ(write([&](Txn& txn) { return delete_sessions_of(txn, kOther, alice); }), std::nullopt);
  EXPECT_TRUE(there(2));
  ASSERT_EQ(write([&](Txn& txn) { return delete_sessions_of(txn, kTenant, alice); }), std::nullopt);
  EXPECT_FALSE(there(2));
  EXPECT_TRUE(there(3));
}

TEST_P(Visits, OldSessionsAreClearedOutAFewAtATime) {
  for (std::uint8_t i = 0; i < 5; ++i) {
    Session one = session(UserId::make(random_), i);
    one.expires = kNow + seconds(i);
    stored(one);
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_sessions_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(put([](Txn& txn) { return delete_sessions_before(txn, kNow + seconds(4), 3); }), 1);
}

}  // namespace
}  // namespace countersign::store
