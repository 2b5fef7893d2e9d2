// What a handler may answer, and when the answer arrives.
#include <atomic>
#include <future>
#include <mutex>

#include <gtest/gtest.h>

#include "testing/http_server.h"
#include "testing/raw_client.h"

namespace countersign::net {
namespace {

using testing::HttpServer;
using testing::RawClient;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

HttpResponse said(std::string body) {
  HttpResponse reply;
  reply.body = std::move(body);
  return reply;
}

// A key's state, and a handler that waits for it to become true.
struct Door {
  std::atomic<bool> open{false};
  std::atomic<int> looks{0};
  std::promise<void> waiting;
  testing::ManualClock* clock = nullptr;
  milliseconds patience{3'600'000};

  Reply look() {
    if (open) return said("open");
    if (looks++ == 0) until = clock->now() + patience;
    if (clock->now() >= until) return said("shut");
    Wait wait{"door", until, [this] { return look(); }};
    return wait;
  }
  Instant until{};
};

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(Wait, AnswersWhenTheKeyIsWoken) {
  Door door;
  HttpServer server([&](const HttpRequest&) { return door.look(); });
  door.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  door.open = true;
  server.wakeups.wake("door");
  EXPECT_EQ(client.read_answer().body, "open");
}

TEST(Wait, IgnoresOtherKeys) {
  Door door;
  HttpServer server([&](const HttpRequest&) { return door.look(); });
  door.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.wakeups.wake("window");
  EXPECT_EQ(door.looks, 1);
  door.open = true;
  server.wakeups.wake("door");
  EXPECT_EQ(client.read_answer().body, "open");
}

TEST(Wait, LooksAgainWhenItsTimeHasCome) {
  Door door;
  door.patience = milliseconds(30);
  HttpServer server([&](const HttpRequest&) { return door.look(); });
  door.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.clock.advance(milliseconds(30));
  EXPECT_EQ(client.read_answer().body, "shut");
}

TEST(Wait, SeesAWakeBetweenTheReadAndTheRegistration) {
  Door door;
  Wakeups* wakeups = nullptr;
  HttpServer server([&](const HttpRequest&) {
    Reply reply = door.look();  // reads "not yet" …
    door.open = true;           // … and the change comes before the server has seen the wait
    wakeups->wake("door");
    return reply;
  });
  door.clock = &server.clock;
  wakeups = &server.wakeups;
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).body, "open");
}

