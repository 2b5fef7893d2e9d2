#include "faces/control/face.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/codec/json_write.h"
#include "faces/control/commands.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"
#include "testing/small_world.h"

namespace countersign::control {
namespace {

struct Answer {
  std::vector<codec::Json> rows;
  std::string code;  // empty: done
  std::string what;
};

// A server with two tenants, "acme" and "other", asked as the command line asks.
struct Control : ::testing::Test {
  testing::SmallWorld world;
  ControlFace face{*world.ports, "localhost:8443"};
  Tenant other = world.add_tenant("other");

  using Words = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Answer raw(const std::string& request) {
    Answer out;
    bool ended = false;
    face.answer(request, [&](const std::string& line) {
      EXPECT_FALSE(ended) << "a line after the last one: " << line;
      const auto json = codec::parse_json(line);
      EXPECT_TRUE(json) << line;
      if (const codec::Json* row = json->find("row")) {
        out.rows.push_back(*row);
        return true;
      }
      ended = true;
      if (const codec::Json* error = json->find("error")) {
        out.code = *error->find("code")->as_string();
        out.what = *error->find("what")->as_string();
      }
      return true;
    });
    EXPECT_TRUE(ended);
    return out;
  }

  Answer ask(std::string_view command, Words words, std::vector<std::string> rest = {}) {
    codec::JsonWriter w;
    w.begin_object().key("command").string(command).key("args").begin_object();
    for (const auto& [key, value] : words) {
      w.key(key);
      value == "true" ? w.boolean(true) : w.string(value);
    }
    if (!rest.empty()) {
      w.key("settings").begin_array();
      for (const std::string& text : rest) w.string(text);
      w.end_array();
    }
    return raw(w.end_object().end_object().take());
  }

  // The named text of the one row of a command that must succeed.
  std::string made(std::string_view key, std::string_view command, Words words) {
    const Answer answer = ask(command, words);
    EXPECT_EQ(answer.code, "") << command << ": " << answer.what;
    if (answer.rows.size() != 1 || answer.rows[0].find(key) == nullptr) return "";
    return std::string(*answer.rows[0].find(key)->as_string());
  }

