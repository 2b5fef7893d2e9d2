// Golden traces: whole sign-ins as text, requests, answers and log. A change of visible behaviour is a change of these
// files; UPDATE_TRACES=1 rewrites them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

#include "faces/duo/duo_world_test.h"
#include "testing/source_dir.h"

namespace countersign::duo {
namespace {

class Trace : public ::testing::Test {
 protected:
  DuoWorld world;
  User ada = world.add_user("ada");
  std::string text;

  Said tell(const Ask& ask) {
    text += "> " + ask.method + " " + ask.path;
    for (const auto& [name, value] : ask.parameters) text += " " + name + "=" + value;
    const Said said = world.say(ask);
    text += "\n< " + std::to_string(said.status()) + " " + said.raw.content_type + "\n  " + said.raw.body + "\n";
    return said;
  }
  void note(const std::string& what) { text += "- " + what + "\n"; }

  // Ids by the order in which they come up, so that a trace does not change with how much chance was drawn.
  static std::string with_names_for_ids(const std::string& of) {
    static const std::regex kId("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|D[AIUPH][2-9A-Z]{18}");
    std::map<std::string, std::string> names;
    std::string out;
    auto from = of.begin();
    for (std::sregex_iterator at(of.begin(), of.end(), kId), end; at != end; ++at) {
      out.append(from, of.begin() + at->position());
      const auto [name, added] = names.try_emplace(at->str(), "<id " + std::to_string(names.size() + 1) + ">");
      out += name->second;
      from = of.begin() + at->position() + at->length();
    }
    return out.append(from, of.end());
  }
  void compare_with(const std::string& name) {
    for (const std::string& event : world.events()) text += "log " + event + "\n";
    const std::string now = with_names_for_ids(text);
    const std::string file = testing::source_dir() / "traces" / name;
    if (std::getenv("UPDATE_TRACES")) std::ofstream(file) << now;
    std::ifstream in(file);
    const std::string golden{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(now, golden);
  }
};

TEST_F(Trace, Passcode) {
  world.add_totp(ada);
  const std::string code = world.totp_now();
  tell(post("/auth/v2/preauth").with("username", "ada").with("ipaddr", "192.0.2.7"));
  tell(DuoWorld::passcode("ada", code).with("ipaddr", "192.0.2.7"));
  world.clock.advance(seconds(1));
  note("one second later, the same code");
  tell(DuoWorld::passcode("ada", code).with("ipaddr", "192.0.2.7"));
  compare_with("passcode.txt");
}

TEST_F(Trace, PushApproved) {
  const auto phone = world.add_phone(ada);
  tell(post("/auth/v2/preauth").with("username", "ada"));
  const std::string txid = tell(DuoWorld::push("ada").with("async", "1"))["txid"];
  const std::string status = tell(DuoWorld::status(txid))["status_msg"];
  const std::string number = DuoWorld::number_in(status);
  text = std::regex_replace(text, std::regex("enter " + number), "enter <number>");
  note("two seconds later, the phone approves with <number>");
  world.clock.advance(seconds(2));
  ASSERT_TRUE(world.answer(phone, txid, number));
  tell(DuoWorld::status(txid));
  compare_with("push_approved.txt");
}

}  // namespace
}  // namespace countersign::duo
