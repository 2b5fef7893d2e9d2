#include "net/server.h"

#include <gtest/gtest.h>

#include "testing/http_server.h"
#include "testing/raw_client.h"

namespace countersign::net {
namespace {

using testing::HttpServer;
using testing::RawClient;

TEST(Server, AnswersARequestAndKeepsTheConnection) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /a?b=c HTTP/1.1\r\nHost: x:8443\r\n\r\n").body, "GET /a ?b=c @x:8443 ");
  EXPECT_EQ(client.ask("POST /d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc").body, "POST /d ? @x abc");
}

TEST(Server, ClosesWhenAskedTo) {
  HttpServer server(testing::echo);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
}

}  // namespace
}  // namespace countersign::net
