// The client and the server against each other over TLS, and what each refuses of the other.
#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/tls.h"
#include "testing/certificate.h"
#include "testing/http_server.h"

namespace countersign::net {
namespace {

using testing::HttpServer;
using testing::ScratchFolder;
using testing::write_certificate;

class Tls : public ::testing::Test {
 protected:
  Tls() {
    write_certificate(file("tls.pem"), "first");
    auto loaded = TlsContext::load(file("tls.pem"), file("tls.pem"));
    if (!loaded) std::abort();
    context = std::move(*loaded);
  }
  std::string file(const std::string& name) const { return folder / name; }
  HttpClient client(std::uint16_t port) { return client_with(port, {}); }
  HttpClient client_with(std::uint16_t port, std::string certificate_name) {
    ClientOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.ca_file = file("tls.pem");
    options.certificate_name = std::move(certificate_name);
    auto made = HttpClient::make(std::move(options));
    if (!made) std::abort();
    return std::move(*made);
  }
  ClientRequest post(std::string body) {
    ClientRequest request;
    request.method = "POST";
    request.target = "/p?q=1";
    request.body = std::move(body);
    return request;
  }

  ScratchFolder folder;
  std::unique_ptr<TlsContext> context;
};

TEST_F(Tls, CarriesManyRequestsOnOneConnection) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  HttpClient client = this->client(server.port());
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  for (int i = 0; i < 20; ++i) {
    const auto reply = client.send(post("n" + std::to_string(i)));
    ASSERT_TRUE(reply) << reply.error().what;
    EXPECT_EQ(reply->body, "POST /p ?q=1 @" + host + " n" + std::to_string(i));
    EXPECT_EQ(reply->content_type, "text/plain");
  }
  EXPECT_EQ(server.server().counters().connections_accepted, 1U);
  EXPECT_EQ(server.server().counters().tls_handshakes, 1U);
}

TEST_F(Tls, CarriesBodiesOfManyRecords) {
  const std::string large(300'000, 'r');
  HttpServer server([&](const HttpRequest& request) -> Reply {
    HttpResponse reply;
    reply.body = large + std::to_string(request.body.size());
    return reply;
  }, HttpServer::quick(), context.get());
  HttpClient client = this->client(server.port());
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.send(post(std::string(60'000, 'b')));
    ASSERT_TRUE(reply) << reply.error().what;
    EXPECT_EQ(reply->body, large + "60000");
  }
}

TEST_F(Tls, SaysItsStrictTransportOnlyThere) {
  HttpServer secure(testing::echo, HttpServer::quick(), context.get());
  const auto reply = client(secure.port()).send({});
  ASSERT_TRUE(reply);
  std::string found;
  for (const Header& header : reply->headers) {
    if (header.name == "strict-transport-security") found = header.value;
  }
  EXPECT_EQ(found, "max-age=31536000");
}

TEST_F(Tls, ClientReadsAStreamPieceByPiece) {
  int sent = 0;
  HttpServer server([&](const HttpRequest&) -> Reply {
    return EventStream{"k", from_unix_s(1'800'000'000), [&] {
                         return "data: " + std::to_string(++sent) + "\n\n";
                       }};
  }, HttpServer::quick(), context.get());
  std::string seen;
  HttpClient client = this->client(server.port());
  const auto reply = client.stream({}, [&](std::string_view piece) {
    seen += piece;
    server.wakeups.wake("k");
    return seen.find("data: 3\n\n") == std::string::npos;
  });
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->content_type, "text/event-stream");
  EXPECT_TRUE(seen.starts_with("data: 1\n\ndata: 2\n\ndata: 3\n\n")) << seen;
}

TEST_F(Tls, ClientConnectsAgainWhenTheServerHasClosed) {
  Limits limits = HttpServer::quick();
  limits.idle = milliseconds(20);
  HttpServer server(testing::echo, limits, context.get());
  HttpClient client = this->client(server.port());
  ASSERT_TRUE(client.send({}));
  while (server.server().counters().connections_open > 0) std::this_thread::yield();
  EXPECT_TRUE(client.send({}));
  EXPECT_EQ(server.server().counters().connections_accepted, 2U);
}

TEST_F(Tls, ClientRefusesAnUnknownAuthority) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  write_certificate(file("tls.pem"), "other");  // what the client will trust
  const auto reply = client(server.port()).send({});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::refused);
}

TEST_F(Tls, ClientRefusesACertificateOfAnotherHost) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  const auto reply = client_with(server.port(), "example.com").send({});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::refused);
  EXPECT_TRUE(client_with(server.port(), "localhost").send({}));
}

TEST_F(Tls, ClientGivesUpInTime) {
  HttpServer server([](const HttpRequest&) -> Reply {
    return Wait{"never", from_unix_s(1'800'000'000), []() -> Reply { return HttpResponse{}; }};
  }, HttpServer::quick(), context.get());
  ClientRequest request;
  request.timeout = milliseconds(50);
  const auto reply = client(server.port()).send(request);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::unavailable);
}

TEST_F(Tls, ClientSaysWhenNobodyListens) {
  const auto reply = client(1).send({});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace countersign::net
