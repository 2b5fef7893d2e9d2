#include "server/sweeper.h"

#include <gtest/gtest.h>

#include <future>

#include "core/crypto/sign.h"
#include "flow/enrol.h"
#include "flow/read_history.h"
#include "store/history.h"
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
  ASSERT_TRUE(flow::read_history(house.ports, house.tenant.id, store::Stream::authentication, {},
                                 [&](Instant, const std::string& json) {
                                   events += json;
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