TEST(Wait, MayWaitAgainForSomethingElse) {
  std::atomic<int> step{0};
  HttpServer server([&](const HttpRequest&) -> Reply {
    Wait second{"two", from_unix_s(9'000'000'000), [&]() -> Reply { return said("done"); }};
    return Wait{"one", from_unix_s(9'000'000'000), [&, second]() -> Reply {
                  ++step;
                  return second;
                }};
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.wakeups.wake("one");
  ASSERT_TRUE(eventually([&] { return step == 1 && server.server().counters().waits_open == 1; }));
  server.wakeups.wake("two");
  EXPECT_EQ(client.read_answer().body, "done");
}

TEST(Wait, NeverLosesAWakeUnderARace) {
  std::mutex mutex;
  int wanted = 0, given = 0;
  HttpServer server([&](const HttpRequest& request) -> Reply {
    const int number = std::stoi(request.path.substr(1));
    std::function<Reply()> look = [&, number]() -> Reply {
      const std::lock_guard lock(mutex);
      wanted = number;
      if (given >= number) return said("ok");
      return HttpResponse{500, "", "", {}};
    };
    const std::lock_guard lock(mutex);
    wanted = number;
    if (given >= number) return said("ok");
    return Wait{"n", from_unix_s(9'000'000'000), look};
  });
  std::atomic<bool> stop{false};
  std::thread waker([&] {
    while (!stop) {
      bool changed = false;
      {
        const std::lock_guard lock(mutex);
        changed = given < wanted;
        given = wanted;
      }
      if (changed) server.wakeups.wake("n");
    }
  });
  RawClient client(server.port());
  int answered = 0;
  for (int i = 1; i <= 500; ++i) {
    if (client.ask("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n").body != "ok") break;
    ++answered;
  }
  stop = true;
  waker.join();
  EXPECT_EQ(answered, 500);
}

TEST(Wait, IsRefusedWhenTooManyWait) {
  ServerOptions options;
  testing::ManualClock clock;
  Wakeups wakeups(0);
  Server server(clock, wakeups, options);
  const Handler handler = [](const HttpRequest&) -> Reply {
    return Wait{"k", from_unix_s(9'000'000'000), []() -> Reply { return HttpResponse{}; }};
  };
  ASSERT_TRUE(server.listen(Listener{"127.0.0.1", 0, nullptr, handler}));
  std::thread thread([&] { server.run(); });
  RawClient client(server.bound().front().port);
  EXPECT_EQ(client.ask(kGet).status, 503);
  server.drain();
  thread.join();
}

TEST(Committing, MayBeDoneBeforeStartReturns) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Committing{[](std::function<void(Reply)> done) { done(said("at once")); }};
  });
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).body, "at once");
  EXPECT_EQ(client.ask(kGet).body, "at once");
}

TEST(Committing, MayBeDoneFromAnotherThread) {
  std::promise<std::function<void(Reply)>> queue;
  HttpServer server([&](const HttpRequest&) -> Reply {
    return Committing{[&](std::function<void(Reply)> done) { queue.set_value(std::move(done)); }};
  });
  RawClient client(server.port());
  client.send(kGet);
  std::thread writer([&] { queue.get_future().get()(said("committed")); });
  EXPECT_EQ(client.read_answer().body, "committed");
  writer.join();
}

TEST(Committing, AnswersOnlyOnce) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Committing{[](std::function<void(Reply)> done) {
      done(said("first"));
      done(said("second"));
    }};
  });
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).body, "first");
  EXPECT_EQ(client.ask(kGet).body, "first");
}

TEST(Committing, MayEndInAWait) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Committing{[](std::function<void(Reply)> done) {
      done(Wait{"k", from_unix_s(9'000'000'000), []() -> Reply { return said("later"); }});
    }};
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.wakeups.wake("k");
  EXPECT_EQ(client.read_answer().body, "later");
}

TEST(Committing, MayEndInTheRestOfTheHandlerOnAWorkerThread) {
  std::promise<std::function<void(Reply)>> queue;
  std::atomic<std::size_t> ran_on{0};
  const auto thread = [] { return std::hash<std::thread::id>{}(std::this_thread::get_id()); };
  HttpServer server([&](const HttpRequest&) -> Reply {
    return Committing{[&](std::function<void(Reply)> done) { queue.set_value(std::move(done)); }};
  });
  RawClient client(server.port());
  client.send(kGet);
  std::size_t asker = 0;
  std::thread keys([&] {
    asker = thread();
    queue.get_future().get()(Rest{[&]() -> Reply {
      ran_on = thread();
      return Rest{[]() -> Reply { return said("the rest of it"); }};
    }});
  });
  EXPECT_EQ(client.read_answer().body, "the rest of it");
  keys.join();
  EXPECT_NE(ran_on, asker);
}

TEST(Rest, IsAFailureWhenItThrows) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Rest{[]() -> Reply { throw std::runtime_error("no rest"); }};
  });
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 500);
  EXPECT_EQ(server.server().counters().handler_failures, 1u);
}

TEST(Server, DoesWorkSoonOnAWorkerThread) {
  HttpServer* running = nullptr;
  HttpServer server([&](const HttpRequest&) -> Reply {
    return Committing{[&](std::function<void(Reply)> done) {
      running->server().soon([done] { done(said("soon")); });
    }};
  });
  running = &server;
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).body, "soon");
}

TEST(Committing, IsAFailureWhenThePromiseIsDropped) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Committing{[](std::function<void(Reply)>) {}};
  });
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 500);
  EXPECT_EQ(server.server().counters().handler_failures, 1U);
}

