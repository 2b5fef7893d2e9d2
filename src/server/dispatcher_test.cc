#include "server/dispatcher.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "core/crypto/sign.h"
#include "flow/enrol.h"
#include "server/push_key.h"
#include "store/history.h"
#include "store/users.h"
#include "testing/house.h"
#include "testing/http_server.h"

namespace countersign::server {
namespace {

using testing::need;
using testing::outcome;
constexpr std::chrono::seconds kPatience{20};

// A house with a subscribed phone, a push service on loopback that answers what it is told, and a dispatcher.
struct Dispatched : ::testing::Test {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> paths;
  int status = 201;
  std::vector<net::Header> headers;
  testing::HttpServer service{[this](const net::HttpRequest& request) -> net::Reply {
    const std::lock_guard lock(mutex);
    paths.push_back(request.path);
    changed.notify_all();
    return net::HttpResponse{.status = status, .content_type = "", .body = "", .headers = headers};
  }};
  testing::House house;
  net::Wakeups wakeups;
  oplog::KeptLines lines;
  oplog::Log log{house.clock, lines};
  PushCounts counts;
  push::Vapid vapid{crypto::Es256Key::generate(house.random), "mailto:ops@example.org"};
  std::string origin = "http://127.0.0.1:" + std::to_string(service.port());
  std::unique_ptr<Dispatcher> dispatcher;
  Phone phone;

