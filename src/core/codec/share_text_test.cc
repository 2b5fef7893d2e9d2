#include "core/codec/share_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"

namespace countersign::codec {
namespace {

struct ShareText : ::testing::Test {
  testing::SeededRandom random;
  Secret secret{ByteView(random_bytes(random, crypto::kSharedSecretSize))};
  std::vector<crypto::Share> shares = *crypto::split(random, secret);
  std::string text{share_to_text(shares[0]).reveal()};

  static Errc error_of(std::string_view typed) { return share_from_text(Secret(typed)).error().code; }
};

TEST_F(ShareText, ComesInGroupsOfFour) {
  EXPECT_EQ(text.size(), 18u * 4 + 17);
  EXPECT_EQ(std::ranges::count(text, '-'), 17);
  EXPECT_TRUE(text.starts_with("AEBA")) << text;  // version 1, two needed
}

TEST_F(ShareText, GivesTheSecretBack) {
  std::vector<crypto::Share> read;
  for (const std::size_t at : {2u, 0u}) read.push_back(*share_from_text(share_to_text(shares[at])));
  EXPECT_TRUE(crypto::equal(crypto::combine(read)->reveal_bytes(), secret.reveal_bytes()));
}

TEST_F(ShareText, IsReadAsPeopleTypeIt) {
  std::string typed;
  for (const char c : text) {
    if (c == '-') {
      typed += "  ";
    } else if (c == 'O' || c == 'I' || c == 'B') {
      typed.push_back(c == 'O' ? '0' : c == 'I' ? '1' : '8');
    } else {
      typed.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
  }
  ASSERT_NE(typed.find_first_of("018"), std::string::npos);
  const auto read = share_from_text(Secret(std::string_view(typed)));
  ASSERT_TRUE(read);
  EXPECT_EQ(share_to_text(*read).reveal(), text);
}

TEST_F(ShareText, ShowsEveryMistypedCharacterAndEverySwap) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string typed = text;
    if (typed[i] == '-') continue;
    typed[i] = typed[i] == 'X' ? 'Y' : 'X';
    EXPECT_EQ(error_of(typed), Errc::malformed) << i;
    typed = text;
    if (i + 1 == text.size() || typed[i + 1] == '-' || typed[i] == typed[i + 1]) continue;
    std::swap(typed[i], typed[i + 1]);
    EXPECT_EQ(error_of(typed), Errc::malformed) << i;
  }
}

TEST_F(ShareText, IsMalformedInAnyOtherForm) {
  EXPECT_EQ(error_of(""), Errc::malformed);
  EXPECT_EQ(error_of(text.substr(0, text.size() - 1)), Errc::malformed);
  EXPECT_EQ(error_of(text + "A"), Errc::malformed);
  EXPECT_EQ(error_of(text + "AAAAAAAA"), Errc::malformed);
  EXPECT_EQ(error_of(text + "!"), Errc::malformed);
  EXPECT_EQ(error_of(std::string(257, ' ')), Errc::malformed);
}

}  // namespace
}  // namespace countersign::codec