TEST(Committing, IsUnavailableWhenItTakesTooLong) {
  std::function<void(Reply)> kept;
  Limits limits = HttpServer::quick();
  limits.commit = milliseconds(20);
  HttpServer server([&](const HttpRequest&) -> Reply {
    return Committing{[&](std::function<void(Reply)> done) { kept = std::move(done); }};
  }, limits);
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 503);
  server.stop();
  kept(said("too late"));  // must find nothing to harm, even after the server's loop has ended
}

TEST(Committing, IsAFailureWhenStartThrows) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Committing{[](std::function<void(Reply)>) { throw std::runtime_error("no queue"); }};
  });
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 500);
}

TEST(Committing, IsDoneInBatchesForManyClients) {
  std::mutex mutex;
  std::vector<std::function<void(Reply)>> queue;
  HttpServer server([&](const HttpRequest&) -> Reply {
    return Committing{[&](std::function<void(Reply)> done) {
      const std::lock_guard lock(mutex);
      queue.push_back(std::move(done));
    }};
  });
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) {
      std::vector<std::function<void(Reply)>> batch;
      {
        const std::lock_guard lock(mutex);
        batch.swap(queue);
      }
      for (const auto& done : batch) done(said("ok"));
      std::this_thread::yield();
    }
  });
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&] {
      RawClient client(server.port());
      for (int i = 0; i < 100; ++i) good += client.ask(kGet).body == "ok";
    });
  }
  for (std::thread& client : clients) client.join();
  stop = true;
  writer.join();
  EXPECT_EQ(good, 800);
}

TEST(Handler, MayThrowWithoutHarm) {
  HttpServer server([](const HttpRequest& request) -> Reply {
    if (request.path == "/throw") throw std::runtime_error("secret");
    return said("fine");
  });
  RawClient client(server.port());
  const auto failed = client.ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.ask(kGet).body, "fine");
  const std::lock_guard lock(server.events_mutex);
  EXPECT_EQ(server.events, std::vector<std::string>{"http.handler_threw"});
}

TEST(Handler, CannotSplitAResponse) {
  HttpServer server([](const HttpRequest&) -> Reply {
    HttpResponse reply;
    reply.headers.push_back({"location", "https://x/\r\nset-cookie: a=b"});
    return reply;
  });
  RawClient client(server.port());
  const auto answer = client.ask(kGet);
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.head.find("set-cookie"), std::string::npos);
}

// A stream of what was pushed, until it is told to end.
struct Feed {
  std::mutex mutex;
  std::string pending = "data: first\n\n";
  testing::ManualClock* clock = nullptr;

  Reply open() {
    return EventStream{"feed", clock->now() + std::chrono::hours(1), [this] {
                         const std::lock_guard lock(mutex);
                         return std::exchange(pending, {});
                       }};
  }
  void push(std::string event) {
    const std::lock_guard lock(mutex);
    pending += std::move(event);
  }
};

TEST(EventStream, SendsAtOnceAfterEachWakeAndEndsInTime) {
  Feed feed;
  HttpServer server([&](const HttpRequest&) { return feed.open(); });
  feed.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(client.read_until("\n\n\r\n"), "d\r\ndata: first\n\n\r\n");
  feed.push("data: 2\n\n");
  server.wakeups.wake("feed");
  EXPECT_EQ(client.read_until("\n\n\r\n"), "9\r\ndata: 2\n\n\r\n");
  server.clock.advance(std::chrono::hours(1));
  server.wakeups.wake("feed");
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(EventStream, BeatsWhenSilent) {
  Feed feed;
  Limits limits = HttpServer::quick();
  limits.heartbeat = milliseconds(10);
  HttpServer server([&](const HttpRequest&) { return feed.open(); }, limits);
  feed.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  client.read_until("first\n\n\r\n");
  EXPECT_EQ(client.read_until("\n\n\r\n"), "4\r\n: \n\n\r\n");
}

TEST(EventStream, EndsWhenTheServerDrains) {
  Feed feed;
  HttpServer server([&](const HttpRequest&) { return feed.open(); });
  feed.clock = &server.clock;
  RawClient client(server.port());
  client.send(kGet);
  client.read_until("first\n\n\r\n");
  server.server().drain();
  EXPECT_EQ(client.read_all(), "0\r\n\r\n");
}

}  // namespace
}  // namespace countersign::net
