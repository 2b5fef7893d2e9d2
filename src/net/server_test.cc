// The server over real sockets: framing, limits, listeners, drain.
#include "net/server.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>

#include "testing/http_server.h"
#include "testing/raw_client.h"

namespace countersign::net {
namespace {

using testing::HttpServer;
using testing::RawClient;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Reply silent(const HttpRequest&) {
  return Wait{"never", from_unix_s(9'000'000'000), []() -> Reply { return HttpResponse{}; }};
}

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(Server, AnswersARequestAndKeepsTheConnection) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /a?b=c HTTP/1.1\r\nHost: x:8443\r\n\r\n").body, "GET /a ?b=c @x:8443 ");
  EXPECT_EQ(client.ask("POST /d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc").body, "POST /d ? @x abc");
}

TEST(Server, TellsTheHandlerPeerAndTime) {
  HttpServer server([](const HttpRequest& request) -> Reply {
    HttpResponse reply;
    reply.body = request.peer + " " + std::to_string(unix_s(request.received));
    return reply;
  });
  EXPECT_EQ(RawClient(server.port()).ask(kGet).body, "127.0.0.1 1700000000");
}

TEST(Server, SetsItsOwnHeaders) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).head,
            "HTTP/1.1 200 OK\r\nServer: Countersign\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
            "Content-Type: text/plain\r\nContent-Length: 11\r\nCache-Control: no-store\r\n\r\n");
}

TEST(Server, LeavesHeadersToTheHandlerThatHasThem) {
  HttpServer server([](const HttpRequest&) -> Reply {
    HttpResponse reply;
    reply.status = 429;
    reply.headers = {{"Cache-Control", "max-age=60"}, {"Content-Length", "7"}, {"Retry-After", "3"}};
    return reply;
  });
  RawClient client(server.port());
  const auto answer = client.ask(kGet);
  EXPECT_EQ(answer.head, "HTTP/1.1 429 Too Many Requests\r\nServer: Countersign\r\n"
                         "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 0\r\n"
                         "Cache-Control: max-age=60\r\nRetry-After: 3\r\n\r\n");
  EXPECT_EQ(server.server().counters().too_many_requests, 1U);
  EXPECT_EQ(server.server().counters().responses[3], 1U);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n.";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_answer().body, "POST /" + std::to_string(i) + " ? @x .");
}

TEST(Server, TakesAnEmptyLineAfterEachGet) {
  Limits limits = HttpServer::quick();
  limits.head = milliseconds(1);  // the empty line must not count as a head that has begun
  limits.idle = milliseconds(50);
  HttpServer server(testing::echo, limits);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n").status, 200);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(server.server().counters().timeouts, 0U);
}

TEST(Server, AnswersAlthoughAnEmptyLineFollowsTheLastRequest) {
  HttpServer server(testing::echo);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n\r\n");
    const std::string all = client.read_all();
    EXPECT_TRUE(all.ends_with("\r\n\r\nGET / ? @x ")) << all;
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  }
}

TEST(Server, DecodesChunkedBodies) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  const auto answer = client.ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n");
  EXPECT_EQ(answer.body, "POST / ? @x abcde");
  EXPECT_EQ(client.ask(kGet).status, 200);
}

TEST(Server, SaysContinueToThoseWhoWaitForIt) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("ok").body, "POST / ? @x ok");
}

TEST(Server, SendsNoBodyToHead) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("Content-Length: 12\r\n"), std::string::npos);
  EXPECT_EQ(client.ask(kGet).body, "GET / ? @x ");
}

TEST(Server, ClosesAfterHttp10UnlessAskedNotTo) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  const auto kept = client.ask("GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.head.find("Connection: keep-alive\r\n"), std::string::npos);
  client.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_all().ends_with("GET / ? @x "));
}

TEST(Server, RefusesInJsonAndCloses) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_NE(all.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with(R"({"stat":"FAIL","code":40000,"message":"Bad Request",)"
                            R"("message_detail":"Exactly one Host header of the form host[:port] is required."})"));
  EXPECT_EQ(server.server().counters().requests_refused, 1U);
  EXPECT_EQ(server.server().counters().requests, 0U);
}

