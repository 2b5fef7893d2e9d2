// Incidents and protected accounts, as an administrator meets them.
#include <gtest/gtest.h>

#include <set>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "faces/control/face.h"
#include "flow/protect.h"
#include "testing/small_world.h"

namespace countersign::control {
namespace {

struct Answer {
  std::vector<codec::Json> rows;
  std::string code;  // empty: done
  std::string what;
};

struct Protected : ::testing::Test {
  testing::SmallWorld world;
  ControlFace face{*world.ports, "localhost:8443"};
  User ada = world.add_user("ada");

  using Words = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Answer ask(std::string_view command, Words words) {
    codec::JsonWriter w;
    w.begin_object().key("command").string(command).key("args").begin_object();
    for (const auto& [key, value] : words) w.key(key).string(value);
    Answer out;
    face.answer(w.end_object().end_object().take(), [&](const std::string& line) {
      const auto json = codec::parse_json(line);
      EXPECT_TRUE(json) << line;
      if (const codec::Json* row = json->find("row")) out.rows.push_back(*row);
      if (const codec::Json* error = json->find("error")) {
        out.code = *error->find("code")->as_string();
        out.what = *error->find("what")->as_string();
      }
      return true;
    });
    return out;
  }
  static std::string text(const codec::Json& row, std::string_view key) {
    const codec::Json* value = row.find(key);
    if (value == nullptr) return {};
    const auto text = value->as_string();
    return text ? std::string(*text) : std::string();
  }

