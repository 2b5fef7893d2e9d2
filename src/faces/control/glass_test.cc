// Break glass, as whoever holds two shares meets it.
#include <gtest/gtest.h>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "faces/control/face.h"
#include "faces/control/commands.h"
#include "flow/kill.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::control {
namespace {

struct Glass : ::testing::Test {
  testing::SmallWorld world;
  std::string caller = "uid:0";
  ControlFace face{*world.ports, "localhost:8443"};

  struct Answer {
    std::vector<codec::Json> rows;
    std::string code;  // empty: done
  };
  using Words = std::vector<std::pair<std::string_view, std::string_view>>;

  Answer ask(std::string_view command, const Words& words = {}, const std::vector<std::string>& shares = {}) {
    codec::JsonWriter w;
    w.begin_object().key("command").string(command).key("args").begin_object();
    for (const auto& [key, value] : words) w.key(key).string(value);
    w.key("shares").begin_array();
    for (const std::string& share : shares) w.string(share);
    w.end_array();
    Answer out;
    face.answer(w.end_object().end_object().take(), [&](const std::string& line) {
      const auto json = codec::parse_json(line);
      EXPECT_TRUE(json) << line;
      if (const codec::Json* row = json->find("row")) out.rows.push_back(*row);
      if (const codec::Json* error = json->find("error")) out.code = *error->find("code")->as_string();
      return true;
    }, caller);
    return out;
  }
  std::vector<std::string> seal() {
    std::vector<std::string> out;
    const Answer made = ask("glass seal");
    EXPECT_EQ(made.rows.size(), 1u);
    for (const codec::Json& share : made.rows.at(0).find("shares")->items()) out.emplace_back(*share.as_string());
    return out;
  }
  Answer open(const std::vector<std::string>& shares) {
    return ask("glass open", {{"reason", "the console is away"}, {"case", "4711"}}, shares);
  }
  std::int64_t number(const codec::Json& row, std::string_view key) { return *row.find(key)->as_int(); }
};

TEST_F(Glass, OpensWithTwoSharesIsShownAndClosed) {
  const auto shares = seal();
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_FALSE(*ask("glass status").rows.at(0).find("open")->as_bool());
  const Answer opened = open({shares[0], shares[2]});
  ASSERT_EQ(opened.code, "");
  EXPECT_EQ(number(opened.rows.at(0), "glass"), 1);
  EXPECT_EQ(*opened.rows.at(0).find("case")->as_string(), "4711");
  EXPECT_TRUE(*ask("glass status").rows.at(0).find("open")->as_bool());
  EXPECT_EQ(open({shares[0], shares[1]}).code, "conflict");
  EXPECT_EQ(ask("glass close").code, "");
  EXPECT_EQ(ask("glass close").code, "conflict");
  EXPECT_FALSE(*ask("glass status").rows.at(0).find("open")->as_bool());
}

TEST_F(Glass, RefusesWhatAreNotTwoShares) {
  const auto shares = seal();
  EXPECT_EQ(open({}).code, "malformed");
  EXPECT_EQ(open({shares[1]}).code, "refused");
  EXPECT_EQ(open({shares[1], "no share"}).code, "refused");
  EXPECT_EQ(ask("glass open", {{"reason", "why"}}, shares).code, "malformed") << "without a case";
  EXPECT_EQ(ask("glass open", {{"reason", ""}, {"case", "1"}}, shares).code, "malformed");
}

TEST_F(Glass, BringsBackAKilledAccountWhichMayAskNothingElse) {
  const auto shares = seal();
  const Words why = {{"reason", "a backup of ours"}, {"case", "4711"}};
  EXPECT_EQ(ask("glass lift", why, {shares[0], shares[1]}).code, "conflict") << "it lives";
  flow::Actor other;
  other.credential = "uid:7";
  ASSERT_TRUE(flow::kill({*world.ports, other}, {.value = "uid:0"}));
  for (const Command& command : commands()) {
    if (command.words == "glass lift") continue;
    EXPECT_EQ(ask(command.words, why, {shares[0], shares[1]}).code, "refused") << command.words;
  }
  EXPECT_EQ(ask("glass lift", why, {shares[0]}).code, "refused");
  EXPECT_EQ(ask("glass lift", {{"case", "4711"}}, {shares[0], shares[1]}).code, "malformed");
  const Answer lifted = ask("glass lift", why, {shares[0], shares[1]});
  ASSERT_EQ(lifted.code, "");
  EXPECT_TRUE(*lifted.rows.at(0).find("lifted")->as_bool());
  EXPECT_EQ(*lifted.rows.at(0).find("credential")->as_string(), "uid:0");
  EXPECT_EQ(ask("tenant list").code, "");
  const Answer report = ask("glass report", {{"number", "1"}});
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_TRUE(*report.rows[0].find("lifted")->as_bool());
  EXPECT_EQ(*report.rows[0].find("reason")->as_string(), "a backup of ours");
}

TEST_F(Glass, ReportsWhatWasReadThroughIt) {
  record::AuthEvent event;
  event.id = EventId::make(world.random);
  event.tenant = world.tenant.id;
  event.at = world.clock.now();
  const auto row = *flow::seal_event(*world.ports, event);
  world.write([&](store::Txn& txn) { return store::append_history(txn, row); });
  const auto shares = seal();
  ASSERT_EQ(open({shares[0], shares[1]}).code, "");
  EXPECT_EQ(ask("log auth", {{"tenant", "acme"}}).rows.size(), 1u);
  const Answer report = ask("glass report", {{"number", "1"}});
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(*report.rows[0].find("tenant_id")->as_string(), world.tenant.id.text());
  EXPECT_EQ(number(report.rows[0], "rows"), 1);
  EXPECT_EQ(number(report.rows[1], "tenants"), 1);
  EXPECT_EQ(*report.rows[1].find("reason")->as_string(), "the console is away");
  EXPECT_EQ(ask("glass report", {{"number", "2"}}).code, "not_found");
}

}  // namespace
}  // namespace countersign::control