TEST(Server, RefusesWithTheStatusOfTheFault) {
  HttpServer server(testing::echo);
  const auto status = [&](std::string_view bytes) { return RawClient(server.port()).ask(bytes).status; };
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"), 400);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n"), 413);
  EXPECT_EQ(status("GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 431);
}

TEST(Server, LetsARefusalArriveWhileTheBodyIsStillSent) {
  HttpServer server(testing::echo);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'b'));
    EXPECT_EQ(client.read_answer().status, 413);
  }
}

TEST(Server, SendsLargeBodiesToSlowReaders) {
  const std::string large(3'000'000, 'l');
  HttpServer server([&](const HttpRequest&) -> Reply {
    HttpResponse reply;
    reply.body = large;
    return reply;
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(client.read_answer().body.size(), large.size());
}

TEST(Server, EndsAReaderThatTakesNothing) {
  Limits limits = HttpServer::quick();
  limits.write = milliseconds(-1'000'000);  // more than what the size adds
  const std::string large(10'000'000, 'l');
  HttpServer server([&](const HttpRequest&) -> Reply {
    HttpResponse reply;
    reply.body = large;
    return reply;
  }, limits);
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_TRUE(eventually([&] { return server.server().counters().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server().counters().connections_open == 0; }));
}

TEST(Server, EndsASlowHeadWith408) {
  Limits limits = HttpServer::quick();
  limits.head = milliseconds(20);
  HttpServer server(testing::echo, limits);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHo");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_NE(answer.body.find("\"code\":40800"), std::string::npos);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(server.server().counters().timeouts, 1U);
}

TEST(Server, EndsASlowBodyWith408) {
  Limits limits = HttpServer::quick();
  limits.body = milliseconds(20);
  HttpServer server(testing::echo, limits);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc").status, 408);
  EXPECT_EQ(client.read_all(), "");
}

TEST(Server, ClosesIdleConnectionsWithoutAWord) {
  Limits limits = HttpServer::quick();
  limits.idle = milliseconds(20);
  HttpServer server(testing::echo, limits);
  RawClient fresh(server.port());
  EXPECT_EQ(fresh.read_all(), "");
  RawClient used(server.port());
  EXPECT_EQ(used.ask(kGet).status, 200);
  EXPECT_EQ(used.read_all(), "");
  EXPECT_EQ(server.server().counters().timeouts, 0U);
}

TEST(Server, LetsIdleConnectionsGiveWayAtTheLimit) {
  Limits limits = HttpServer::quick();
  limits.connections = 2;
  HttpServer server(testing::echo, limits);
  RawClient first(server.port()), second(server.port());
  EXPECT_EQ(first.ask(kGet).status, 200);
  EXPECT_EQ(second.ask(kGet).status, 200);
  RawClient third(server.port());
  EXPECT_EQ(third.ask(kGet).status, 200);
  EXPECT_EQ(server.server().counters().connections_evicted, 1U);
  pollfd ends[] = {{first.fd(), POLLIN, 0}, {second.fd(), POLLIN, 0}};
  ASSERT_EQ(::poll(ends, 2, 10'000), 1);
  RawClient& gone = ends[0].revents != 0 ? first : second;
  RawClient& kept = ends[0].revents != 0 ? second : first;
  EXPECT_EQ(gone.read_all(), "");
  EXPECT_EQ(kept.ask(kGet).status, 200);
}

TEST(Server, PausesAtTheLimitWhenNoneIsIdle) {
  Limits limits = HttpServer::quick();
  limits.connections = 2;
  HttpServer server([](const HttpRequest& request) -> Reply {
    if (request.path == "/now") return testing::echo(request);
    return Wait{"k", from_unix_s(9'000'000'000), []() -> Reply { return HttpResponse{}; }};
  }, limits);
  RawClient first(server.port()), second(server.port());
  first.send(kGet);
  second.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 2; }));
  RawClient third(server.port());
  third.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(server.server().counters().connections_accepted, 2U);
  server.wakeups.wake("k");
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(third.read_answer().status, 200);
}

TEST(Server, ServesManyClientsAtOnce) {
  HttpServer server(testing::echo);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      RawClient client(server.port());
      for (int i = 0; i < 200; ++i) good += client.ask(kGet).body == "GET / ? @x ";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1600);
}

