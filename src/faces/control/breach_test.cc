// Scope and kill, as an operator meets them.
#include <gtest/gtest.h>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "faces/control/commands.h"
#include "faces/control/face.h"
#include "flow/scope.h"
#include "testing/small_world.h"

namespace countersign::control {
namespace {

struct Answer {
  std::vector<codec::Json> rows;
  std::string code;  // empty: done
};

struct Breach : ::testing::Test {
  testing::SmallWorld world;
  ControlFace face{*world.ports, "localhost:8443"};
  std::string caller = "uid:7";
  std::vector<std::string> left;  // of the last request

  using Words = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // With `following`, the lines after the request; what is left of them is not taken.
  Answer ask(std::string_view command, Words words, std::vector<std::string> following = {}) {
    codec::JsonWriter w;
    w.begin_object().key("command").string(command);
    if (!following.empty()) w.key("list").boolean(true);
    w.key("args").begin_object();
    for (const auto& [key, value] : words) {
      w.key(key);
      value == "(yes)" ? w.boolean(true) : w.string(value);
    }
    Answer out;
    face.answer(
        w.end_object().end_object().take(),
        [&](const std::string& line) {
          const auto json = codec::parse_json(line);
          EXPECT_TRUE(json) << line;
          if (const codec::Json* row = json->find("row")) out.rows.push_back(*row);
          if (const codec::Json* error = json->find("error")) out.code = *error->find("code")->as_string();
          return true;
        },
        caller,
        [&]() -> Result<std::optional<std::string>> {
          if (following.empty()) return std::optional<std::string>();
          std::string line = std::move(following.front());
          following.erase(following.begin());
          return std::optional(std::move(line));
        });
    left = following;
    return out;
  }
  static std::int64_t number(const codec::Json& row, std::string_view key) { return *row.find(key)->as_int(); }
  static std::string text(const codec::Json& row, std::string_view key) {
    return std::string(*row.find(key)->as_string());
  }
};

TEST_F(Breach, PrintsARowForEachTenantAndOneForAll) {
  ASSERT_EQ(ask("user create", {{"tenant", "acme"}, {"username", "ada"}}).code, "");
  ASSERT_EQ(ask("log activity", {{"tenant", "acme"}}).code, "");
  const Words words = {{"credential", "uid:7"}, {"from", "1970-01-01"}, {"to", "2100-01-01"}};
  const Answer said = ask("incident scope", words);
  ASSERT_EQ(said.code, "");
  ASSERT_EQ(said.rows.size(), 2u);
  EXPECT_EQ(text(said.rows[0], "tenant_id"), world.tenant.id.text());
  EXPECT_EQ(number(said.rows[0], "returned"), 1);
  EXPECT_EQ(number(said.rows[1], "tenants"), 1);
  EXPECT_GE(number(said.rows[1], "changes"), 1);
  const std::string id = text(said.rows[1], "scope_id");
  EXPECT_EQ(ask("incident rescope", {{"scope", id}}).rows.size(), 2u);
  EXPECT_EQ(ask("incident scopes", {}).rows.size(), 1u);
  EXPECT_GE(ask("incident changes", {{"scope", id}}).rows.size(), 1u);
  EXPECT_EQ(ask("incident rescope", {{"scope", "SC222222222222222222"}}).code, "not_found");
}

TEST_F(Breach, WantsOneKindOfThing) {
  EXPECT_EQ(ask("incident scope", {{"from", "2026-01-01"}, {"to", "2026-01-02"}}).code, "malformed");
  EXPECT_EQ(ask("incident scope", {{"ip", "::1"}, {"session", "s"}, {"from", "2026-01-01"}, {"to", "2026-01-02"}}).code,
            "malformed");
  EXPECT_EQ(ask("incident scope", {{"ip", "::1"}, {"from", "2026-01-01"}, {"to", "2026-01-02"}},
                {R"(["r1"])", "[]"}).code,
            "malformed");
  EXPECT_EQ(ask("kill", {{"tree", "(yes)"}}).code, "malformed");
  EXPECT_EQ(ask("kill", {{"credential", "uid:9"}, {"since", "2026-01-01"}}).code, "malformed");
}

TEST_F(Breach, TakesAListThatFollowsInSeveralLines) {
  const Words words = {{"supplier", "acme-sms"}, {"from", "1970-01-01"}, {"to", "2100-01-01"}};
  world.write([&](store::Txn& txn) -> Result<void> {
    for (const char* reference : {"r1", "r2", "r3"}) {
      TRY(store::insert_dispatch(txn, {.tenant = world.tenant.id,
                                       .reference = reference,
                                       .supplier = "acme-sms",
                                       .channel = "sms",
                                       .hour = 491'000,
                                       .event = EventId::make(world.random)}));
    }
    return {};
  });
  const auto returned = [&](std::vector<std::string> list) {
    const Answer said = ask("incident scope", words, std::move(list));
    EXPECT_EQ(said.code, "");
    return said.code.empty() ? number(said.rows.back(), "returned") : -1;
  };
  EXPECT_EQ(returned({}), 3);
  EXPECT_EQ(returned({R"(["r1","r9"])", R"(["r3","r1"])", "[]", "the next request"}), 2);
  EXPECT_EQ(left, std::vector<std::string>{"the next request"});
}

TEST_F(Breach, ReadsAListToItsEndWhateverIsInIt) {
  const Words words = {{"supplier", "acme-sms"}, {"from", "1970-01-01"}, {"to", "2100-01-01"}};
  const std::string too_long = "[\"" + std::string(kListItemMax + 1, 'x') + "\"]";
  for (const std::string& piece : {std::string("{}"), std::string("[1]"), std::string(R"([""])"), too_long}) {
    EXPECT_EQ(ask("incident scope", words, {piece, R"(["r1"])", "[]", "next"}).code, "malformed") << piece;
    EXPECT_EQ(left.size(), 1u) << piece;
  }
  EXPECT_EQ(ask("incident scope", words, {R"(["r1"])"}).code, "malformed") << "cut off";
  EXPECT_EQ(ask("tenant list", {}, {R"(["r1"])", "[]"}).code, "malformed") << "it takes none";
  EXPECT_EQ(ask("incident scope", words, {"[]"}).code, "malformed") << "an empty one is not all messages";
  const Words older = {{"supplier", "acme-sms"}, {"refs", "r1"}, {"from", "1970-01-01"}, {"to", "2100-01-01"}};
  EXPECT_EQ(ask("incident scope", older).code, "malformed") << "as an older client sent it";
  std::string items = "[\"" + std::string(250, 'x') + "\"";
  for (int i = 0; i < 4'000; ++i) items += ",\"" + std::string(250, 'x') + "\"";
  const std::size_t pieces = kListBytesMax / items.size() + 2;
  std::vector<std::string> large(pieces, items + "]");
  large.emplace_back("[]");
  EXPECT_EQ(ask("incident scope", words, std::move(large)).code, "exhausted");
  EXPECT_TRUE(left.empty());
}

TEST_F(Breach, LosesNothingInSilenceThatIsTooLongForALine) {
  world.write([&](store::Txn& txn) -> Result<void> {
    for (int i = 0; i < 40'000; ++i) {
      TRY(store::insert_grant(txn, {.id = "a session with a long id " + std::to_string(i),
                                    .parent = "c_1",
                                    .kind = "session",
                                    .tenant = world.tenant.id,
                                    .made = world.clock.now()}));
    }
    return {};
  });
  const Answer said = ask("incident scope", {{"credential", "c_1"}, {"from", "1970-01-01"}, {"to", "2100-01-01"}});
  EXPECT_EQ(said.code, "exhausted");
  EXPECT_TRUE(said.rows.empty());
}

TEST(Lists, AreLinesOfAText) {
  EXPECT_EQ(*list_of("r1\r\n\nr2"), (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ(list_of("\n\n").error().code, Errc::malformed);
  EXPECT_EQ(list_of("r1\n\xff\n").error().code, Errc::malformed);
  EXPECT_NE(list_of("r1\n" + std::string(257, 'x')).error().what.find("line 2"), std::string::npos);
  EXPECT_EQ(list_of(std::string(kListBytesMax + 1, 'x')).error().code, Errc::exhausted);
  std::string many;
  for (std::size_t i = 0; i < kListItemsMax; ++i) many += "r\n";
  EXPECT_EQ(list_of(many)->size(), kListItemsMax);
  EXPECT_EQ(list_of(many + "r").error().code, Errc::exhausted);
}

TEST_F(Breach, RefusesAKilledOperatorWhateverHeAsks) {
  ASSERT_EQ(ask("tenant list", {}).code, "");
  caller = "uid:0";
  const Answer killed = ask("kill", {{"credential", "uid:7"}, {"reason", "phished"}});
  ASSERT_EQ(killed.rows.size(), 1u);
  EXPECT_EQ(text(killed.rows[0], "kind"), "operator");
  caller = "uid:7";
  EXPECT_EQ(ask("tenant list", {}).code, "refused");
  EXPECT_EQ(ask("kill", {{"credential", "uid:0"}}).code, "refused");
  caller = "uid:0";
  EXPECT_EQ(ask("tenant list", {}).code, "");
  EXPECT_EQ(ask("kill", {{"credential", "uid:0"}}).code, "refused");  // his own
}

TEST_F(Breach, KillsWithinATenantOnly) {
  const Tenant other = world.add_tenant("other");
  EXPECT_EQ(ask("kill", {{"app", world.app.id.text()}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("kill", {{"app", world.app.id.text()}, {"tenant", "acme"}}).rows.size(), 1u);
}

}  // namespace
}  // namespace countersign::control
