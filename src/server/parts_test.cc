// The small parts: addresses, router, metrics, printing, signals.
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <set>

#include "server/addresses.h"
#include "server/cli_print.h"
#include "server/metrics.h"
#include "server/router.h"
#include "server/signals.h"
#include "server/system.h"
#include "testing/manual_clock.h"

namespace countersign::server {
namespace {

TEST(Addresses, ReadsHostAndPort) {
  EXPECT_EQ(parse_host_port("127.0.0.1:8443")->host, "127.0.0.1");
  EXPECT_EQ(parse_host_port("[::1]:443")->host, "::1");
  EXPECT_EQ(parse_host_port("localhost:0")->port, 0);
  EXPECT_EQ(parse_host_port("a:65535")->port, 65535);
}

TEST(Addresses, RefusesWhatIsNone) {
  for (const char* text : {"", "a", ":1", "a:", "a:65536", "a:-1", "a:1x", "::1:443", "[]:1"}) {
    const auto read = parse_host_port(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::malformed);
  }
}

TEST(Addresses, TheUrlIsOfTheFirstListener) {
  const Config config;
  EXPECT_EQ(public_url(config, {"127.0.0.1", 8443}), "https://localhost:8443");
  EXPECT_EQ(public_url(config, {"0.0.0.0", 443}), "https://localhost");
  EXPECT_EQ(public_url(config, {"127.77.0.1", 443}), "https://127.77.0.1");
  EXPECT_EQ(public_url(config, {"2001:db8::1", 1}), "https://[2001:db8::1]:1");
}

TEST(Addresses, TheConfiguredUrlWins) {
  Config config;
  ASSERT_TRUE(config.public_url.set("https://MFA.example.com:8443"));
  EXPECT_EQ(public_url(config, {"127.0.0.1", 1}), "https://MFA.example.com:8443");
  EXPECT_EQ(api_hostname(*config.public_url), "MFA.example.com:8443");
  EXPECT_EQ(host_names(config, {}), std::vector<std::string>{"mfa.example.com"});
}

TEST(Addresses, HostNamesAreTheOnesOutsidersUse) {
  Config config;
  ASSERT_TRUE(config.host_names.set({"B.example", "localhost", "b.example"}));
  EXPECT_EQ(host_names(config, {{"0.0.0.0", 1}, {"127.77.0.1", 1}, {"::1", 1}}),
            (std::vector<std::string>{"b.example", "127.77.0.1"}));
}

TEST(Router, GivesEachPathToTheFirstThatServesItAndTheRestToNobody) {
  Router router;
  for (const char* body : {"first", "second"}) {
    router.add({[](std::string_view path) { return path.starts_with("/a"); },
                [body](const net::HttpRequest&) {
                  return net::HttpResponse{.content_type = "", .body = body, .headers = {}};
                }});
  }
  net::HttpRequest request;
  request.path = "/a/b";
  EXPECT_EQ(std::get<net::HttpResponse>(router.answer(request)).body, "first");
  request.path = "/nothing";
  const auto nobody = std::get<net::HttpResponse>(router.answer(request));
  EXPECT_EQ(nobody.status, 404);
  EXPECT_NE(nobody.body.find("\"code\":40401"), std::string::npos);
}

struct Numbers : ::testing::Test {
  net::Counters counters;
  flow::SignInCounts sign_ins;
  testing::ManualClock clock;
  PushCounts pushes;
  Measured measured{counters, sign_ins, clock, clock.now(), [] { return false; }, pushes};
};

TEST_F(Numbers, ShowsCountsInPrometheusText) {
  net::add(counters.requests, 7);
  net::add(counters.responses[3], 2);
  sign_ins.denied = 5;
  pushes.gone = 3;
  measured.room = [] { return store::Room{store::Space::short_of, 4096}; };
  clock.advance(seconds(3));
  const std::string text = metrics_text(measured);
  EXPECT_NE(text.find("\n# TYPE countersign_http_requests_total counter\ncountersign_http_requests_total 7\n"),
            std::string::npos);
  EXPECT_NE(text.find("countersign_http_responses_total{class=\"4xx\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("countersign_sign_ins_total{result=\"denied\"} 5\n"), std::string::npos);
  EXPECT_NE(text.find("countersign_push_messages_total{result=\"gone\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("countersign_store_up 0\n"), std::string::npos);
  EXPECT_NE(text.find("countersign_store_room_short 1\n"), std::string::npos);
  EXPECT_NE(text.find("countersign_store_reserve_bytes 4096\n"), std::string::npos);
  EXPECT_NE(text.find("process_uptime_seconds 3\n"), std::string::npos);
}

TEST_F(Numbers, MetricsOfOneNameStandTogetherAndHaveAMeaning) {
  std::set<std::string_view> seen;
  std::string_view last;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(metric.meaning.ends_with('.')) << metric.name;
    if (metric.name != last) EXPECT_TRUE(seen.insert(metric.name).second) << metric.name;
    last = metric.name;
  }
}

TEST_F(Numbers, ServesOneAddressAndOneMethod) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/metrics";
  EXPECT_EQ(serve_metrics(measured, request).status, 200);
  request.method = "POST";
  EXPECT_EQ(serve_metrics(measured, request).status, 405);
  request.path = "/";
  EXPECT_EQ(serve_metrics(measured, request).status, 404);
}

TEST(Page, ShowsNestedObjectsBelowTheirName) {
  const auto json = codec::parse_json(R"({"a":"x","long":null,"list":["1","2"],"in":[{"b":true},{"b":2}]})");
  EXPECT_EQ(page(*json, 0), "a     x\nlong  -\nlist  1,2\nin\n  b  yes\n\n  b  2\n");
}

TEST(Page, TextCannotSteerTheTerminal) {
  const auto json = codec::parse_json("{\"a\":\"\\u001b[2J\"}");
  EXPECT_EQ(page(*json, 0), "a  ?[2J\n");
}

TEST(SystemRandom, GivesDifferentBytes) {
  SystemRandom random;
  EXPECT_NE(random_bytes(random, 32), random_bytes(random, 32));
}

// In a child, because signals belong to the whole process.
TEST(Signals, HupReloadsAndTermStopsOnce) {
  EXPECT_EXIT(
      {
        block_signals();
        std::promise<void> reloaded;
        std::promise<void> stopped;  // set twice, it would throw and end the child otherwise
        {
          const Signals signals([&] { stopped.set_value(); }, [&] { reloaded.set_value(); });
          ::kill(::getpid(), SIGHUP);
          reloaded.get_future().wait();
          ::kill(::getpid(), SIGUSR2);
          ::kill(::getpid(), SIGTERM);
          stopped.get_future().wait();
          ::kill(::getpid(), SIGTERM);
        }
        ::_exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace countersign::server
