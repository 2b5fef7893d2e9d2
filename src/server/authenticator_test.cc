#include "server/authenticator_commands.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "core/codec/json_read.h"
#include "core/crypto/sign.h"
#include "faces/device/serve.h"
#include "testing/house.h"

namespace countersign::server {
namespace {

using factor::push::Decision;
using testing::need;

// The device face behind the authenticator's own interface. Waiting takes no time: what is to happen meanwhile happens,
// then the clock stands where the wait ends.
class FaceWire : public DeviceWire {
  testing::House& house_;
  std::function<void()>& meanwhile_;
  web::Templates templates_ = need(web::Templates::load());

  net::HttpRequest request_of(const net::ClientRequest& sent) const {
    net::HttpRequest out;
    out.method = sent.method;
    out.path = sent.target.substr(0, sent.target.find('?'));
    if (out.path.size() < sent.target.size()) out.query = sent.target.substr(out.path.size() + 1);
    for (const net::Header& h : sent.headers) {
      std::string name = h.name;
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      if (name == "host") out.host = h.value;
      out.headers.push_back({name, h.value});
    }
    out.body = sent.body;
    out.received = house_.clock.now();
    return out;
  }

 public:
  FaceWire(testing::House& house, std::function<void()>& meanwhile) : house_(house), meanwhile_(meanwhile) {}

  Result<net::HttpResponse> send(const net::ClientRequest& sent) override {
    net::Reply reply = device::serve(house_.ports, templates_, request_of(sent));
    for (;;) {
      if (auto* const response = std::get_if<net::HttpResponse>(&reply)) return *response;
      if (auto* const wait = std::get_if<net::Wait>(&reply)) {
        const net::Wait held = *wait;
        if (meanwhile_) std::exchange(meanwhile_, nullptr)();
        reply = held.again();
        if (std::holds_alternative<net::Wait>(reply)) {
          house_.clock.set(held.until);
          reply = held.again();
        }
        continue;
      }
      std::promise<net::Reply> promise;
      std::get<net::Committing>(reply).start([&promise](net::Reply r) { promise.set_value(std::move(r)); });
      reply = promise.get_future().get();
    }
  }
  Result<net::HttpResponse> stream(const net::ClientRequest& sent,
                                   const std::function<bool(std::string_view)>& take) override {
    net::Reply reply = device::serve(house_.ports, templates_, request_of(sent));
    if (auto* const response = std::get_if<net::HttpResponse>(&reply)) return *response;
    const net::EventStream& events = std::get<net::EventStream>(reply);
    bool more = take(events.next());
    if (more && meanwhile_) std::exchange(meanwhile_, nullptr)();
    if (more) more = take(events.next());
    return net::HttpResponse{200, "text/event-stream", "", {}};
  }
};

class Authenticator : public ::testing::Test {
 protected:
  testing::House house;
  std::filesystem::path folder;
  std::string out, err;                  // of the last command
  std::function<void()> meanwhile;       // happens while a call waits
  std::optional<std::string> typed;      // what the person types
  std::string asked;
  bool away = false;
  testing::ManualClock own_clock{house.clock.now()};
  bool uses_own_clock = false;

