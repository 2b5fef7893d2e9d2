#include "core/factor/totp.h"

#include <gtest/gtest.h>

#include "testing/vectors.h"

namespace countersign::factor::totp {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

const Parameters kMinute = {crypto::HashKind::sha1, 6, seconds(60)};

Secret seed(std::size_t size = 20) {
  std::string text;
  while (text.size() < size) text += "1234567890";
  return Secret(text.substr(0, size));
}

// A token, its state, and what it says to a code; a success is stored.
struct Token {
  Parameters parameters;
  Bytes state;

  explicit Token(const Parameters& p = {}, std::size_t seed_size = 20)
      : parameters(p), state(*enrol(seed(seed_size), p)) {}

  std::string code(Instant at) const { return *code_at(seed(), parameters, at); }
  std::string said(const std::string& code, Instant now) {
    const Result<Verified> verified = verify(state, Secret(std::string(code)), now);
    if (verified) state = verified->next_state;
    return verified ? "accepted" : name(verified.error().code);
  }
};

TEST(Totp, AcceptsTheCodeOfNow) {
  Token token;
  EXPECT_EQ(token.said(token.code(kNow), kNow), "accepted");
}

//= test rfc6238#5.2 "The verifier MUST NOT accept the second attempt of the OTP after the successful validation has
//= been issued for the first OTP"
TEST(Totp, RefusesTheSameStepTwice) {
  Token token;
  EXPECT_EQ(token.said(token.code(kNow), kNow), "accepted");
  EXPECT_EQ(token.said(token.code(kNow), kNow), "refused");
}

TEST(Totp, RefusesAStepOlderThanOneThatWasUsed) {
  Token token;
  EXPECT_EQ(token.said(token.code(kNow + seconds(30)), kNow), "accepted");
  EXPECT_EQ(token.said(token.code(kNow), kNow), "refused");
}

TEST(Totp, AcceptsTheNextStepAfterOne) {
  Token token;
  EXPECT_EQ(token.said(token.code(kNow), kNow), "accepted");
  EXPECT_EQ(token.said(token.code(kNow + seconds(30)), kNow + seconds(30)), "accepted");
}

TEST(Totp, AcceptsOneStepOfDelayAndOneOfAFastClock) {
  EXPECT_EQ(Token().said(Token().code(kNow - seconds(30)), kNow), "accepted");
  EXPECT_EQ(Token().said(Token().code(kNow + seconds(30)), kNow), "accepted");
}

TEST(Totp, RefusesTwoStepsOff) {
  EXPECT_EQ(Token().said(Token().code(kNow - seconds(60)), kNow), "refused");
  EXPECT_EQ(Token().said(Token().code(kNow + seconds(60)), kNow), "refused");
}

TEST(Totp, StepsAreAsLongAsSaid) {
  Token token(kMinute);
  EXPECT_EQ(token.said(token.code(kNow - seconds(60)), kNow), "accepted");
  Token other(kMinute);
  EXPECT_EQ(other.said(other.code(kNow - seconds(120)), kNow), "refused");
}

TEST(Totp, AFailureLeavesTheStateAsItWas) {
  Token token;
  const Bytes before = token.state;
  EXPECT_EQ(token.said("000000", kNow), "refused");
  EXPECT_EQ(token.state, before);
}

TEST(Totp, AnswersMalformedToWhatIsNoCodeOfIts) {
  for (const char* typed : {"", "12345", "1234567", "12345a", "12 345", "+12345", "-12345", "１２"}) {
    EXPECT_EQ(Token().said(typed, kNow), "malformed") << typed;
  }
}

TEST(Totp, WorksAtTheFirstStepOf1970AndRefusesBefore) {
  Token token;
  EXPECT_EQ(token.said(token.code(from_unix_s(0)), from_unix_s(0)), "accepted");
  EXPECT_EQ(token.said(token.code(from_unix_s(0)), from_unix_s(0)), "refused");
  Token early;
  EXPECT_EQ(early.said(early.code(from_unix_s(-60)), from_unix_s(-60)), "refused");
}

TEST(Totp, RefusesParametersThatNoTokenHas) {
  EXPECT_EQ(enrol(seed(15), {}).error().code, Errc::malformed);
  EXPECT_EQ(enrol(seed(65), {}).error().code, Errc::malformed);
  EXPECT_EQ(enrol(seed(), {crypto::HashKind::sha1, 7, seconds(30)}).error().code, Errc::malformed);
  EXPECT_EQ(enrol(seed(), {crypto::HashKind::sha1, 6, seconds(29)}).error().code, Errc::malformed);
  EXPECT_TRUE(enrol(seed(16), {}));
  EXPECT_TRUE(enrol(seed(64), {}));
}

TEST(TotpState, IsRefusedWithAByteMoreOrLess) {
  const Token token;
  for (std::size_t size = 0; size < token.state.size(); ++size) {
    Token cut = token;
    cut.state.resize(size);
    EXPECT_EQ(cut.said(token.code(kNow), kNow), "malformed") << size;
  }
  Token longer = token;
  longer.state.push_back(0);
  EXPECT_EQ(longer.said(token.code(kNow), kNow), "malformed");
}

TEST(TotpState, IsRefusedWithValuesNoTokenHas) {
  constexpr std::size_t kVersionAt = 0, kHashAt = 1, kDigitsAt = 2, kStepAt = 3;
  for (const std::size_t at : {kVersionAt, kHashAt, kDigitsAt, kStepAt}) {
    Token token;
    token.state[at] = 0xff;
    EXPECT_EQ(token.said(token.code(kNow), kNow), "malformed") << at;
  }
}

// Columns: seconds, date, step, code, hash.
int run_vectors(const std::vector<std::vector<std::string>>& rows) {
  int count = 0;
  for (const auto& row : rows) {
    const std::string& hash = row.at(4);
    const auto kind = hash == "SHA1"     ? crypto::HashKind::sha1
                      : hash == "SHA256" ? crypto::HashKind::sha256
                                         : crypto::HashKind::sha512;
    const std::size_t size = hash == "SHA1" ? 20 : hash == "SHA256" ? 32 : 64;
    const Instant now = from_unix_s(std::stoll(row.at(0)));
    Token token({kind, 8, seconds(30)}, size);
    EXPECT_EQ(token.said(row.at(3), now), "accepted") << row.at(0) << hash;
    EXPECT_EQ(token.said(row.at(3), now), "refused") << row.at(0) << hash;
    ++count;
  }
  return count;
}

TEST(TotpVectors, OfTheRfcSignInOnceEach) {
  EXPECT_EQ(run_vectors(testing::load_table("oath/rfc6238-appendix-b.txt")), 18);
}

}  // namespace
}  // namespace countersign::factor::totp
