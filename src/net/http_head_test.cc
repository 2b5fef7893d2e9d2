#include "net/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::net {
namespace {

struct Parsed {
  HeadOutcome outcome;
  HttpRequest request;
};

Parsed parse(std::string_view in, HeadLimits limits = {}) {
  Parsed parsed;
  parsed.outcome = parse_head(in, limits, parsed.request);
  return parsed;
}

// The refusal's status; 0: more is needed; 200: a head.
int status(std::string_view in, HeadLimits limits = {}) {
  const Parsed parsed = parse(in, limits);
  if (const auto* bad = std::get_if<BadHead>(&parsed.outcome)) return bad->status;
  return std::holds_alternative<Head>(parsed.outcome) ? 200 : 0;
}

// With a request line and a Host before, and the end behind.
int status_with(std::string_view headers) {
  return status("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n");
}

Head head_with(std::string_view headers) {
  const Parsed parsed = parse("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n");
  const auto* head = std::get_if<Head>(&parsed.outcome);
  if (head == nullptr) {
    ADD_FAILURE() << "refused: " << headers;
    return {};
  }
  return *head;
}

HttpRequest target(std::string_view target) {
  return parse("GET " + std::string(target) + " HTTP/1.1\r\nHost: h:1\r\n\r\n").request;
}

TEST(HttpHead, ReadsARequest) {
  const std::string in = "POST /auth/v2/auth?x=1&y HTTP/1.1\r\nHost: mfa.example:8443\r\nX-Duo-Date:\t a b \r\n"
                         "content-length: 12\r\n\r\nrest";
  const Parsed parsed = parse(in);
  ASSERT_TRUE(std::holds_alternative<Head>(parsed.outcome));
  const Head& head = std::get<Head>(parsed.outcome);
  EXPECT_EQ(head.size, in.size() - 4);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(parsed.request.method, "POST");
  EXPECT_EQ(parsed.request.path, "/auth/v2/auth");
  EXPECT_EQ(parsed.request.query, "x=1&y");
  EXPECT_EQ(parsed.request.host, "mfa.example:8443");
  ASSERT_EQ(parsed.request.headers.size(), 3U);
  EXPECT_EQ(parsed.request.headers[1].name, "x-duo-date");
  EXPECT_EQ(parsed.request.headers[1].value, "a b");
}

TEST(HttpHead, ForgetsThePreviousRequestOfItsBuffer) {
  HttpRequest request;
  parse_head("GET /?q HTTP/1.1\r\nHost: a\r\nOne: 1\r\nTwo: 2\r\n\r\n", {}, request);
  parse_head("GET / HTTP/1.1\r\nHost: b\r\n\r\n", {}, request);
  EXPECT_EQ(request.query, "");
  EXPECT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.host, "b");
}

TEST(HttpHead, NeedsMoreAtEveryCut) {
  const std::string in = "\r\nGET /path HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < in.size(); ++size) EXPECT_EQ(status(in.substr(0, size)), 0) << size;
  EXPECT_EQ(status(in), 200);
}