  void SetUp() override {
    std::string name = ::testing::TempDir() + "authenticator-XXXXXX";
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::filesystem::path store() const { return folder / "store.json"; }

  AuthenticatorCommands commands(AuthenticatorOptions options) {
    out.clear();
    err.clear();
    asked.clear();
    options.store = store();
    const Connect connect = [this](const std::string&, const std::string&) -> Result<std::unique_ptr<DeviceWire>> {
      if (away) return Error{Errc::unavailable, "cannot connect"};
      return std::unique_ptr<DeviceWire>(std::make_unique<FaceWire>(house, meanwhile));
    };
    const Clock& clock = uses_own_clock ? static_cast<const Clock&>(own_clock) : house.clock;
    return AuthenticatorCommands(
        AuthenticatorWorld{connect, clock, house.random, [this](std::string_view t) { out.append(t); },
                           [this](std::string_view t) { err.append(t); },
                           [this](std::string_view prompt) {
                             asked = prompt;
                             return typed;
                           }},
        std::move(options));
  }
  AuthenticatorCommands text() { return commands({}); }
  AuthenticatorCommands json() {
    AuthenticatorOptions options;
    options.output = Output::json;
    return commands(std::move(options));
  }
  AuthenticatorCommands of_account(std::string account) {
    AuthenticatorOptions options;
    options.account = std::move(account);
    return commands(std::move(options));
  }

  std::string link_for(const User& user) {
    return "https://mfa.example:8443/activate/" + house.activation_code(house.add_phone(user));
  }
  void bind() { ASSERT_EQ(text().activate(link_for(house.user)), kExitDone) << err; }
  flow::Standing pushed() { return need(house.begin_push(house.app, house.user)); }
  signin::State state_of(const flow::Standing& push) { return need(house.standing(house.app, push.attempt)).state; }
  AnswerOptions with_number(std::string number) {
    AnswerOptions options;
    options.decision = Decision::approve;
    options.number = std::move(number);
    return options;
  }
};

TEST_F(Authenticator, KeepsItsKeysInAFileOfTheOwnersAlone) {
  EXPECT_EQ(json().activate(link_for(house.user)), kExitDone) << err;
  const codec::Json said = need(codec::parse_json(out));
  EXPECT_EQ(*said.find("username")->as_string(), "ada");
  EXPECT_EQ(std::filesystem::status(store()).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(need(read_accounts(store())).devices.size(), 1u);
}

TEST_F(Authenticator, RefusesALinkThatIsNone) {
  EXPECT_EQ(text().activate("https://mfa.example/elsewhere/ABCDEFGH"), kExitUsage);
  EXPECT_EQ(err, "countersign: not an activation link: expected https://HOST/activate/CODE\n");
}

TEST_F(Authenticator, SaysWhenACodeIsNotValid) {
  EXPECT_EQ(text().activate("https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV"), kExitRefused);
  EXPECT_EQ(out, "");
  EXPECT_EQ(err, "countersign: This activation code is not valid. Ask for a new one.\n");
}

TEST_F(Authenticator, UsesNoCodeUpThatItCannotKeep) {
  std::filesystem::create_directory(store());
  const std::string link = link_for(house.user);
  EXPECT_NE(text().activate(link), kExitDone);
  std::filesystem::remove(store());
  EXPECT_EQ(text().activate(link), kExitDone) << err;
}

TEST_F(Authenticator, RefusesAFileThatOthersMayRead) {
  bind();
  ASSERT_EQ(chmod(store().c_str(), 0644), 0);
  EXPECT_EQ(text().list(seconds(0)), kExitRefused);
  EXPECT_NE(err.find("chmod 600"), std::string::npos);
}

TEST_F(Authenticator, ListsWhatIsWaiting) {
  bind();
  EXPECT_EQ(text().list(seconds(0)), kExitDone);
  EXPECT_EQ(out, "Nothing is waiting.\n");
  const flow::Standing push = pushed();
  EXPECT_EQ(text().list(seconds(0)), kExitDone);
  EXPECT_NE(out.find(push.attempt.text()), std::string::npos);
  EXPECT_NE(out.find("host: web1"), std::string::npos);
  EXPECT_EQ(json().list(seconds(0)), kExitDone);
  const codec::Json said = need(codec::parse_json(out));
  EXPECT_EQ(*said.find("requests")->items().at(0).find("account")->as_string(), "ada@Demo");
}

TEST_F(Authenticator, WaitsForARequest) {
  bind();
  meanwhile = [this] { pushed(); };
  EXPECT_EQ(json().list(seconds(60)), kExitDone);
  EXPECT_EQ(need(codec::parse_json(out)).find("requests")->items().size(), 1u);
}

TEST_F(Authenticator, WaitsNoLongerThanItWasTold) {
  bind();
  const Instant start = house.clock.now();
  EXPECT_EQ(text().list(seconds(60)), kExitDone);
  EXPECT_EQ(house.clock.now() - start, seconds(60));
}

TEST_F(Authenticator, ApprovesWithTheNumberGiven) {
  bind();
  const flow::Standing push = pushed();
  EXPECT_EQ(text().answer(with_number(push.number)), kExitDone) << err;
  EXPECT_EQ(out, "allowed (user_approved)\n");
  EXPECT_EQ(state_of(push), signin::State::allowed);
}

TEST_F(Authenticator, AsksForTheNumber) {
  bind();
  const flow::Standing push = pushed();
  typed = push.number;
  AnswerOptions options;
  options.decision = Decision::approve;
  EXPECT_EQ(text().answer(options), kExitDone) << err;
  EXPECT_EQ(asked,
            "ssh: Login of ada from 192.0.2.7 (host: web1)\n"
            "Type the number shown where you are signing in (3 digits): ");
  EXPECT_EQ(state_of(push), signin::State::allowed);
}

TEST_F(Authenticator, AnswersNothingWithoutANumber) {
  bind();
  const flow::Standing push = pushed();
  AnswerOptions options;
  options.decision = Decision::approve;
  EXPECT_EQ(text().answer(options), kExitUsage);
  EXPECT_EQ(state_of(push), signin::State::open);
}

TEST_F(Authenticator, SaysThatAWrongNumberEndedTheSignIn) {
  bind();
  const flow::Standing push = pushed();
  EXPECT_EQ(json().answer(with_number(push.number == "111" ? "112" : "111")), kExitRefused);
  EXPECT_EQ(err, "countersign: wrong number: the sign-in was ended\n");
  EXPECT_EQ(*need(codec::parse_json(out)).find("reason")->as_string(), "user_mistake");
}

TEST_F(Authenticator, DeniesAndReportsFraud) {
  bind();
  AnswerOptions options;
  const flow::Standing first = pushed();
  EXPECT_EQ(text().answer(options), kExitDone) << err;
  EXPECT_EQ(state_of(first), signin::State::denied);
  const flow::Standing second = pushed();
  options.decision = Decision::fraud;
  EXPECT_EQ(text().answer(options), kExitDone) << err;
  EXPECT_EQ(state_of(second), signin::State::fraud);
}

TEST_F(Authenticator, HasNothingToAnswerWhenNothingWaits) {
  bind();
  EXPECT_EQ(text().answer({}), kExitRefused);
  EXPECT_NE(err.find("nothing is waiting"), std::string::npos);
}

TEST_F(Authenticator, ChoosesByTheBeginningOfAnId) {
  bind();
  const flow::Standing push = pushed();
  AnswerOptions options;
  options.request = "not-this-one";
  EXPECT_EQ(text().answer(options), kExitRefused);
  EXPECT_EQ(state_of(push), signin::State::open);
  options.request = push.attempt.text().substr(0, 8);
  EXPECT_EQ(text().answer(options), kExitDone);
}

TEST_F(Authenticator, AsksToChooseAmongSeveral) {
  bind();
  const User eve = house.add_user(house.tenant, "eve");
  ASSERT_EQ(text().activate(link_for(eve)), kExitDone);
  const flow::Standing first = pushed();
  const flow::Standing second = need(house.begin_push(house.app, eve));
  EXPECT_EQ(text().answer({}), kExitRefused);
  EXPECT_NE(err.find("--request"), std::string::npos);
  AnswerOptions options;
  options.request = second.attempt.text();
  EXPECT_EQ(text().answer(options), kExitDone) << err;
  EXPECT_EQ(state_of(second), signin::State::denied);
  EXPECT_EQ(of_account("ada@Demo").answer({}), kExitDone) << err;
  EXPECT_EQ(state_of(first), signin::State::denied);
}

TEST_F(Authenticator, SaysWhenTheServerIsAway) {
  bind();
  away = true;
  EXPECT_EQ(text().list(seconds(0)), kExitUnavailable);
  EXPECT_EQ(err, "countersign: cannot connect\n");
}

TEST_F(Authenticator, SetsAWrongClockFromTheServers) {
  bind();
  uses_own_clock = true;
  own_clock.advance(seconds(86400));
  EXPECT_EQ(text().list(seconds(0)), kExitDone) << err;
}

TEST_F(Authenticator, ShowsTheCodesThatTheServerTakes) {
  bind();
  EXPECT_EQ(json().code(), kExitDone) << err;
  const codec::Json said = need(codec::parse_json(out));
  const codec::Json& code = said.find("codes")->items().at(0);
  EXPECT_EQ(*code.find("account")->as_string(), "ada@Demo");
  EXPECT_EQ(*code.find("seconds_left")->as_int(), 10);  // 1,700,000,000 mod 30 = 20
  const auto enrolments = need(flow::belongings_of(house.ports, house.user)).enrolments;
  const auto totp = std::find_if(enrolments.begin(), enrolments.end(),
                                 [](const Enrolment& e) { return e.kind == "totp"; });
  ASSERT_NE(totp, enrolments.end());
  EXPECT_TRUE(house.keys->match_passcode({*totp}, Secret(*code.find("code")->as_string()), house.clock.now()));
}

// RFC 4226 appendix D: counts 0 and 1.
TEST_F(Authenticator, ShowsACodeByCounterOnceAndOnlyWhenAskedByName) {
  ASSERT_EQ(text().add("otpauth://hotp/token?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0"), kExitDone) << err;
  EXPECT_EQ(text().code(), kExitRefused);
  EXPECT_EQ(of_account("token").code(), kExitDone) << err;
  EXPECT_NE(out.find("755224"), std::string::npos);
  EXPECT_EQ(of_account("token").code(), kExitDone);
  EXPECT_NE(out.find("287082"), std::string::npos);
}

// RFC 6238 appendix B: SHA-1 at 1111111109 s, eight digits.
TEST_F(Authenticator, ShowsCodesOfAccountsElsewhere) {
  ASSERT_EQ(text().add("otpauth://totp/Elsewhere:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8"), kExitDone);
  house.clock.set(from_unix_s(1111111109));
  EXPECT_EQ(text().code(), kExitDone);
  EXPECT_EQ(out, "ACCOUNT        CODE      LEFT\nada@Elsewhere  07081804  1 s\n");
  EXPECT_EQ(text().add("otpauth://totp/Elsewhere:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), kExitRefused);
}

TEST_F(Authenticator, WatchesUntilTheDeviceIsUnbound) {
  const Phone phone = house.add_phone(house.user);
  const std::string base = "https://mfa.example:8443/activate/";
  ASSERT_EQ(text().activate(base + house.activation_code(phone)), kExitDone);
  flow::ActivateRequest other;
  other.code = Secret(std::string_view(house.activation_code(phone)));
  other.public_key = crypto::Es256Key::generate(house.random).public_key().point();
  meanwhile = [&] {
    need(testing::outcome<flow::Activated>(
        [&](auto done) { flow::activate(house.ports, std::move(other), std::move(done)); }));
  };
  EXPECT_EQ(text().watch(), kExitRefused);
  EXPECT_EQ(out, "Nothing is waiting.\n");
  EXPECT_NE(err.find("no longer bound"), std::string::npos);
}

TEST_F(Authenticator, NeedsAnAccount) {
  EXPECT_EQ(text().list(seconds(0)), kExitRefused);
  EXPECT_NE(err.find("activate URL"), std::string::npos);
}

}  // namespace
}  // namespace countersign::server
