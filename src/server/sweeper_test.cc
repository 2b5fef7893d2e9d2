#include "server/sweeper.h"

#include <gtest/gtest.h>

#include <future>

#include "core/crypto/sign.h"
#include "flow/enrol.h"
#include "flow/read_history.h"
#include "store/breach.h"
#include "store/history.h"
#include "store/protection.h"
#include "store/push.h"
#include "store/visits.h"
#include "testing/house.h"

namespace countersign::server {
namespace {

constexpr seconds kPatience{20};  // far beyond what is needed; only a failure waits so long

struct Sweeping : ::testing::Test {
  testing::House house;
  oplog::KeptLines lines;
  oplog::Log log{house.clock, lines};

  // The house's ports, but `wake` tells when `key` is woken.
  flow::Ports listening(const std::string& key, std::promise<void>& woken) {
    flow::Ports ports = house.ports;
    ports.wake = [key, &woken, once = std::make_shared<std::once_flag>()](std::string_view k) {
      if (k == key) std::call_once(*once, [&] { woken.set_value(); });
    };
    return ports;
  }

  AttemptId open_attempt() {
    const Phone phone = house.add_phone(house.user);
    flow::ActivateRequest request;
    request.code = Secret(house.activation_code(phone));
    request.public_key = crypto::Es256Key::generate(house.random).public_key().point();
    request.platform = "Test";
    testing::need(testing::outcome<flow::Activated>([&](flow::Done<flow::Activated> done) {
      flow::activate(house.ports, std::move(request), std::move(done));
    }));
    const flow::PolicyTarget at{house.tenant.id, store::PolicyScope::tenant, house.tenant.id.text(), ""};
    testing::need(flow::set_policy(house.by(), at, {{"plain_push", "allow"}}));
    return testing::need(house.begin_push(house.app, house.user)).attempt;
  }
};

// One row of every table that is swept, for the house's user, with `n` in every digest.
Result<bool> fill(store::Txn& txn, const testing::House& house, std::string_view n, Instant at) {
  const TenantId tenant = house.tenant.id;
  const UserId user = house.user.id;
  const Bytes digest(n.begin(), n.end());
  TRY(store::insert_visit(txn, {.tenant = tenant, .id = VisitId::trusted(n), .app = {}, .user = user, .state = "open",
                                .sealed_context = {}, .created = at, .expires = at}));
  TRY(store::spend_token(txn, tenant, digest, at));
  TRY(store::insert_browser(txn, {.tenant = tenant, .id = BrowserId::trusted(n), .secret_digest = {},
                                  .previous_digest = {}, .public_key = {}, .created = at, .expires = at}));
  TRY(store::insert_session(txn, {.tenant = tenant, .digest = digest, .face = "portal", .user = user,
                                  .sealed_context = {}, .created = at, .expires = at}));
  TRY(store::put_fatigue(txn, {.tenant = tenant, .owner = std::string(n), .state = "s", .touched = at}));
  TRY(store::insert_notice(txn, {.tenant = tenant, .user = user, .id = std::string(n), .kind = "k", .sealed = {},
                                 .created = at}));
  return true;
}

// How many of the six rows are left.
Result<int> left(store::Txn& txn, const testing::House& house, std::string_view n) {
  const TenantId tenant = house.tenant.id;
  const Bytes digest(n.begin(), n.end());
  int there = 0;
  there += TRY(store::visit_by_id(txn, VisitId::trusted(n))).has_value();
  there += TRY(store::browser_by_id(txn, tenant, BrowserId::trusted(n))).has_value();
  there += TRY(store::session_by_digest(txn, tenant, "portal", digest)).has_value();
  there += TRY(store::fatigue_of(txn, tenant, n)).has_value();
  for (const auto& notice : TRY(store::notices_page(txn, tenant, house.user.id, 100))) there += notice.id == n;
  return there;
}

TEST_F(Sweeping, WhatHasRunOutGoesAndTheRestStays) {
  const auto put = [&](std::string_view n, Instant at) {
    testing::need(store::write_and_wait(house.ports.store, [&](store::Txn& txn) { return fill(txn, house, n, at); }));
  };
  const auto rest = [&](std::string_view n) {
    return testing::need(store::read(house.ports.store, [&](store::Txn& txn) { return left(txn, house, n); }));
  };
  const Instant now = house.clock.now();
  put("old", now - std::chrono::hours(24 * 91));
  put("month", now - std::chrono::hours(24 * 31));
  put("new", now + seconds(1));
  ASSERT_EQ(rest("old"), 5);
  EXPECT_EQ(testing::need(sweep(house.ports)), 11);  // six of the first, and all but the notice of the second
  EXPECT_EQ(rest("old"), 0);
  EXPECT_EQ(rest("month"), 1);
  EXPECT_EQ(rest("new"), 5);
  EXPECT_EQ(testing::need(sweep(house.ports)), 0);
}

TEST_F(Sweeping, ExportsRunOutAndGoAfterThreeMonths) {
  const Instant now = house.clock.now();
  const auto put = [&](std::string id, Instant asked) {
    const store::StoredExport one{.id = std::move(id), .tenant = house.tenant.id, .intent = "{}", .requester = "ad_1",
                                  .signature = {}, .approver = {}, .approval = {}, .state = "requested",
                                  .asked = asked, .runs_at = asked, .expires = asked + std::chrono::minutes(30)};
    testing::need(store::write_and_wait(house.ports.store, [&](store::Txn& txn) -> Result<bool> {
      TRY(store::insert_export(txn, one));
      return true;
    }));
  };
  const auto state = [&](std::string_view id) -> std::string {
    const auto found = testing::need(
        store::read(house.ports.store, [&](store::Txn& txn) { return store::export_by_id(txn, house.tenant.id, id); }));
    return found ? found->state : "gone";
  };
  put("old", now - std::chrono::hours(24 * 91));
  put("past", now - std::chrono::minutes(31));
  put("open", now - std::chrono::minutes(30));
  EXPECT_EQ(testing::need(sweep(house.ports)), 3);  // two run out, and one of them goes
  EXPECT_EQ(state("old") + state("past") + state("open"), "goneexpiredrequested");
}

TEST_F(Sweeping, MoreThanABatchGoesInOneRound) {
  constexpr int kRows = 2'500;
  testing::need(store::write_and_wait(house.ports.store, [&](store::Txn& txn) -> Result<bool> {
    for (int i = 0; i < kRows; ++i) {
      const std::string n = std::to_string(i);
      TRY(store::spend_token(txn, house.tenant.id, Bytes(n.begin(), n.end()), house.clock.now() - seconds(1)));
    }
    return true;
  }));
  EXPECT_EQ(testing::need(sweep(house.ports)), kRows);
}

TEST_F(Sweeping, AnAttemptThatNobodyPollsIsEndedAndLogged) {
  const AttemptId attempt = open_attempt();
  house.clock.advance(house.ports.settings.push_lifetime + seconds(1));
  std::promise<void> woken;
  const flow::Ports ports = listening(flow::attempt_key(attempt), woken);
  {
    const Sweeper sweeper({ports, log, [] { return false; }, [] {}}, Nodes::this_one);
    ASSERT_EQ(woken.get_future().wait_for(kPatience), std::future_status::ready);
  }
  std::string events;
  const flow::Reader reader{{.kind = "operator", .credential = "test"}, "test"};
  ASSERT_TRUE(flow::read_history(house.ports, reader, {.tenant = house.tenant.id},
                                 [&](const flow::OpenedEvent& event) {
                                   events += flow::log_json_of(event);
                                   return true;
                                 }));
  EXPECT_NE(events.find("\"reason\":\"no_response\""), std::string::npos) << events;
}

TEST_F(Sweeping, WhatAnotherNodeChangedIsHeardWhileSomebodyWaits) {
  testing::need(store::write_and_wait(*house.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(store::note_change(txn, "attempt/elsewhere", house.clock.now()));
    return true;
  }));
  std::promise<void> woken;
  const flow::Ports ports = listening("attempt/elsewhere", woken);
  const Sweeper sweeper({ports, log, [] { return true; }, [] {}}, Nodes::several);
  EXPECT_EQ(woken.get_future().wait_for(kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace countersign::server
