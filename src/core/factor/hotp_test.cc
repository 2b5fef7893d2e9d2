#include "core/factor/hotp.h"

#include <gtest/gtest.h>

#include "testing/vectors.h"

namespace countersign::factor::hotp {
namespace {

Secret seed() { return Secret("12345678901234567890"); }
std::string code(std::uint64_t counter) { return *code_at(seed(), 6, counter); }

struct Token {
  Bytes state = *enrol(seed(), 6, 0);

  std::string keep(Result<Verified> verified) {
    if (verified) state = verified->next_state;
    return verified ? "accepted" : name(verified.error().code);
  }
  std::string said(const std::string& typed) { return keep(verify(state, Secret(std::string(typed)), Instant())); }
  std::string resynced(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return keep(resync(state, Secret(code(a)), Secret(code(b)), Secret(code(c))));
  }
};

TEST(Hotp, RefusesACodeTwice) {
  Token token;
  EXPECT_EQ(token.said(code(0)), "accepted");
  EXPECT_EQ(token.said(code(0)), "refused");
}

TEST(Hotp, RefusesCodesBeforeTheOneThatMatched) {
  Token token;
  EXPECT_EQ(token.said(code(5)), "accepted");
  EXPECT_EQ(token.said(code(4)), "refused");
  EXPECT_EQ(token.said(code(6)), "accepted");
}

TEST(Hotp, LooksAheadByTenAndNoFurther) {
  EXPECT_EQ(Token().said(code(10)), "accepted");
  EXPECT_EQ(Token().said(code(11)), "refused");
}

TEST(Hotp, AnswersMalformedToWhatIsNoCodeOfIts) {
  for (const char* typed : {"", "12345", "1234567", "12345x"}) EXPECT_EQ(Token().said(typed), "malformed") << typed;
}

TEST(Hotp, FindsItsCounterAgainByThreeCodesInARow) {
  Token token;
  EXPECT_EQ(token.resynced(500, 501, 502), "accepted");
  EXPECT_EQ(token.said(code(502)), "refused");
  EXPECT_EQ(token.said(code(503)), "accepted");
}

TEST(Hotp, ResyncReachesItsLookAheadAndNoFurther) {
  EXPECT_EQ(Token().resynced(1000, 1001, 1002), "accepted");
  EXPECT_EQ(Token().resynced(1001, 1002, 1003), "refused");
}

TEST(Hotp, ResyncRefusesCodesThatDoNotFollowEachOther) {
  EXPECT_EQ(Token().resynced(5, 7, 8), "refused");
  EXPECT_EQ(Token().resynced(7, 6, 5), "refused");
}

TEST(Hotp, ResyncNeverGoesBack) {
  Token token;
  EXPECT_EQ(token.resynced(20, 21, 22), "accepted");
  EXPECT_EQ(token.resynced(10, 11, 12), "refused");
  EXPECT_EQ(token.resynced(20, 21, 22), "refused");
}

TEST(Hotp, RefusesParametersThatNoTokenHas) {
  EXPECT_EQ(enrol(Secret("123456789012345"), 6, 0).error().code, Errc::malformed);
  EXPECT_EQ(enrol(seed(), 7, 0).error().code, Errc::malformed);
  EXPECT_EQ(enrol(seed(), 6, UINT64_MAX).error().code, Errc::malformed);
}

TEST(HotpState, IsRefusedWithAByteMoreOrLess) {
  const Token token;
  for (std::size_t size = 0; size < token.state.size(); ++size) {
    Token cut = token;
    cut.state.resize(size);
    EXPECT_EQ(cut.said(code(0)), "malformed") << size;
  }
  Token longer = token;
  longer.state.push_back(0);
  EXPECT_EQ(longer.said(code(0)), "malformed");
}

int run_vectors(const std::vector<std::vector<std::string>>& rows) {
  Token token;
  int count = 0;
  for (const auto& row : rows) {
    EXPECT_EQ(token.said(row.back()), "accepted") << row.front();
    EXPECT_EQ(token.said(row.back()), "refused") << row.front();
    ++count;
  }
  return count;
}

TEST(HotpVectors, OfTheRfcSignInInTheirOrderOnceEach) {
  EXPECT_EQ(run_vectors(testing::load_table("oath/rfc4226-appendix-d.txt")), 10);
}

}  // namespace
}  // namespace countersign::factor::hotp
