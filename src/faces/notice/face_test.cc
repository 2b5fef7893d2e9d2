#include "faces/notice/face.h"

#include <gtest/gtest.h>

#include "flow/breach_notices.h"
#include "flow/scope.h"
#include "testing/reply.h"
#include "testing/small_world.h"

namespace countersign::notice {
namespace {

class Notice : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  web::Templates templates_ = *web::Templates::load();
  NoticeFace face_{*world_.ports, templates_};
  std::string code_ = "ABCD-EFGH-2345";
  store::BreachNotice notice_;

  void SetUp() override {
    flow::Scope scope;
    scope.query.by = flow::ScopeBy::supplier;
    scope.query.to = scope.query.from + std::chrono::hours(24);
    const auto kept = flow::keep_scope({*world_.ports, {}}, scope);
    ASSERT_TRUE(kept) << kept.error().what;
    const auto digest = world_.keys->token_digest("breach-notice", Secret("ABCDEFGH2345"));
    notice_ = {.id = "n1", .scope = *kept, .tenant = world_.tenant.id, .user = {}, .code_digest = *digest};
    world_.write([&](store::Txn& txn) { return store::insert_breach_notice(txn, notice_); });
  }
  net::HttpResponse ask(const std::string& body, std::string method = "POST", std::string origin = "same-origin") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = "/notice";
    request.host = "localhost:8443";
    request.peer = peer_;
    request.headers = {{"content-type", "application/x-www-form-urlencoded"}, {"sec-fetch-site", std::move(origin)}};
    if (!language_.empty()) request.headers.push_back({"accept-language", language_});
    (request.method == "POST" ? request.body : request.query) = body;
    return testing::answer_of(face_.handle(request));
  }
  store::BreachNotice stored() {
    return **store::read(*world_.store,
                         [&](store::Txn& txn) { return store::breach_notice_by_id(txn, world_.tenant.id, "n1"); });
  }
  static bool has(const net::HttpResponse& reply, std::string_view text) {
    return reply.body.find(text) != std::string::npos;
  }
  std::string peer_ = "192.0.2.1", language_;
};

TEST_F(Notice, ShowsAFormThatNeedsNoScript) {
  const auto page = ask("", "GET");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "name=\"code\""));
  EXPECT_FALSE(has(page, "<script"));
  language_ = "ja";
  EXPECT_TRUE(has(ask("", "GET"), "lang=\"ja\""));
}

TEST_F(Notice, ARealOneSaysWhoseItIsAndIsOpened) {
  const auto page = ask("code=abcd+efgh-2345");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "This notice is real"));
  EXPECT_TRUE(has(page, "administrators of acme"));
  EXPECT_TRUE(has(page, "supplier of telephone messages"));
  EXPECT_TRUE(has(page, notice_.scope));
  EXPECT_TRUE(has(page, "I have read it"));
  EXPECT_EQ(stored().opened, world_.clock.now());
  EXPECT_FALSE(stored().acknowledged);
}

TEST_F(Notice, IsAcknowledgedByItsButton) {
  const auto page = ask("code=" + code_ + "&read=yes");
  EXPECT_TRUE(has(page, "It is noted"));
  EXPECT_FALSE(has(page, "I have read it"));
  EXPECT_EQ(stored().acknowledged, world_.clock.now());
}

TEST_F(Notice, AnUnknownCodeIsNotOurs) {
  for (const std::string& body : {std::string("code=2222-2222-2222"), std::string("code="), std::string("x=y"),
                                  "code=" + std::string(500, 'A'), std::string("code=%22%3E%3Cb%3E")}) {
    const auto page = ask(body);
    EXPECT_EQ(page.status, 200) << body;
    EXPECT_TRUE(has(page, "We know no notice with this code")) << body;
    EXPECT_FALSE(has(page, "acme"));
    EXPECT_FALSE(has(page, "<b>"));
  }
  EXPECT_FALSE(stored().opened);
}

TEST_F(Notice, AnotherSiteChecksNothing) {
  EXPECT_EQ(ask("code=" + code_ + "&read=yes", "POST", "cross-site").status, 403);
  EXPECT_EQ(ask("code=a&code=b").status, 400);
  EXPECT_EQ(ask("", "PUT").status, 405);
  EXPECT_FALSE(stored().opened);
}

TEST_F(Notice, OneAddressTriesSoOftenAMinute) {
  for (int i = 0; i < kTriesFromOne; ++i) EXPECT_EQ(ask("code=2222").status, 200);
  const auto refused = ask("code=" + code_);
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(stored().opened);
  peer_ = "192.0.2.2";
  EXPECT_EQ(ask("code=2222").status, 200);
  peer_ = "192.0.2.1";
  world_.clock.advance(seconds(60));
  EXPECT_EQ(ask("code=" + code_).status, 200);
}

TEST(Pace, AllTogetherTrySoOftenAMinute) {
  Pace pace;
  const Instant now(milliseconds(600'000));
  for (int i = 0; i < kTriesFromAll; ++i) EXPECT_EQ(pace.count("a" + std::to_string(i), now), 0);
  EXPECT_EQ(pace.count("b", now), 60);
  EXPECT_EQ(pace.count("b", now + seconds(59)), 1);
  EXPECT_EQ(pace.count("b", now + seconds(60)), 0);
}

TEST_F(Notice, SpeaksEveryLanguage) {
  for (const std::string& language : web::languages()) {
    language_ = language;
    const auto page = ask("code=" + code_);
    EXPECT_EQ(page.status, 200);
    EXPECT_TRUE(has(page, "lang=\"" + language + "\"")) << language;
    EXPECT_FALSE(has(page, "{tenant}")) << language;
  }
}

}  // namespace
}  // namespace countersign::notice
