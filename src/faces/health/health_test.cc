#include "faces/health/health.h"

#include <gtest/gtest.h>

#include "testing/fault_store.h"
#include "testing/house.h"

namespace countersign::health {
namespace {

net::HttpRequest get(std::string path) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = std::move(path);
  return request;
}

TEST(Health, IsUpAndReadyOverAWholeHouse) {
  const testing::House house;
  EXPECT_EQ(serve(house.ports, "1.2.3", get("/healthz")).body, R"({"status":"up","version":"1.2.3"})");
  const net::HttpResponse ready = serve(house.ports, "1.2.3", get("/readyz"));
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, R"({"status":"ready","store":"ok","keys":"ok"})");
}

TEST(Health, SaysWhatThisIs) {
  const testing::House house;
  const net::HttpResponse page = serve(house.ports, "1.2.3", get("/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Countersign"), std::string::npos);
  EXPECT_NE(page.body.find("1.2.3"), std::string::npos);
  EXPECT_TRUE(page.headers.at(0).value.starts_with("default-src 'none'"));
}

TEST(Health, TakesNothingButGet) {
  const testing::House house;
  net::HttpRequest request = get("/readyz");
  request.method = "POST";
  EXPECT_EQ(serve(house.ports, "1", request).status, 405);
}

TEST(Health, OwnsThreePaths) {
  EXPECT_TRUE(serves("/"));
  EXPECT_TRUE(serves("/healthz"));
  EXPECT_TRUE(serves("/readyz"));
  EXPECT_FALSE(serves("/metrics"));
  EXPECT_FALSE(serves(""));
}

}  // namespace
}  // namespace countersign::health