  // "Not me" on a request from this address.
  void report(const User& user, std::string address = "198.51.100.9") {
    record::AccessDevice access;
    access.ip = std::move(address);
    const auto planned = flow::plan_protection(
        *world.ports, {"not_me", world.app, AttemptId::make(world.random), access, user.id, user.username});
    ASSERT_TRUE(planned);
    world.write([&](store::Txn& txn) { return flow::write_protection(*world.ports, txn, *planned); });
  }
  void show_passkey() {
    world.write([&](store::Txn& txn) {
      return store::note_passkey_shown(txn, world.tenant.id, ada.id, world.clock.now());
    });
  }
  std::string shown(std::string_view key) {
    return text(ask("user show", {{"user", "ada"}, {"tenant", "acme"}}).rows.at(0), key);
  }
  Answer unprotect() { return ask("user unprotect", {{"user", "ada"}, {"tenant", "acme"}}); }
  std::string last_activity() { return world.events(store::Stream::activity).back(); }
};

TEST_F(Protected, AnIncidentIsListedNewestFirstWithoutItsEvidence) {
  report(ada);
  world.clock.advance(seconds(5));
  const User ben = world.add_user("ben");
  report(ben);
  const Answer list = ask("incident list", {{"tenant", "acme"}});
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(text(list.rows[0], "user_id"), ben.id.text());
  EXPECT_EQ(text(list.rows[1], "user_id"), ada.id.text());
  EXPECT_EQ(text(list.rows[0], "kind"), "not_me");
  EXPECT_EQ(list.rows[0].find("evidence"), nullptr);
}

TEST_F(Protected, EveryIncidentIsListedOnceAlsoOfOneMillisecond) {
  for (int i = 0; i < 450; ++i) report(ada);  // more than two pages
  world.clock.advance(seconds(1));
  report(ada);
  const Answer list = ask("incident list", {{"tenant", "acme"}});
  std::set<std::string> ids;
  for (const codec::Json& row : list.rows) ids.insert(text(row, "incident_id"));
  EXPECT_EQ(list.rows.size(), 451u);
  EXPECT_EQ(ids.size(), 451u);
}

TEST_F(Protected, TheEvidenceIsReadWithALogEntry) {
  report(ada);
  const std::string id = text(ask("incident list", {{"tenant", "acme"}}).rows.at(0), "incident_id");
  const Answer shown = ask("incident show", {{"incident", id}, {"tenant", "acme"}});
  ASSERT_EQ(shown.rows.size(), 1u) << shown.what;
  const codec::Json* evidence = shown.rows[0].find("evidence");
  ASSERT_NE(evidence, nullptr);
  EXPECT_EQ(text(*evidence, "address"), "198.51.100.9");
  EXPECT_EQ(text(*evidence, "user"), "ada");
  EXPECT_NE(last_activity().find("incident_read"), std::string::npos);
}

TEST_F(Protected, AnIncidentIsOfItsTenantOnly) {
  const Tenant other = world.add_tenant("other");
  report(ada);
  const std::string id = text(ask("incident list", {{"tenant", "acme"}}).rows.at(0), "incident_id");
  EXPECT_EQ(ask("incident show", {{"incident", id}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("incident close", {{"incident", id}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("incident show", {{"incident", "nonsense"}, {"tenant", "acme"}}).code, "not_found");
  EXPECT_TRUE(ask("incident list", {{"tenant", "other"}}).rows.empty());
}

TEST_F(Protected, AnIncidentIsClosedOnce) {
  report(ada);
  const std::string id = text(ask("incident list", {{"tenant", "acme"}}).rows.at(0), "incident_id");
  const Answer closed = ask("incident close", {{"incident", id}, {"tenant", "acme"}});
  ASSERT_EQ(closed.rows.size(), 1u) << closed.what;
  EXPECT_FALSE(text(closed.rows[0], "closed").empty());
  EXPECT_NE(last_activity().find("incident_close"), std::string::npos);
  EXPECT_EQ(ask("incident close", {{"incident", id}, {"tenant", "acme"}}).code, "conflict");
}

TEST_F(Protected, IsLiftedAfterAPasskeyWasShown) {
  report(ada);
  EXPECT_FALSE(shown("protected_since").empty());
  const Answer refused = unprotect();
  EXPECT_EQ(refused.code, "refused");
  EXPECT_NE(refused.what.find("--without-passkey"), std::string::npos);
  world.clock.advance(seconds(60));
  show_passkey();
  EXPECT_FALSE(shown("passkey_shown").empty());
  EXPECT_EQ(unprotect().code, "");
  EXPECT_TRUE(shown("protected_since").empty());
  EXPECT_NE(last_activity().find("user_unprotect"), std::string::npos);
  EXPECT_EQ(unprotect().code, "conflict");
}

TEST_F(Protected, APasskeyOfYesterdayIsTooOld) {
  report(ada);
  show_passkey();
  world.clock.advance(std::chrono::hours(24) + seconds(1));
  EXPECT_EQ(unprotect().code, "refused");
}

TEST_F(Protected, APasskeyShownBeforeTheAttackProvesNothing) {
  report(ada);
  show_passkey();
  ASSERT_EQ(unprotect().code, "");
  world.clock.advance(seconds(60));
  report(ada);
  EXPECT_EQ(unprotect().code, "refused");
}

TEST_F(Protected, IsLiftedWithoutAPasskeyOnlyForAReasonThatIsLogged) {
  report(ada);
  const auto lift = [&](std::string_view reason) {
    return ask("user unprotect", {{"user", "ada"}, {"tenant", "acme"}, {"without-passkey", reason}});
  };
  EXPECT_EQ(lift("").code, "malformed");
  EXPECT_EQ(lift("two\nlines").code, "malformed");
  EXPECT_FALSE(shown("protected_since").empty());
  EXPECT_EQ(lift("lost her key, met her in person").code, "");
  EXPECT_TRUE(shown("protected_since").empty());
  EXPECT_NE(last_activity().find("user_unprotect_without_passkey"), std::string::npos);
  EXPECT_NE(last_activity().find("lost her key, met her in person"), std::string::npos);
  EXPECT_NE(last_activity().find("NOT SHOWN"), std::string::npos);
}

}  // namespace
}  // namespace countersign::control
