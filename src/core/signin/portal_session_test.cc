#include "core/signin/portal_session.h"

#include <gtest/gtest.h>

namespace countersign::signin {
namespace {

const Instant kStart = from_unix_s(1'800'000'000);

PortalSession session() {
  PortalSession out;
  out.created = kStart;
  out.proved = kStart;
  out.proof = factor::Strength::possession;
  out.ceremony = Ceremony::create;
  out.challenge = {1, 2, 3};
  out.next = "remove/DHAAAAAAAAAAAAAAAAAA";
  out.once = "ONCE";
  out.binding = Binding{PhoneId::trusted("DPAAAAAAAAAAAAAAAAAA"), "CODE"};
  return out;
}

TEST(PortalSession, ReadsBackWhatItWrites) {
  PortalSession read;
  const Secret text = encode(session());
  ASSERT_TRUE(decode(text, read));
  EXPECT_EQ(encode(read).reveal(), text.reveal());
  EXPECT_EQ(read.binding->activation_code, "CODE");
  EXPECT_EQ(read.ceremony, Ceremony::create);
}

TEST(PortalSession, RefusesWhatIsNotOfItsForm) {
  const std::string whole(encode(session()).reveal());
  PortalSession read;
  EXPECT_EQ(decode(Secret(whole + " "), read).error().code, Errc::malformed);
  EXPECT_EQ(decode(Secret("2;" + whole.substr(2)), read).error().code, Errc::malformed);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode(Secret(whole.substr(0, size)), read).error().code, Errc::malformed) << size;
  }
  EXPECT_EQ(decode(Secret(whole + std::string(5000, 'x')), read).error().code, Errc::malformed);
}

TEST(PortalSession, EndsAfterHalfAnHourHoweverBusy) {
  EXPECT_EQ(session_end(session(), kStart), kStart + kPortalIdle);
  EXPECT_EQ(session_end(session(), kStart + seconds(1500)), kStart + kPortalLifetime);
  EXPECT_TRUE(session_holds(session(), kStart + kPortalLifetime - milliseconds(1)));
  EXPECT_FALSE(session_holds(session(), kStart + kPortalLifetime));
}

TEST(PortalSession, IsNoSessionAnHourBeforeItBegan) {
  EXPECT_TRUE(session_holds(session(), kStart - kClockSkew));
  EXPECT_FALSE(session_holds(session(), kStart - std::chrono::hours(1)));
  EXPECT_FALSE(freshly_proved(session(), factor::Strength::possession, kStart - std::chrono::hours(1)));
}

TEST(PortalSession, IsFreshForTenMinutesAndForWhatItProved) {
  using factor::Strength;
  EXPECT_TRUE(freshly_proved(session(), Strength::possession, kStart + kProofFresh - milliseconds(1)));
  EXPECT_FALSE(freshly_proved(session(), Strength::possession, kStart + kProofFresh));
  EXPECT_FALSE(freshly_proved(session(), Strength::phishing_resistant, kStart));
}

}  // namespace
}  // namespace countersign::signin