TEST(HttpHead, SkipsOneEmptyLineBeforeTheRequestLine) {
  EXPECT_EQ(status("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
  EXPECT_EQ(status("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_TRUE(is_blank("\r\n"));
  EXPECT_FALSE(is_blank("\r\nG"));
}

TEST(HttpHead, RequiresExactlyOneHost) {
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.0\r\n\r\n"), 400);
  EXPECT_EQ(status_with("Host: x\r\n"), 400);
  EXPECT_EQ(status("GET https://x/ HTTP/1.1\r\n\r\n"), 400);
}

TEST(HttpHead, RequiresAHostOfTheFormHostPort) {
  const auto host = [](std::string_view value) {
    return status("GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n");
  };
  for (const char* good : {"x", "api-1.example.com:443", "127.0.0.1:8443", "[::1]", "[2001:db8::7]:8443", "x:0"}) {
    EXPECT_EQ(host(good), 200) << good;
  }
  for (const char* bad : {"", ":443", "x:", "x:65536", "x:1:2", "x:+1", "a b", "user@x", "x/", "x,y", "[::1", "[::g]",
                          "[]", "[::1]x", "[::1]:", "x?", "h\xc3\xb6st", "127.0.0.1:8443x"}) {
    EXPECT_EQ(host(bad), 400) << bad;
  }
  EXPECT_EQ(host(std::string(253, 'a')), 200);
  EXPECT_EQ(host(std::string(254, 'a')), 400);
}

TEST(HttpHead, LetsTheAuthorityOfAnAbsoluteTargetWin) {
  const HttpRequest request = target("https://other:2/p?q");
  EXPECT_EQ(request.host, "other:2");
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.query, "q");
  EXPECT_EQ(target("HTTP://other").path, "/");
  EXPECT_EQ(target("https://other?q=1").path, "/");
  EXPECT_EQ(target("https://other?q=1").query, "q=1");
}

TEST(HttpHead, ReadsABareQuestionMarkAsNoQuery) {
  EXPECT_EQ(target("/auth/v2/ping?").path, "/auth/v2/ping");
  EXPECT_EQ(target("/auth/v2/ping?").query, "");
  EXPECT_EQ(target("/a??b").query, "?b");
}

TEST(HttpHead, RefusesTargetsOfOtherForms) {
  const auto line = [](std::string_view first) { return status(std::string(first) + "\r\nHost: x\r\n\r\n"); };
  EXPECT_EQ(line("OPTIONS * HTTP/1.1"), 200);
  EXPECT_EQ(line("GET * HTTP/1.1"), 400);
  EXPECT_EQ(line("CONNECT x:443 HTTP/1.1"), 501);
  for (const char* bad : {"path", "ftp://x/", "https://", "https://u@x/", "https://x:99999/", "/a#b", "/\x01",
                          "/\xff"}) {
    EXPECT_EQ(line("GET " + std::string(bad) + " HTTP/1.1"), 400) << bad;
  }
}

TEST(HttpHead, RefusesMalformedRequestLines) {
  for (const char* line : {"GET / HTTP/1.1 ", "GET  / HTTP/1.1", "GET /", "GET / a HTTP/1.1", " GET / HTTP/1.1",
                           "G(T / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.1x", "GET / HTTP/11", "GET /\tHTTP/1.1"}) {
    EXPECT_EQ(status(std::string(line) + "\r\nHost: x\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(status("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status(std::string(33, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
}

TEST(HttpHead, RefusesAtOnceWhatNothingCanMend) {
  EXPECT_EQ(status("\x16\x03\x01\x02"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\nHost: x\n\n"), 400);
  EXPECT_EQ(status("nonsense\r\n"), 400);
  EXPECT_EQ(status("PRI * HTTP/2.0\r\n"), 505);
  EXPECT_EQ(status(std::string(33, 'A')), 400);
}

TEST(HttpHead, RefusesMalformedHeaders) {
  for (const char* line : {"A : b\r\n", ": b\r\n", "A\r\n", "A b: c\r\n", "A: b\r\n folded\r\n", " A: b\r\n",
                           "A: b\rc\r\n", "A: b\x01\r\n", "A: b\x7f\r\n", "A: b\nC: d\r\n", "\xc3\xa4: b\r\n"}) {
    EXPECT_EQ(status_with(line), 400) << line;
  }
  EXPECT_EQ(status_with(std::string_view("A: \0\r\n", 6)), 400);
  EXPECT_EQ(status_with("A:\r\n"), 200);
  EXPECT_EQ(status_with("A: \xc3\xa4\tb\r\n"), 200);
}

TEST(HttpHead, RefusesAmbiguousFraming) {
  for (const char* headers :
       {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1, 1\r\n", "Content-Length: +1\r\n", "Content-Length: -1\r\n", "Content-Length: 0x1\r\n",
        "Content-Length:\r\n", "Content-Length: 1 1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\r\n"}) {
    EXPECT_EQ(status_with(headers), 400) << headers;
  }
  EXPECT_EQ(status("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(HttpHead, KnowsOnlyTheChunkedEncoding) {
  EXPECT_EQ(head_with("Transfer-Encoding: Chunked\r\n").framing, Framing::chunked);
  for (const char* coding : {"gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked;a=b"}) {
    EXPECT_EQ(status_with("Transfer-Encoding: " + std::string(coding) + "\r\n"), 501) << coding;
  }
}

TEST(HttpHead, HasALimitForEachPart) {
  EXPECT_EQ(head_with("Content-Length: 65536\r\n").content_length, 65536U);
  EXPECT_EQ(status_with("Content-Length: 65537\r\n"), 413);
  EXPECT_EQ(status_with("Content-Length: 99999999999999999999999\r\n"), 413);
  const HeadLimits limits{.head_bytes = 64, .headers = 3, .body_bytes = 10};
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(32, 'a') + "\r\n\r\n", limits), 200);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(33, 'a') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(status("GET /" + std::string(64, 'a'), limits), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\n\r\n", limits), 200);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\nC:\r\n\r\n", limits), 431);
}

TEST(HttpHead, KnowsWhetherTheConnectionStays) {
  EXPECT_TRUE(head_with("Connection: keep-alive\r\n").keep_alive);
  EXPECT_FALSE(head_with("Connection: close\r\n").keep_alive);
  EXPECT_FALSE(head_with("Connection: x, Close\r\n").keep_alive);
  EXPECT_FALSE(head_with("Connection: keep-alive\r\nConnection: close\r\n").keep_alive);
  EXPECT_TRUE(head_with("Connection: closed\r\n").keep_alive);
  const auto old = [](std::string_view headers) {
    return std::get<Head>(parse("GET / HTTP/1.0\r\nHost: x\r\n" + std::string(headers) + "\r\n").outcome).keep_alive;
  };
  EXPECT_FALSE(old(""));
  EXPECT_TRUE(old("Connection: Keep-Alive\r\n"));
}

TEST(HttpHead, KnowsOneExpectation) {
  EXPECT_TRUE(head_with("Content-Length: 1\r\nExpect: 100-Continue\r\n").expects_continue);
  EXPECT_FALSE(head_with("Expect: 100-continue\r\n").expects_continue);
  EXPECT_EQ(status_with("Expect: more\r\n"), 417);
}

}  // namespace
}  // namespace countersign::net
