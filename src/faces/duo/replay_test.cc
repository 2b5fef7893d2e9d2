#include "faces/duo/replay.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "faces/duo/duo_world_test.h"

namespace countersign::duo {
namespace {

class Replayed : public ::testing::Test {
 protected:
  DuoWorld world;
  Replays replays{*world.ports};
  int runs = 0;
  const AppId app = AppId::trusted("DIX");
  const Bytes mac = Bytes(64, 7);

  static net::HttpResponse answer(int status, std::string body) { return {status, "text/plain", std::move(body), {}}; }
  net::Reply once() {
    return replays.once(app, mac, [this]() -> net::Reply { return answer(200, std::to_string(++runs)); });
  }
  static std::string body(const net::Reply& reply) { return std::get<net::HttpResponse>(reply).body; }
};

TEST_F(Replayed, IsAnsweredFromMemoryForAMinute) {
  EXPECT_EQ(body(once()), "1");
  world.clock.advance(seconds(59));
  EXPECT_EQ(body(once()), "1");
  world.clock.advance(seconds(1));
  EXPECT_EQ(body(once()), "2");
}

TEST_F(Replayed, IsAnotherRequestUnderAnotherKeyOrApplication) {
  once();
  const auto run = [this]() -> net::Reply { return answer(200, std::to_string(++runs)); };
  EXPECT_EQ(body(replays.once(AppId::trusted("DIY"), mac, run)), "2");
  EXPECT_EQ(body(replays.once(app, Bytes(64, 8), run)), "3");
}

TEST_F(Replayed, WaitsWhileTheFirstIsUnderWay) {
  std::function<void(net::Reply)> done;
  const net::Reply first = replays.once(app, mac, [&done]() -> net::Reply {
    return net::Committing{[&done](std::function<void(net::Reply)> d) { done = std::move(d); }};
  });
  std::optional<net::Reply> told;
  std::get<net::Committing>(first).start([&told](net::Reply out) { told = std::move(out); });
  const net::Reply second = once();
  ASSERT_TRUE(DuoWorld::waits(second));
  EXPECT_EQ(runs, 0);
  done(answer(200, "first"));
  EXPECT_EQ(body(*told), "first");
  EXPECT_EQ(world.woken.back(), std::get<net::Wait>(second).key);
  EXPECT_EQ(body(std::get<net::Wait>(second).again()), "first");
}

TEST_F(Replayed, KeepsWhatAWaitEndedIn) {
  const net::Reply first = replays.once(app, mac, [this]() -> net::Reply {
    return net::Wait{"k", world.clock.now() + seconds(50), [] { return answer(200, "late"); }};
  });
  world.clock.advance(seconds(50));
  EXPECT_EQ(body(std::get<net::Wait>(first).again()), "late");
  world.clock.advance(seconds(50));
  EXPECT_EQ(body(once()), "late") << "a minute counts from the answer";
  world.clock.advance(seconds(11));
  EXPECT_EQ(body(once()), "1");
}

TEST_F(Replayed, IsRunAgainWhenTheFirstWasGivenUp) {
  {
    const net::Reply gone = replays.once(app, mac, [this]() -> net::Reply {
      return net::Wait{"k", world.clock.now() + seconds(50), [] { return answer(200, "never"); }};
    });
    ASSERT_TRUE(DuoWorld::waits(once()));
  }
  EXPECT_EQ(body(once()), "1");
}

TEST_F(Replayed, DoesNotKeepAFailureOfTheServer) {
  replays.once(app, mac, []() -> net::Reply { return answer(503, ""); });
  EXPECT_EQ(body(once()), "1");
}

TEST_F(Replayed, KeepsABoundedNumber) {
  for (std::uint32_t i = 0; i < kReplaysMax + 5000; ++i) {
    Bytes other(20, 0);
    for (std::size_t b = 0; b < 4; ++b) other[b] = static_cast<std::uint8_t>(i >> (8 * b));
    replays.once(app, other, []() -> net::Reply { return answer(200, ""); });
  }
  EXPECT_LE(replays.size(), kReplaysMax);
  EXPECT_GT(replays.size(), kReplaysMax / 2);
}

// --- through the face ---

TEST_F(Replayed, ACodeThatWasAcceptedIsAcceptedAgainForTheSameBytesOnly) {
  const User ada = world.add_user("ada");
  world.add_totp(ada);
  const Ask ask = DuoWorld::passcode("ada", world.totp_now());
  const net::HttpRequest request = world.sign(ask);
  EXPECT_EQ(world.send(request)["result"], "allow");
  EXPECT_EQ(world.send(request)["result"], "allow");
  EXPECT_EQ(world.events().size(), 1u) << "it was checked once";
  EXPECT_EQ(world.say(ask.with("nonce", "2"))["result"], "deny");
  world.clock.advance(seconds(61));
  EXPECT_EQ(world.send(request)["result"], "deny");
}

TEST_F(Replayed, AGetIsAnsweredAnew) {
  const net::HttpRequest request = world.sign(get("/auth/v2/check"));
  const Said first = world.send(request);
  world.clock.advance(seconds(2));
  EXPECT_NE(world.send(request).raw.body, first.raw.body);
}

}  // namespace
}  // namespace countersign::duo
