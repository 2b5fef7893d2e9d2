#include "faces/ledger/serve.h"

#include <gtest/gtest.h>

#include "core/ledger/checkpoint.h"
#include "core/ledger/tiles.h"
#include "flow/checkpoints.h"
#include "flow/ledger.h"
#include "flow/ledger_tokens.h"
#include "flow/read_ledger.h"
#include "flow/witness_book.h"
#include "testing/reply.h"
#include "testing/small_world.h"

namespace countersign::ledger_face {
namespace {

struct Served : ::testing::Test {
  testing::SmallWorld world;
  LedgerFace face{*world.ports};
  flow::Administration by{*world.ports, {}};

  void happen(int events) {
    for (int i = 0; i < events; ++i) {
      const auto event = flow::begin_event(*world.ports, ledger::EventType::list, world.tenant.id, {.kind = "staff"});
      ASSERT_TRUE(flow::record_now(*world.ports, event));
    }
    publish();
  }
  void publish() { ASSERT_TRUE(flow::publish_checkpoints(*world.ports, {})); }
  std::string token() { return std::string(flow::make_ledger_token(by, world.tenant)->token.reveal()); }
  std::string own(std::string_view path) {
    return "/ledger/tenant/" + world.tenant.id.text() + "/" + std::string(path);
  }
  net::HttpResponse get(std::string path, std::string token = "", std::string method = "GET") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.peer = "192.0.2.1";
    if (!token.empty()) request.headers.push_back({"authorization", "Bearer " + token});
    return testing::answer_of(face.handle(request));
  }
  std::uint64_t events() {
    return store::read(*world.store, [&](store::Txn& txn) { return store::ledger_edge(txn, world.tenant.id.text()); })
        ->size();
  }
  static std::string caching(const net::HttpResponse& response) {
    for (const net::Header& header : response.headers) {
      if (header.name == "cache-control") return header.value;
    }
    return {};
  }
};

TEST_F(Served, EverybodyGetsTheGlobalTreesHeadAndHashes) {
  happen(1);
  const auto head = get("/ledger/checkpoint");
  ASSERT_EQ(head.status, 200);
  EXPECT_EQ(caching(head), "no-cache");
  const auto note = ledger::parse_note(head.body);
  const auto checkpoint = ledger::open_checkpoint(*note, flow::log_name(*world.ports)->key);
  ASSERT_TRUE(checkpoint);
  const auto tile = get("/ledger/tile/0/000.p/1");
  ASSERT_EQ(tile.status, 200);
  ASSERT_EQ(tile.body.size(), sizeof(ledger::Hash));
  EXPECT_EQ(tile.body, std::string(text_of(checkpoint->head.root)));
  EXPECT_EQ(tile.content_type, "application/octet-stream");
}

TEST_F(Served, NobodyGetsTheGlobalTreesEntries) {
  happen(1);
  EXPECT_EQ(get("/ledger/tile/entries/000.p/1").status, 404);
  EXPECT_EQ(get("/ledger/tile/entries/000.p/1", token()).status, 404);
}

TEST_F(Served, ATokenOpensItsTenantsTreeAndNoOther) {
  happen(2);
  const std::string token = this->token();
  publish();
  const auto bundle = get(own("tile/entries/000.p/2"), token);
  ASSERT_EQ(bundle.status, 200);
  const auto entries = ledger::decode_bundle(bytes_of(bundle.body), 2);
  ASSERT_TRUE(entries);
  EXPECT_TRUE(ledger::decode_event(entries->front()));
  const auto leaf = get(own("tile/0/000.p/1"), token);
  EXPECT_EQ(leaf.body, std::string(text_of(ledger::leaf_hash(bytes_of(entries->front())))));
  const Tenant other = world.add_tenant("other");
  EXPECT_EQ(get("/ledger/tenant/" + other.id.text() + "/checkpoint", token).status, 404);
}

TEST_F(Served, EveryRefusalIsTheSame) {
  happen(1);
  const std::string token = this->token();
  const auto expected = get(own("checkpoint"));
  EXPECT_EQ(expected.status, 404);
  for (const auto& [path, with] :
       std::vector<std::pair<std::string, std::string>>{{own("checkpoint"), "wrong"},
                                                        {own("tile/9/000"), token},
                                                        {own("tile/0/001"), token},
                                                        {own("nothing"), token},
                                                        {"/ledger/tenant/none/checkpoint", token},
                                                        {"/ledger/tenant/", token},
                                                        {"/ledger/tile/0/7", ""},
                                                        {"/ledger/", ""}}) {
    const auto refused = get(path, with);
    EXPECT_EQ(refused.status, expected.status) << path;
    EXPECT_EQ(refused.body, expected.body) << path;
    EXPECT_EQ(refused.headers.size(), expected.headers.size()) << path;
  }
  EXPECT_EQ(get("/ledger/checkpoint", "", "POST").status, 405);
}

TEST_F(Served, ARevokedTokenOpensNothing) {
  happen(1);
  const auto made = flow::make_ledger_token(by, world.tenant);
  publish();
  const std::string token(made->token.reveal());
  EXPECT_EQ(get(own("checkpoint"), token).status, 200);
  const Tenant other = world.add_tenant("other");
  EXPECT_EQ(flow::revoke_ledger_token(by, other, made->id).error().code, Errc::not_found);
  ASSERT_TRUE(flow::revoke_ledger_token(by, world.tenant, made->id));
  EXPECT_EQ(get(own("checkpoint"), token).status, 404);
  EXPECT_EQ(flow::revoke_ledger_token(by, world.tenant, made->id).error().code, Errc::refused);
  EXPECT_EQ(flow::ledger_tokens(by, world.tenant)->size(), 1u);
}

TEST_F(Served, AReadingIsAnEventOnceInAnHour) {
  happen(1);
  const std::string token = this->token();
  const std::uint64_t before = events();
  EXPECT_EQ(get(own("checkpoint"), token).status, 200);
  EXPECT_EQ(get(own("tile/0/000.p/1"), token).status, 200);
  EXPECT_EQ(events(), before + 1);
  world.clock.advance(seconds(3'601));
  EXPECT_EQ(get(own("checkpoint"), token).status, 200);
  EXPECT_EQ(events(), before + 2);
}

TEST_F(Served, AFullTileMayBeKeptForEver) {
  happen(257);
  const std::string token = this->token();
  EXPECT_EQ(caching(get(own("tile/0/000"), token)), "private, max-age=31536000, immutable");
  EXPECT_EQ(caching(get(own("tile/0/001.p/1"), token)), "private, max-age=3600");
  EXPECT_EQ(get(own("tile/1/000.p/1"), token).status, 200);
}

TEST_F(Served, ProofsOfEveryEventHoldUnderThePolicy) {
  happen(5);
  happen(4);
  const flow::LogName log = *flow::log_name(*world.ports);
  const ledger::Policy policy = flow::policy_of(log, "https://localhost:8443/ledger", {});
  for (std::uint64_t seq = 0; seq < 9; ++seq) {
    const auto proof = flow::prove_event(*world.ports, world.tenant.id.text(), seq);
    ASSERT_TRUE(proof) << proof.error().what;
    EXPECT_TRUE(ledger::verify_event_proof(*ledger::parse_event_proof(print(*proof)), policy));
  }
  EXPECT_EQ(flow::prove_event(*world.ports, world.tenant.id.text(), 9).error().code, Errc::not_found);
  ASSERT_TRUE(
      flow::record_now(*world.ports, flow::begin_event(*world.ports, ledger::EventType::list, world.tenant.id, {})));
  EXPECT_EQ(flow::prove_event(*world.ports, world.tenant.id.text(), 9).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace countersign::ledger_face
