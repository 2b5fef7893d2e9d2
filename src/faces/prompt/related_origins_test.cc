#include "faces/prompt/related_origins.h"

#include <gtest/gtest.h>

#include "faces/prompt/serve.h"
#include "testing/small_world.h"

namespace countersign::prompt {
namespace {

TEST(RelatedOrigins, AreOurOwnAndTheConfiguredOnes) {
  testing::SmallWorld world;
  world.ports->settings.related_origins = {"https://sso.example", "https://apps.example:8443"};
  net::HttpRequest request;
  request.method = "GET";
  request.path = kRelatedOriginsPath;
  EXPECT_TRUE(serves(request.path));
  const net::HttpResponse out = related_origins(*world.ports, request);
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.content_type, "application/json");
  EXPECT_EQ(out.body, R"({"origins":["https://localhost:8443","https://sso.example","https://apps.example:8443"]})");
  request.method = "POST";
  EXPECT_EQ(related_origins(*world.ports, request).status, 405);
}

}  // namespace
}  // namespace countersign::prompt