TEST(Server, DrainsWithTheRequestInFlight) {
  std::promise<void> entered, leave;
  HttpServer server([&](const HttpRequest& request) -> Reply {
    entered.set_value();
    leave.get_future().wait();
    return testing::echo(request);
  });
  RawClient idle(server.port()), busy(server.port());
  busy.send(kGet);
  entered.get_future().wait();
  server.server().drain();
  EXPECT_EQ(idle.read_all(), "");
  leave.set_value();
  const auto answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(busy.read_all(), "");
}

TEST(Server, LetsWaitsAnswerWhenItDrains) {
  std::atomic<bool> draining{false};
  HttpServer server([&](const HttpRequest&) -> Reply {
    const auto again = [&]() -> Reply { return HttpResponse{draining ? 202 : 500, "", "", {}}; };
    return Wait{"never", from_unix_s(9'000'000'000), again};
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  draining = true;
  server.server().drain();
  EXPECT_EQ(client.read_answer().status, 202);
}

TEST(Server, TakesTheLastWordOfAWaitWhenItDrains) {
  std::function<Reply()> again;
  const auto over = []() -> Reply { return HttpResponse{202, "", "", {}}; };
  again = [&]() -> Reply { return Wait{"never", from_unix_s(9'000'000'000), again, over}; };
  HttpServer server([&](const HttpRequest&) { return again(); });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.server().drain();
  EXPECT_EQ(client.read_answer().status, 202);
}

TEST(Server, EndsTheDrainInTime) {
  Limits limits = HttpServer::quick();
  limits.drain = milliseconds(30);
  std::function<Reply()> again;
  again = [&again]() -> Reply { return Wait{"never", from_unix_s(9'000'000'000), again}; };
  HttpServer server([&](const HttpRequest&) { return again(); }, limits);
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return server.server().counters().waits_open == 1; }));
  server.stop();
  EXPECT_EQ(server.server().counters().connections_open, 0U);
}

TEST(Server, CanBeDrainedBeforeItRuns) {
  testing::ManualClock clock;
  Wakeups wakeups;
  Server server(clock, wakeups, {});
  ASSERT_TRUE(server.listen({"127.0.0.1", 0, nullptr, testing::echo}));
  server.drain();
  server.run();
}

TEST(Server, HasAHandlerForEachListener) {
  testing::ManualClock clock;
  Wakeups wakeups;
  Server server(clock, wakeups, {});
  const auto say = [](std::string body) {
    return [body](const HttpRequest&) -> Reply { return HttpResponse{200, "", body, {}}; };
  };
  ASSERT_TRUE(server.listen({"127.0.0.1", 0, nullptr, say("one")}));
  ASSERT_TRUE(server.listen({"localhost", 0, nullptr, say("two")}));
  std::thread thread([&] { server.run(); });
  ASSERT_GE(server.bound().size(), 2U);
  EXPECT_EQ(RawClient(server.bound()[0].port).ask(kGet).body, "one");
  EXPECT_EQ(server.bound()[1].listener, 1U);
  EXPECT_EQ(RawClient(server.bound()[1].port).ask(kGet).body, "two");
  server.drain();
  thread.join();
}

TEST(Server, SaysWhyItCannotListen) {
  testing::ManualClock clock;
  Wakeups wakeups;
  Server server(clock, wakeups, {});
  ASSERT_TRUE(server.listen({"127.0.0.1", 0, nullptr, silent}));
  const auto taken = server.listen({"127.0.0.1", server.bound()[0].port, nullptr, silent});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::conflict);
  const auto empty = server.listen({"", 0, nullptr, silent});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Errc::malformed);
}

TEST(Server, WritesAddressesWithTheirPort) {
  EXPECT_EQ(text(Bound{"127.0.0.1", 8443, 0}), "127.0.0.1:8443");
  EXPECT_EQ(text(Bound{"::1", 443, 0}), "[::1]:443");
}

}  // namespace
}  // namespace countersign::net