  Dispatched() {
    house.ports.wake = [this](std::string_view key) { wakeups.wake(key); };
    house.ports.settings.push_services = need(webpush::Services::parse({origin, "http://127.0.0.1:1"}));
    phone = house.add_phone(house.user);
    flow::ActivateRequest request;
    request.code = Secret(house.activation_code(phone));
    request.public_key = crypto::Es256Key::generate(house.random).public_key().point();
    need(outcome<flow::Activated>(
        [&](flow::Done<flow::Activated> done) { flow::activate(house.ports, std::move(request), std::move(done)); }));
    subscribe(origin + "/1");
  }
  ~Dispatched() override {
    dispatcher.reset();
    house.store.reset();
  }
  void start() {
    dispatcher = std::make_unique<Dispatcher>(DispatcherPorts{house.ports, wakeups, log, vapid, counts},
                                              push::SenderOptions{.timeout = milliseconds(2'000), .ca_file = {}});
  }
  void subscribe(std::string endpoint) {
    webpush::Subscription to{.endpoint = std::move(endpoint),
                             .p256dh = crypto::Es256Key::generate(house.random).public_key().point(),
                             .auth = Secret(ByteView(random_bytes(house.random, webpush::kAuthSize)))};
    need(outcome<void>(
        [&](flow::Done<void> done) { flow::subscribe(house.ports, {phone, std::move(to)}, std::move(done)); }));
  }
  void queue() {
    need(outcome<void>([&](flow::Done<void> done) {
      house.store->write([&](store::Txn& txn) { return flow::queue_look(house.ports, txn, phone); }, std::move(done));
    }));
    wakeups.wake(flow::kOutboxKey);
  }
  void answer(int with, std::vector<net::Header> and_headers = {}) {
    const std::lock_guard lock(mutex);
    status = with;
    headers = std::move(and_headers);
  }
  bool came(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPatience, [&] { return paths.size() >= count; });
  }
  // Until the dispatcher has written down what became of everything: the store is asked again and again, not the clock.
  template <class Condition>
  bool soon(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::size_t outbox(seconds ahead = std::chrono::hours(1)) {
    return need(store::read(*house.store,
                            [&](store::Txn& txn) { return store::due_outbox(txn, house.clock.now() + ahead, 100); }))
        .size();
  }
  bool subscribed() { return flow::open_subscription(house.ports, phone.tenant, phone.id).has_value(); }
};

TEST_F(Dispatched, SendsALookWhenItIsWoken) {
  start();
  queue();
  ASSERT_TRUE(came(1));
  EXPECT_EQ(paths[0], "/1");
  EXPECT_TRUE(soon([&] { return outbox() == 0; }));
  EXPECT_EQ(counts.sent, 1);
}

TEST_F(Dispatched, FindsALookThatNobodyWasWokenFor) {
  queue();
  start();
  EXPECT_TRUE(came(1));
}

TEST_F(Dispatched, DropsASubscriptionThatIsGone) {
  answer(410);
  start();
  queue();
  EXPECT_TRUE(soon([&] { return outbox() == 0 && !subscribed(); }));
  EXPECT_EQ(counts.gone, 1);
}

TEST_F(Dispatched, ObeysRetryAfter) {
  answer(429, {{"retry-after", "7"}});
  start();
  queue();
  ASSERT_TRUE(came(1));
  EXPECT_TRUE(soon([&] { return outbox(seconds(7)) == 1 && outbox(seconds(6)) == 0; }));
  EXPECT_EQ(counts.failed, 1);
  answer(201);
  house.clock.advance(seconds(7));
  wakeups.wake(flow::kOutboxKey);
  EXPECT_TRUE(came(2));
  EXPECT_TRUE(soon([&] { return outbox() == 0; }));
}

TEST_F(Dispatched, GivesUpWhatIsRejectedAndKeepsTheSubscription) {
  answer(403);
  start();
  queue();
  EXPECT_TRUE(soon([&] { return outbox() == 0; }));
  EXPECT_TRUE(subscribed());
  EXPECT_EQ(counts.failed, 1);
  EXPECT_TRUE(soon([&] { return lines.lines().size() == 1; }));
  EXPECT_NE(lines.lines().at(0).find("\"event\":\"push.rejected\",\"status\":403"), std::string::npos);
}

TEST_F(Dispatched, LeavesAServiceThatIsAwayAloneForAWhile) {
  subscribe("http://127.0.0.1:1/1");
  start();
  queue();
  EXPECT_TRUE(soon([&] { return counts.failed == 1 && outbox(seconds(19)) == 1; }));
  EXPECT_TRUE(subscribed());
}

TEST_F(Dispatched, StopsWithLooksInTheOutbox) {
  answer(503);
  start();
  for (int i = 0; i < 5; ++i) queue();
  dispatcher.reset();
  EXPECT_EQ(outbox(), 1U);
}

TEST(Pauses, GrowWithEachFailureAndEndWithASuccess) {
  Pauses pauses;
  const Instant now{};
  EXPECT_EQ(pauses.left("a", now), seconds(0));
  EXPECT_TRUE(pauses.failed("a", now));
  EXPECT_EQ(pauses.left("a", now), seconds(1));
  EXPECT_EQ(pauses.left("b", now), seconds(0));
  EXPECT_EQ(pauses.left("a", now + seconds(1)), seconds(0));
  EXPECT_FALSE(pauses.failed("a", now));
  EXPECT_EQ(pauses.left("a", now), seconds(2));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(pauses.failed("a", now));
  EXPECT_EQ(pauses.left("a", now), seconds(8));
  pauses.worked("a");
  EXPECT_EQ(pauses.left("a", now), seconds(0));
}

TEST(PushKey, IsMadeOnceAndIsSealed) {
  testing::House house;
  const CertificatePorts ports{*house.store, *house.keys, house.clock, house.random};
  const Bytes first = need(prepare_push_key(ports)).public_key().point();
  EXPECT_EQ(need(prepare_push_key(ports)).public_key().point(), first);
  const auto sealed =
      need(store::read(*house.store, [](store::Txn& txn) { return store::server_value(txn, "vapid_key"); }));
  ASSERT_TRUE(sealed);
  const Secret scalar = need(prepare_push_key(ports)).scalar();
  EXPECT_EQ(text_of(*sealed).find(scalar.reveal()), std::string_view::npos);
}

}  // namespace
}  // namespace countersign::server