  std::string user(std::string_view name, std::string_view tenant = "acme") {
    return made("user_id", "user create", {{"tenant", tenant}, {"username", name}});
  }
};

TEST_F(Control, KeepsHistoryAsLongAsItIsTold) {
  const auto said = [](const Answer& answer, std::string_view key) {
    const codec::Json* found = answer.rows.size() == 1 ? answer.rows[0].find(key) : nullptr;
    return found ? *found : codec::Json();
  };
  EXPECT_EQ(*said(ask("retention show", {{"tenant", "acme"}}), "set_by").as_string(), "server");
  const Answer set = ask("retention set", {{"tenant", "acme"}, {"days", "30"}});
  EXPECT_EQ(*said(set, "days").as_int(), 30);
  EXPECT_EQ(*said(set, "set_by").as_string(), "tenant");
  EXPECT_EQ(*said(ask("retention show", {{"tenant", "other"}}), "set_by").as_string(), "server");
  for (const std::string_view days : {"0", "3651", "x", "", "30 "}) {
    EXPECT_EQ(ask("retention set", {{"tenant", "acme"}, {"days", days}}).code, "malformed") << days;
  }
  EXPECT_EQ(*said(ask("retention set", {{"tenant", "acme"}, {"days", "default"}}), "set_by").as_string(), "server");
  EXPECT_EQ(ask("retention shred", {{"tenant", "acme"}, {"month", "2026-13"}}).code, "malformed");
  EXPECT_EQ(ask("retention shred", {{"tenant", "acme"}, {"month", "1999-01"}}).code, "not_found");
  EXPECT_EQ(ask("retention shred", {{"tenant", "nobody"}, {"month", "1999-01"}}).code, "not_found");
}

TEST_F(Control, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(raw("").code, "malformed");
  EXPECT_EQ(raw("[]").code, "malformed");
  EXPECT_EQ(raw("{\"command\":1}").code, "malformed");
  EXPECT_EQ(ask("tenant destroy", {}).code, "malformed");
  EXPECT_EQ(raw("{\"command\":\"tenant create\",\"args\":{\"name\":1}}").code, "malformed");
}

TEST_F(Control, EveryCommandAnswersWithoutArguments) {
  for (const Command& command : commands()) {
    if (command.arguments.empty()) continue;
    const auto required = [](const Argument& argument) { return argument.need == Need::required; };
    const bool needs = std::ranges::any_of(command.arguments, required);
    const std::string code = ask(command.words, {}).code;
    EXPECT_TRUE(code == "malformed" || (code.empty() && !needs)) << command.words << ": " << code;
  }
}

TEST_F(Control, EveryArgumentOfEveryCommandHasAMeaning) {
  for (const Command& command : commands()) {
    EXPECT_FALSE(command.meaning.empty()) << command.words;
    for (const Argument& argument : command.arguments) EXPECT_FALSE(argument.meaning.empty()) << command.words;
  }
}

TEST_F(Control, MakesATenantOnce) {
  EXPECT_TRUE(made("tenant_id", "tenant create", {{"name", "new"}}).starts_with("DA"));
  EXPECT_EQ(ask("tenant create", {{"name", "new"}}).code, "conflict");
  EXPECT_EQ(ask("tenant list", {}).rows.size(), 3u);
}

TEST_F(Control, RefusesNamesWithControlCharacters) {
  EXPECT_EQ(ask("tenant create", {{"name", "a\nb"}}).code, "malformed");
  EXPECT_EQ(ask("user create", {{"tenant", "acme"}, {"username", "a\tb"}}).code, "malformed");
}

TEST_F(Control, FindsATenantByIdAndByName) {
  EXPECT_EQ(made("name", "tenant show", {{"tenant", world.tenant.id.text()}}), "acme");
  EXPECT_EQ(made("name", "tenant show", {{"tenant", "acme"}}), "acme");
  EXPECT_EQ(ask("tenant show", {{"tenant", "nobody"}}).code, "not_found");
}

TEST_F(Control, AnApplicationHasKeysThatSign) {
  const Answer answer = ask("app create", {{"tenant", "acme"}, {"type", "unix"}, {"name", "ssh"},
                                           {"allow-signature-v1", "true"}});
  ASSERT_EQ(answer.rows.size(), 1u) << answer.what;
  const std::string key(*answer.rows[0].find("integration_key")->as_string());
  const std::string secret(*answer.rows[0].find("secret_key")->as_string());
  EXPECT_EQ(key.size(), 20u);
  EXPECT_EQ(secret.size(), 40u);
  EXPECT_EQ(*answer.rows[0].find("api_hostname")->as_string(), "localhost:8443");
  const auto app = flow::find_app(*world.ports, std::nullopt, key);
  ASSERT_TRUE(app);
  EXPECT_TRUE(app->signatures.allow_v1);
  const Bytes mac = crypto::hmac(crypto::HashKind::sha1, bytes_of(secret), bytes_of("text"));
  EXPECT_TRUE(*world.keys->verify_signature(&*app, crypto::HashKind::sha1, {"text"}, mac));
}

TEST_F(Control, AnApplicationTakesGivenKeysOnce) {
  const Words words = {{"tenant", "acme"}, {"type", "authapi"}, {"name", "old"},
                       {"integration-key", "DIAAAAAAAAAAAAAAAAAA"},
                       {"secret-key", "0123456789abcdefghijklmnopqrstuvwxyzABCD"}};
  EXPECT_EQ(made("secret_key", "app create", words), "0123456789abcdefghijklmnopqrstuvwxyzABCD");
  EXPECT_EQ(ask("app create", words).code, "conflict");
}

TEST_F(Control, AnApplicationListsWhereItsVisitsMayEnd) {
  const auto shown = [&](std::string_view id) {
    std::vector<std::string> out;
    const Answer answer = ask("app show", {{"app", id}});
    for (const auto& uri : answer.rows.at(0).find("redirect_uris")->items()) out.emplace_back(*uri.as_string());
    return out;
  };
  const std::string id = made("app_id", "app create",
                              {{"tenant", "acme"}, {"type", "websdk"}, {"name", "wiki"},
                               {"redirect-uri", "https://wiki.example/cb,http://localhost:3000/cb"}});
  EXPECT_EQ(shown(id), (std::vector<std::string>{"https://wiki.example/cb", "http://localhost:3000/cb"}));
  EXPECT_EQ(ask("app update", {{"app", id}, {"name", "Wiki"}}).code, "");
  EXPECT_EQ(shown(id).size(), 2u);
  EXPECT_EQ(ask("app update", {{"app", id}, {"redirect-uri", "http://wiki.example/cb"}}).code, "malformed");
  EXPECT_EQ(ask("app update", {{"app", id}, {"redirect-uri", "https://wiki.example/new"}}).code, "");
  EXPECT_EQ(shown(id), std::vector<std::string>{"https://wiki.example/new"});
  EXPECT_EQ(ask("app update", {{"app", id}, {"redirect-uri", "none"}}).code, "");
  EXPECT_TRUE(shown(id).empty());
}

TEST_F(Control, RefusesRedirectUrisThatLeadElsewhere) {
  const auto create = [&](std::string_view uris) {
    return ask("app create", {{"tenant", "acme"}, {"name", "x"}, {"type", "websdk"}, {"redirect-uri", uris}}).code;
  };
  EXPECT_EQ(create("http://wiki.example/cb"), "malformed");
  EXPECT_EQ(create("https://wiki.example/cb,"), "malformed");
  EXPECT_EQ(create("https://wiki.example/cb#here"), "malformed");
  std::string many = "https://wiki.example/0";
  for (std::size_t i = 1; i <= kRedirectUrisMax; ++i) many += ",https://wiki.example/" + std::to_string(i);
  EXPECT_EQ(create(many), "malformed");
}

TEST_F(Control, RefusesKeysThatAreNotOfDuosForm) {
  const auto create = [&](std::string_view type, std::string_view key, std::string_view value) {
    return ask("app create", {{"tenant", "acme"}, {"name", "x"}, {"type", type}, {key, value}}).code;
  };
  EXPECT_EQ(create("authapi", "integration-key", "DI1"), "malformed");
  EXPECT_EQ(create("authapi", "secret-key", "short"), "malformed");
  EXPECT_EQ(create("toaster", "allow-signature-v1", "true"), "malformed");
}

TEST_F(Control, ShowsASecretKeyOnlyWhenItIsMade) {
  const std::string id = made("app_id", "app create", {{"tenant", "acme"}, {"type", "authapi"}, {"name", "x"}});
  EXPECT_EQ(ask("app show", {{"app", id}}).rows.at(0).find("secret_key"), nullptr);
  EXPECT_EQ(ask("app update", {{"app", id}, {"name", "y"}}).rows.at(0).find("secret_key"), nullptr);
  EXPECT_NE(ask("app update", {{"app", id}, {"new-secret-key", "true"}}).rows.at(0).find("secret_key"), nullptr);
}

TEST_F(Control, DisablesAnApplication) {
  const std::string id = made("app_id", "app create", {{"tenant", "acme"}, {"type", "authapi"}, {"name", "x"}});
  EXPECT_EQ(ask("app disable", {{"app", "x"}, {"tenant", "acme"}}).code, "");
  EXPECT_FALSE(flow::find_app(*world.ports, std::nullopt, id)->enabled);
}

TEST_F(Control, AUserIsFoundByIdAndByNameWithinTheTenant) {
  const std::string id = user("Alice");
  EXPECT_EQ(made("username", "user show", {{"user", id}}), "Alice");
  EXPECT_EQ(made("user_id", "user show", {{"user", "aLICE"}, {"tenant", "acme"}}), id);
  EXPECT_EQ(ask("user show", {{"user", "Alice"}}).code, "not_found");
  EXPECT_EQ(ask("user create", {{"tenant", "acme"}, {"username", "alice"}}).code, "conflict");
}

TEST_F(Control, NothingOfAnotherTenantIsFoundWithATenant) {
  const std::string id = user("alice");
  const std::string phone = made("phone_id", "phone create", {{"user", id}});
  const std::string token = made("token_id", "token create", {{"user", id}, {"type", "hotp"}});
  const std::string group = made("group_id", "group create", {{"tenant", "acme"}, {"name", "staff"}});
  const std::string app = made("app_id", "app create", {{"tenant", "acme"}, {"type", "authapi"}, {"name", "x"}});
  for (const std::string& name : {id, std::string("alice")}) {
    EXPECT_EQ(ask("user show", {{"user", name}, {"tenant", "other"}}).code, "not_found");
    EXPECT_EQ(ask("user delete", {{"user", name}, {"tenant", "other"}}).code, "not_found");
    EXPECT_EQ(ask("bypass create", {{"user", name}, {"tenant", "other"}}).code, "not_found");
  }
  EXPECT_EQ(ask("phone delete", {{"phone", phone}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("token delete", {{"token", token}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("policy show", {{"group", group}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("app show", {{"app", app}, {"tenant", "other"}}).code, "not_found");
  EXPECT_EQ(ask("app show", {{"app", "x"}, {"tenant", "other"}}).code, "not_found");
}

TEST_F(Control, AUserOfAnotherTenantDoesNotJoinAGroup) {
  const std::string stranger = user("eve", "other");
  ask("group create", {{"tenant", "acme"}, {"name", "staff"}});
  EXPECT_EQ(ask("group add", {{"group", "staff"}, {"user", stranger}, {"tenant", "acme"}}).code, "not_found");
}

TEST_F(Control, UpdatesUnlocksAndDeletesAUser) {
  const std::string id = user("alice");
  EXPECT_EQ(made("status", "user update", {{"user", id}, {"status", "bypass"}}), "bypass");
  EXPECT_EQ(ask("user update", {{"user", id}, {"status", "asleep"}}).code, "malformed");
  world.write([&](store::Txn& txn) -> Result<void> {
    TRY(store::add_failure(txn, world.tenant.id, *UserId::parse(id), 1, world.clock.now()));
    return {};
  });
  EXPECT_TRUE(*ask("user show", {{"user", id}}).rows.at(0).find("locked_out")->as_bool());
  EXPECT_EQ(ask("user unlock", {{"user", id}}).code, "");
  EXPECT_FALSE(*ask("user show", {{"user", id}}).rows.at(0).find("locked_out")->as_bool());
  EXPECT_EQ(ask("user delete", {{"user", id}}).code, "");
  EXPECT_EQ(ask("user show", {{"user", id}}).code, "not_found");
}

TEST_F(Control, MembersJoinAndLeaveAGroup) {
  user("alice");
  ask("group create", {{"tenant", "acme"}, {"name", "staff"}});
  const Words both = {{"group", "staff"}, {"user", "alice"}, {"tenant", "acme"}};
  EXPECT_EQ(ask("group remove", both).code, "not_found");
  EXPECT_EQ(ask("group add", both).code, "");
  EXPECT_EQ(ask("group add", both).code, "");
  EXPECT_EQ(ask("user show", {{"user", "alice"}, {"tenant", "acme"}}).rows.at(0).find("groups")->items().size(), 1u);
  EXPECT_EQ(ask("group remove", both).code, "");
  EXPECT_EQ(ask("group create", {{"tenant", "acme"}, {"name", "staff"}}).code, "conflict");
}

TEST_F(Control, APhonesNumberIsSealedAndMasked) {
  const std::string id = user("alice");
  const std::string phone = made("phone_id", "phone create", {{"user", id}, {"number", "+1 555 010 0199"}});
  const Answer list = ask("phone list", {{"user", id}});
  EXPECT_EQ(*list.rows.at(0).find("number")->as_string(), "XXX-XXX-0199");
  const auto stored = flow::find_phone(*world.ports, std::nullopt, phone);
  EXPECT_EQ(world.keys->unseal_number_for_send(*stored)->reveal(), "+15550100199");
  EXPECT_EQ(ask("phone create", {{"user", id}, {"number", "12"}}).code, "malformed");
}

TEST_F(Control, AnActivationLinkIsOfThePublicUrl) {
  const std::string phone = made("phone_id", "phone create", {{"user", user("alice")}});
  EXPECT_TRUE(made("activation_url", "phone activate", {{"phone", phone}})
                  .starts_with("https://localhost:8443/activate/"));
  EXPECT_EQ(ask("phone activate", {{"phone", phone}, {"valid-secs", "1"}}).code, "malformed");
  EXPECT_EQ(ask("phone activate", {{"phone", "DPAAAAAAAAAAAAAAAAAA"}}).code, "not_found");
  EXPECT_EQ(ask("phone delete", {{"phone", phone}}).code, "");
  EXPECT_EQ(ask("phone delete", {{"phone", phone}}).code, "not_found");
}

TEST_F(Control, ATokenTakesTheCodesOfItsSecret) {
  const std::string id = user("alice");
  const std::string token = made("token_id", "token create", {{"user", id}, {"type", "totp"}, {"digits", "8"},
                                                              {"secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}});
  const auto stored = flow::find_token(*world.ports, std::nullopt, token);
  ASSERT_TRUE(stored);
  const std::string code = *factor::totp::code_at(Secret(world.seed), {.digits = 8}, world.clock.now());
  EXPECT_TRUE(world.keys->match_passcode({*stored}, Secret(code), world.clock.now()));
}

TEST_F(Control, ATokensLinkNamesIssuerAndUser) {
  EXPECT_EQ(made("otpauth_uri", "token create",
                 {{"user", user("a b")}, {"type", "totp"}, {"secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}),
            "otpauth://totp/acme:a%20b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=acme&algorithm=SHA1&digits=6"
            "&period=30");
}

TEST_F(Control, RefusesTokensThatNoStandardHas) {
  const std::string id = user("alice");
  EXPECT_EQ(ask("token create", {{"user", id}, {"type", "totp"}, {"digits", "7"}}).code, "malformed");
  EXPECT_EQ(ask("token create", {{"user", id}, {"type", "totp"}, {"step", "45"}}).code, "malformed");
  EXPECT_EQ(ask("token create", {{"user", id}, {"type", "totp"}, {"secret", "AAAA"}}).code, "malformed");
  EXPECT_EQ(ask("token create", {{"user", id}, {"type", "yubi"}}).code, "malformed");
}

TEST_F(Control, ResyncFindsAHotpCounterFarAhead) {
  const std::string token = made("token_id", "token create", {{"user", user("alice")}, {"type", "hotp"},
                                                              {"secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}});
  const auto resync = [&](std::uint64_t at) {
    return ask("token resync", {{"token", token}, {"code1", world.hotp_at(at)}, {"code2", world.hotp_at(at + 1)},
                                {"code3", world.hotp_at(at + 2)}}).code;
  };
  EXPECT_EQ(resync(200), "");
  EXPECT_EQ(resync(200), "refused");
  EXPECT_TRUE(world.keys->match_passcode({*flow::find_token(*world.ports, std::nullopt, token)},
                                          Secret(world.hotp_at(203)), world.clock.now()));
}

TEST_F(Control, NewBypassCodesReplaceTheOldOnes) {
  const std::string id = user("alice");
  EXPECT_EQ(ask("bypass create", {{"user", id}, {"count", "3"}}).rows.at(0).find("codes")->items().size(), 3u);
  EXPECT_EQ(ask("bypass create", {{"user", id}}).rows.at(0).find("codes")->items().size(), 10u);
  const auto owner = flow::find_user(*world.ports, std::nullopt, id);
  EXPECT_EQ(flow::belongings_of(*world.ports, *owner)->enrolments.size(), 1u);
  EXPECT_EQ(ask("bypass create", {{"user", id}, {"count", "11"}}).code, "malformed");
}

TEST_F(Control, APolicyAtTheApplicationWinsOverTheTenants) {
  ask("app create", {{"tenant", "acme"}, {"type", "authapi"}, {"name", "x"}});
  EXPECT_EQ(ask("policy set", {{"tenant", "acme"}}, {"new_user_behavior=deny", "lockout_threshold=3"}).code, "");
  EXPECT_EQ(ask("policy set", {{"tenant", "acme"}, {"app", "x"}}, {"lockout_threshold=7"}).code, "");
  const Answer shown = ask("policy show", {{"tenant", "acme"}, {"app", "x"}, {"effective", "true"}});
  const codec::Json* policy = shown.rows.at(0).find("policy");
  EXPECT_EQ(*policy->find("lockout_threshold")->as_string(), "7");
  EXPECT_EQ(*policy->find("new_user_behavior")->as_string(), "deny");
}

TEST_F(Control, APolicyWithOneWrongKeyChangesNothing) {
  EXPECT_EQ(ask("policy set", {{"tenant", "acme"}}, {"lockout_threshold=3", "nonsense=1"}).code, "malformed");
  EXPECT_TRUE(ask("policy show", {{"tenant", "acme"}}).rows.at(0).find("policy")->members().empty());
  EXPECT_EQ(ask("policy set", {{"app", "a"}, {"group", "b"}}, {"lockout_threshold=3"}).code, "malformed");
  EXPECT_EQ(ask("policy set", {{"tenant", "acme"}}, {"lockout_threshold"}).code, "malformed");
}

TEST_F(Control, EveryChangeIsAnEventOfItsTenantOnly) {
  user("alice");
  const Answer log = ask("log activity", {{"tenant", "acme"}});
  ASSERT_EQ(log.rows.size(), 1u);
  EXPECT_EQ(*log.rows[0].find("action")->find("name")->as_string(), "user_create");
  EXPECT_EQ(*log.rows[0].find("target")->find("name")->as_string(), "alice");
  EXPECT_TRUE(ask("log activity", {{"tenant", "other"}}).rows.empty());
}

TEST_F(Control, AChangeThatFailsIsNoEvent) {
  user("alice");
  ask("user create", {{"tenant", "acme"}, {"username", "alice"}});
  EXPECT_EQ(ask("log activity", {{"tenant", "acme"}}).rows.size(), 1u);
}

TEST_F(Control, TheLogKeepsToItsRange) {
  user("alice");
  world.clock.advance(seconds(10));
  user("bob");
  const std::string then = std::to_string(unix_s(world.clock.now()));
  EXPECT_EQ(ask("log activity", {{"tenant", "acme"}, {"from", then}}).rows.size(), 1u);
  EXPECT_EQ(ask("log activity", {{"tenant", "acme"}, {"to", then}}).rows.size(), 1u);
  EXPECT_EQ(ask("log activity", {{"tenant", "acme"}, {"from", "yesterday"}}).code, "malformed");
}

TEST_F(Control, NoSecretStandsInTheLog) {
  const std::string id = user("alice");
  const std::string phone = made("phone_id", "phone create", {{"user", id}, {"number", "+15550100199"}});
  const std::string link = made("activation_code", "phone activate", {{"phone", phone}});
  const std::string secret = made("secret", "token create", {{"user", id}, {"type", "totp"}});
  const std::string key =
      made("secret_key", "app create", {{"tenant", "acme"}, {"type", "authapi"}, {"name", "x"}});
  std::string all;
  for (const std::string& event : world.events(store::Stream::activity)) all += event;
  for (const std::string& word : {std::string("5550100199"), link, secret, key}) {
    EXPECT_EQ(all.find(word), std::string::npos) << word;
  }
}

TEST_F(Control, AnImportReportsBadLinesAndMakesTheOthers) {
  user("there");
  const Answer answer = raw(R"({"command":"user import","args":{"tenant":"acme","lines":[
      {"line":2,"username":"new","email":"n@x","phone":"+15550100100","totp_secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
      {"line":3,"username":"There"},{"line":4,"username":""},{"line":5,"username":"p","phone":"1"},
      {"line":6,"username":"NEW"}]}})");
  ASSERT_EQ(answer.code, "") << answer.what;
  std::vector<std::int64_t> bad;
  for (const codec::Json& row : answer.rows) {
    if (const codec::Json* line = row.find("line")) bad.push_back(*line->as_int());
  }
  EXPECT_EQ(bad, (std::vector<std::int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(*answer.rows.back().find("made")->as_int(), 1);
  const Answer shown = ask("user show", {{"user", "new"}, {"tenant", "acme"}});
  EXPECT_EQ(shown.rows.at(0).find("phones")->items().size(), 1u);
  EXPECT_EQ(shown.rows.at(0).find("tokens")->items().size(), 1u);
}

TEST_F(Control, StopsWhenNobodyListens) {
  for (const char* name : {"a", "b", "c"}) user(name);
  int rows = 0;
  face.answer(R"({"command":"user list","args":{"tenant":"acme"}})", [&](const std::string&) {
    ++rows;
    return false;
  });
  EXPECT_EQ(rows, 2);  // the first row, and the end
}

}  // namespace
}  // namespace countersign::control
