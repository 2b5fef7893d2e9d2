#include "core/factor/bypass.h"

#include <gtest/gtest.h>

#include <set>

#include "core/crypto/hash.h"
#include "testing/seeded_random.h"

namespace countersign::factor::bypass {
namespace {

const Instant kNow = from_unix_s(1'700'000'000);

struct Set {
  testing::SeededRandom random;
  Issued issued;

  explicit Set(const Parameters& parameters = {}) : issued(*issue(parameters, random)) {}
  const std::string& code(std::size_t i) const { return issued.codes.at(i); }
  std::string said(std::string code, Instant now = kNow) {
    const Result<Verified> verified = verify(issued.state, Secret(std::move(code)), now);
    if (verified) issued.state = verified->next_state;
    return verified ? "accepted" : name(verified.error().code);
  }
};

TEST(Bypass, EachCodeWorksOnce) {
  Set set;
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(set.said(set.code(i)), "accepted") << i;
    EXPECT_EQ(set.said(set.code(i)), "refused") << i;
  }
}

TEST(Bypass, ACodeWorksAsOftenAsSaid) {
  Set set({2, 2, {}});
  EXPECT_EQ(set.said(set.code(0)), "accepted");
  EXPECT_EQ(set.said(set.code(0)), "accepted");
  EXPECT_EQ(set.said(set.code(0)), "refused");
  EXPECT_EQ(set.said(set.code(1)), "accepted");
}

TEST(Bypass, ZeroMeansWithoutLimit) {
  Set set({1, 0, {}});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(set.said(set.code(0)), "accepted");
}

TEST(Bypass, RefusesFromTheMomentOfExpiry) {
  Set set({10, 0, kNow});
  EXPECT_EQ(set.said(set.code(0), kNow - milliseconds(1)), "accepted");
  EXPECT_EQ(set.said(set.code(0), kNow), "refused");
}

TEST(Bypass, RefusesACodeOfAnotherSet) {
  testing::SeededRandom random(2);
  const std::string other = issue({}, random)->codes[0];
  EXPECT_EQ(Set().said(other), "refused");
}

TEST(Bypass, AnswersMalformedToWhatIsNoCode) {
  for (const char* typed : {"", "12345678", "1234567890", "12345678a", "123 45678"}) {
    EXPECT_EQ(Set().said(typed), "malformed") << typed;
  }
}

TEST(Bypass, CodesAreNineDigitsAndDistinct) {
  const Set set;
  EXPECT_EQ(std::set(set.issued.codes.begin(), set.issued.codes.end()).size(), 10u);
  for (const std::string& code : set.issued.codes) {
    EXPECT_EQ(code.size(), kDigits);
    EXPECT_EQ(code.find_first_not_of("0123456789"), code.npos);
  }
}

TEST(Bypass, TheStateHoldsNeitherTheCodesNorTheirPlainHashes) {
  const Set set;
  const std::string state(text_of(set.issued.state));
  for (const std::string& code : set.issued.codes) {
    EXPECT_EQ(state.find(code), state.npos);
    EXPECT_EQ(state.find(text_of(crypto::hash(crypto::HashKind::sha256, bytes_of(code)))), state.npos);
  }
}

TEST(Bypass, CountsTheCodesThatAreStillGood) {
  Set set({10, 1, kNow + seconds(60)});
  EXPECT_EQ(*codes_left(set.issued.state, kNow), 10);
  EXPECT_EQ(set.said(set.code(3)), "accepted");
  EXPECT_EQ(*codes_left(set.issued.state, kNow), 9);
  EXPECT_EQ(*codes_left(set.issued.state, kNow + seconds(60)), 0);
  EXPECT_EQ(codes_left(Bytes{1}, kNow).error().code, Errc::malformed);
}

TEST(Bypass, RefusesParametersOutOfRange) {
  testing::SeededRandom random;
  EXPECT_EQ(issue({0, 1, {}}, random).error().code, Errc::malformed);
  EXPECT_EQ(issue({11, 1, {}}, random).error().code, Errc::malformed);
  EXPECT_EQ(issue({10, -1, {}}, random).error().code, Errc::malformed);
  EXPECT_EQ(issue({10, 1, from_unix_ms(-1)}, random).error().code, Errc::malformed);
}

TEST(BypassState, IsRefusedWithAByteMoreOrLess) {
  const Set whole;
  for (std::size_t size = 0; size < whole.issued.state.size(); ++size) {
    const Bytes cut(whole.issued.state.begin(), whole.issued.state.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(verify(cut, Secret("123456789"), kNow).error().code, Errc::malformed) << size;
  }
  Bytes longer = whole.issued.state;
  longer.push_back(0);
  EXPECT_EQ(verify(longer, Secret("123456789"), kNow).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::factor::bypass
