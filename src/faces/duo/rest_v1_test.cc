#include <gtest/gtest.h>

#include <string>

#include "faces/duo/duo_world_test.h"

namespace countersign::duo {
namespace {

// As Debian's login_duo 1.11.3 does: version 1 with SHA-1, no date, BSON.
class RestV1 : public ::testing::TestWithParam<std::string> {
 protected:
  DuoWorld world;
  User ada = world.add_user("ada");

  RestV1() {
    world.write([&](store::Txn& txn) -> Result<void> {
      auto app = TRY(store::app_by_id(txn, world.app.id));
      app->signatures.allow_v1 = true;
      EXPECT_TRUE(TRY(store::update_app(txn, *app)));
      return {};
    });
  }
  Said say(const Ask& ask) { return world.say(with_suffix(ask)); }
  Ask with_suffix(Ask ask) {
    ask.path = "/rest/v1/" + ask.path + GetParam();
    return ask.signed_as(SignatureVersion::v1, crypto::HashKind::sha1);
  }
  static Ask choose(const std::string& typed) {
    return post("auth").with("user", "ada").with("factor", "auto").with("auto", typed);
  }
};

TEST_P(RestV1, AnswersInItsFormat) {
  const Said said = say(get("ping"));
  EXPECT_EQ(said.raw.content_type, GetParam() == ".bson" ? "application/bson" : "application/json");
  EXPECT_EQ(said.response(), "pong");
  EXPECT_EQ(say(get("check")).response(), "valid");
}

TEST_P(RestV1, FailsInItsFormat) {
  const Said said = say(post("preauth"));
  EXPECT_EQ(said.status(), 400);
  EXPECT_EQ(said.code(), 40001);
  EXPECT_EQ(said.detail(), "user");
  EXPECT_EQ(say(get("nothing")).code(), 40401);
}

TEST_P(RestV1, PreauthGivesAPromptAndWhatItsChoicesMean) {
  world.add_phone(ada);
  const Said said = say(post("preauth").with("user", "ada"));
  EXPECT_EQ(said["result"], "auth");
  EXPECT_EQ(said.response()["factors"]["default"], "push1");
  EXPECT_EQ(said.response()["factors"]["1"], "push1");
  EXPECT_TRUE(said["prompt"].ends_with("Passcode or option (1-1): ")) << said["prompt"];
}

TEST_P(RestV1, PreauthSaysWhyNot) {
  world.add_user("bob", UserStatus::disabled);
  world.add_user("eve", UserStatus::bypass);
  const Said denied = say(post("preauth").with("user", "bob"));
  EXPECT_EQ(denied["result"], "deny");
  EXPECT_EQ(denied["status"], "Your account is disabled. Ask your administrator.");
  EXPECT_EQ(say(post("preauth").with("user", "eve"))["result"], "allow");
  EXPECT_EQ(say(post("preauth").with("user", "new"))["result"], "enroll");
}

TEST_P(RestV1, APasscodeTypedAtThePromptIsChecked) {
  world.add_totp(ada);
  const std::string code = world.totp_now();
  EXPECT_EQ(say(choose(code))["result"], "allow");
  const Said again = say(choose(code));
  EXPECT_EQ(again["result"], "deny") << "version 1 is never answered from memory";
  EXPECT_EQ(again["status"], "Incorrect passcode. Please try again.");
}

TEST_P(RestV1, APasscodeHasAFactorOfItsOwn) {
  world.add_totp(ada);
  const Ask ask = post("auth").with("user", "ada").with("factor", "passcode");
  EXPECT_EQ(say(ask.with("code", world.totp_now()))["result"], "allow");
  EXPECT_EQ(say(ask).detail(), "code");
}

TEST_P(RestV1, APushIsPolledAndShowsItsNumber) {
  const auto phone = world.add_phone(ada);
  for (const std::string typed : {"push1", "push"}) {
    const std::string txid = say(choose(typed).with("async", "1"))["txid"];
    const Said first = say(get("status").with("txid", txid));
    EXPECT_FALSE(first.response().contains("result"));
    const std::string number = DuoWorld::number_in(first["status"]);
    ASSERT_EQ(number.size(), 3u) << first["status"];
    ASSERT_TRUE(world.answer(phone, txid, number));
    const Said last = say(get("status").with("txid", txid));
    EXPECT_EQ(last["result"], "allow");
    EXPECT_EQ(last["status"], "Success. Logging you in...");
  }
}

TEST_P(RestV1, AHeldPushSaysWhyItIsRefused) {
  world.add_phone(ada);
  const Said said = say(post("auth").with("user", "ada").with("factor", "push").with("phone", "phone1"));
  EXPECT_EQ(said["result"], "deny");
  EXPECT_NE(said["status"].find("plain_push"), std::string::npos);
}

TEST_P(RestV1, CallsAndTextsAreDeniedInWords) {
  world.add_phone(ada);
  for (const std::string typed : {"phone1", "sms1"}) {
    const Said said = say(choose(typed));
    EXPECT_EQ(said["result"], "deny");
    EXPECT_NE(said["status"].find("not available"), std::string::npos);
    EXPECT_EQ(say(choose(typed).with("async", "1")).detail(), "no capable device");
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RestV1, ::testing::Values("", ".json", ".bson"),
                         [](const auto& suffix) { return suffix.param.empty() ? "none" : suffix.param.substr(1); });

}  // namespace
}  // namespace countersign::duo
