// An export from beginning to end, as an operator meets it.
#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/sign.h"
#include "faces/control/face.h"
#include "testing/small_world.h"

namespace countersign::control {
namespace {

struct Answer {
  std::vector<std::string> rows;  // as sent
  std::string code;               // empty: done
  std::string at(std::string_view key) const {
    const auto row = codec::parse_json(rows.empty() ? "{}" : rows.front());
    const codec::Json* const value = row->find(key);
    const auto text = value != nullptr ? value->as_string() : Result<std::string_view>(Error{Errc::not_found, ""});
    return text ? std::string(*text) : "";
  }
};

struct ExportCommands : ::testing::Test {
  testing::SmallWorld world;
  ControlFace face{*world.ports, "localhost:8443"};
  crypto::Es256Key key = crypto::Es256Key::generate(world.random);
  std::string day = "2023-11-14";  // the manual clock's

  using Words = std::vector<std::pair<std::string_view, std::string_view>>;

  Answer ask(std::string_view command, Words words) {
    codec::JsonWriter w;
    w.begin_object().key("command").string(command).key("args").begin_object();
    for (const auto& [name, value] : words) w.key(name).string(value);
    Answer out;
    face.answer(
        w.end_object().end_object().take(),
        [&](const std::string& line) {
          const auto json = codec::parse_json(line);
          EXPECT_TRUE(json) << line;
          if (json->find("row") != nullptr) out.rows.push_back(line.substr(7, line.size() - 8));
          if (const codec::Json* error = json->find("error")) out.code = *error->find("code")->as_string();
          return true;
        },
        "uid:7");
    return out;
  }
  std::string public_text() { return codec::to_base64(codec::Base64::url, key.public_key().point()); }
  std::string sign(const std::string& text) { return codec::to_base64(codec::Base64::url, key.sign(bytes_of(text))); }
  std::string signer(std::string_view tenant) {
    const Answer added = ask("signer add", {{"tenant", tenant}, {"name", "Ada"}, {"key", public_text()}});
    EXPECT_EQ(added.code, "");
    return added.at("signer_id");
  }
  Answer ask_for(const std::string& who) {
    return ask("export ask", {{"tenant", "acme"}, {"from", day}, {"to", day}, {"keys", "with_rows"}, {"signer", who}});
  }
};

TEST_F(ExportCommands, GoFromAskingToFetching) {
  world.ports->settings.exports.veto = std::chrono::minutes(0);
  const std::string who = signer("acme");
  const Answer asked = ask_for(who);
  ASSERT_EQ(asked.code, "");
  EXPECT_EQ(asked.at("state"), "asked");
  const std::string id = asked.at("export_id");
  const Words it = {{"export", id}, {"tenant", "acme"}};
  const std::string intent = ask("export intent", it).at("text");
  EXPECT_NE(intent.find("\"keys\":\"with_rows\""), intent.npos) << intent;
  const std::string signature = sign(intent);
  EXPECT_EQ(ask("export sign", {it[0], it[1], {"signature", signature}}).at("state"), "ready");
  const std::string proof = sign(ask("export challenge", it).at("text"));
  const Answer fetched = ask("export fetch", {it[0], it[1], {"proof", proof}});
  ASSERT_EQ(fetched.code, "");
  EXPECT_TRUE(fetched.rows.front().starts_with("{\"export\":1")) << fetched.rows.front();
  EXPECT_TRUE(fetched.rows.back().starts_with("{\"end\":")) << fetched.rows.back();
  EXPECT_EQ(ask("export fetch", {it[0], it[1], {"proof", proof}}).code, "refused");
  EXPECT_EQ(ask("export show", it).at("state"), "fetched");
  EXPECT_EQ(ask("export list", {{"tenant", "acme"}}).rows.size(), 1u);
}

TEST_F(ExportCommands, StopWithAVetoAndWithOneThatIsSigned) {
  const std::string who = signer("acme");
  const std::string one = ask_for(who).at("export_id"), two = ask_for(who).at("export_id");
  EXPECT_EQ(ask("export veto", {{"export", one}, {"tenant", "acme"}}).at("state"), "vetoed");
  const std::string text = ask("export veto-text", {{"export", two}, {"tenant", "acme"}}).at("text");
  const std::string signature = sign(text);
  EXPECT_EQ(ask("export veto", {{"export", two}, {"tenant", "acme"}, {"signature", signature}}).code, "malformed");
  const Answer vetoed =
      ask("export veto", {{"export", two}, {"tenant", "acme"}, {"signer", who}, {"signature", signature}});
  EXPECT_EQ(vetoed.at("state"), "vetoed");
}

TEST_F(ExportCommands, TakeSignersOfATenantAndOfTheOperator) {
  const std::string mine = signer("acme"), staff = signer("operator");
  EXPECT_EQ(ask("signer list", {{"tenant", "acme"}}).rows.size(), 1u);
  EXPECT_EQ(ask("signer list", {{"tenant", "operator"}}).rows.size(), 1u);
  EXPECT_EQ(ask_for(staff).code, "");
  EXPECT_EQ(ask("signer remove", {{"signer", mine}, {"tenant", "operator"}}).code, "not_found");
  EXPECT_EQ(ask("signer remove", {{"signer", mine}, {"tenant", "acme"}}).code, "");
  EXPECT_EQ(ask_for(mine).code, "refused");
}

TEST_F(ExportCommands, NameTheArgumentThatIsWrong) {
  const std::string who = signer("acme");
  EXPECT_EQ(ask("signer add", {{"tenant", "acme"}, {"name", "Ben"}, {"key", "AAAA"}}).code, "malformed");
  EXPECT_EQ(ask("signer add", {{"tenant", "acme"}, {"name", "Ben"}, {"key", "?"}}).code, "malformed");
  const Words days = {{"tenant", "acme"}, {"from", day}, {"to", day}, {"signer", who}};
  EXPECT_EQ(ask("export ask", {days[0], days[1], days[2], days[3], {"keys", "all"}}).code, "malformed");
  EXPECT_EQ(ask("export ask", {days[0], days[1], days[2]}).code, "malformed");
  const std::string id = ask_for(who).at("export_id");
  EXPECT_EQ(ask("export sign", {{"export", id}, {"tenant", "acme"}, {"signature", "?"}}).code, "malformed");
  EXPECT_EQ(ask("export sign", {{"export", id}, {"tenant", "acme"}, {"signature", "AAAA"}}).code, "refused");
  world.add_tenant("other");
  EXPECT_EQ(ask("export show", {{"export", id}, {"tenant", "other"}}).code, "not_found");
}

}  // namespace
}  // namespace countersign::control
