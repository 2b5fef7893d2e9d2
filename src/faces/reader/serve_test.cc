#include "faces/reader/serve.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "flow/custody.h"
#include "testing/reply.h"
#include "testing/small_world.h"

namespace countersign::reader {
namespace {

using testing::SmallWorld;

struct World : SmallWorld {
  flow::Administration by{*ports, {}};
  crypto::X25519Key key = crypto::X25519Key::generate(random);

  std::string token() {
    const std::string url = flow::make_custody_link(by, tenant, flow::LinkPurpose::slot)->url;
    return url.substr(url.find("token=") + 6);
  }
  std::string slot(const std::string& token) const {
    const auto text = [](ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); };
    codec::JsonWriter w;
    w.begin_object().key("token").string(token).key("name").string("Ada's laptop");
    w.key("public_key").string(text(key.public_key().bytes())).key("credential").string(text(Bytes{1}));
    w.key("salt").string(text(Bytes(32, 2))).key("wrapped").string(text(Bytes(60, 3)));
    return w.end_object().take();
  }
  net::HttpResponse ask(std::string path, std::string body, std::string method = "POST") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.body = std::move(body);
    request.peer = "192.0.2.1";
    return testing::answer_of(serve(*ports, request));
  }
};

TEST(ReaderFace, TellsWhoseLinkItIsAndTakesAKey) {
  World world;
  const std::string token = world.token();
  const auto looked = world.ask("/reader/v1/look", R"({"token":")" + token + R"("})");
  EXPECT_EQ(looked.status, 200);
  EXPECT_EQ(looked.body, R"({"tenant_id":")" + world.tenant.id.text() +
                             R"(","tenant_name":"acme","public_key":"","slots":[]})");
  const auto taken = world.ask("/reader/v1/slots", world.slot(token));
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(taken.body, R"({"new_key":true})");
  EXPECT_EQ(world.ask("/reader/v1/slots", world.slot(token)).status, 403);
}

TEST(ReaderFace, ShowsTheSlotsOfTheKeyToTheNextLink) {
  World world;
  EXPECT_EQ(world.ask("/reader/v1/slots", world.slot(world.token())).status, 200);
  const auto looked = world.ask("/reader/v1/look", R"({"token":")" + world.token() + R"("})");
  const auto json = codec::parse_json(looked.body);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("slots")->items().size(), 1u);
  EXPECT_EQ(*json->find("slots")->items()[0].find("name")->as_string(), "Ada's laptop");
}

TEST(ReaderFace, RefusesEveryBadLinkAlike) {
  World world;
  const auto unknown = world.ask("/reader/v1/look", R"({"token":"abc"})");
  EXPECT_EQ(unknown.status, 403);
  const std::string late = world.token();
  world.clock.advance(flow::kCustodyLinkLifetime);
  const auto over = world.ask("/reader/v1/look", R"({"token":")" + late + R"("})");
  EXPECT_EQ(over.status, unknown.status);
  EXPECT_EQ(over.body, unknown.body);
}

TEST(ReaderFace, AnswersBodiesOfAnotherFormMalformed) {
  World world;
  for (const char* body :
       {"", "[]", "{}", R"({"token":1})", R"({"token":"a","more":1})", R"({"token":"a","token":"a"})"}) {
    EXPECT_EQ(world.ask("/reader/v1/look", body).status, 400) << body;
    EXPECT_EQ(world.ask("/reader/v1/slots", body).status, 400) << body;
  }
  EXPECT_EQ(world.ask("/reader/v1/look", std::string(9000, ' ')).status, 400);
}

TEST(ReaderFace, HasTwoPathsAndOneMethod) {
  World world;
  EXPECT_EQ(world.ask("/reader/v1/look", "", "GET").status, 405);
  EXPECT_EQ(world.ask("/reader/v1/keys", "{}").status, 404);
  EXPECT_TRUE(serves("/reader/v1/look"));
  EXPECT_FALSE(serves("/reader/"));
}

}  // namespace
}  // namespace countersign::reader
