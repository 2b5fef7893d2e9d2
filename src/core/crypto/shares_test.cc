#include "core/crypto/shares.h"

#include <gtest/gtest.h>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"

namespace countersign::crypto {
namespace {

struct Shares : ::testing::Test {
  testing::SeededRandom random;
  Secret secret{ByteView(random_bytes(random, kSharedSecretSize))};
  std::vector<Share> made = *split(random, secret);

  // Copies of some of the shares, by their place.
  static std::vector<Share> pick(const std::vector<Share>& from, std::initializer_list<std::size_t> places) {
    std::vector<Share> out;
    for (const std::size_t at : places) out.push_back(*decode_share(encode(from[at]).reveal_bytes()));
    return out;
  }
  bool gives_back(const std::vector<Share>& shares) const {
    const auto combined = combine(shares);
    return combined && equal(combined->reveal_bytes(), secret.reveal_bytes());
  }
};

TEST_F(Shares, GiveTheSecretBackInEveryPairAndOrder) {
  ASSERT_EQ(made.size(), 3u);
  for (const auto& places : {std::initializer_list<std::size_t>{0, 1}, {0, 2}, {1, 2}, {2, 1}, {1, 0}, {0, 1, 2}}) {
    EXPECT_TRUE(gives_back(pick(made, places)));
  }
}

TEST_F(Shares, GiveNothingAlone) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(combine(pick(made, {i})).error().code, Errc::refused);
  EXPECT_EQ(combine({}).error().code, Errc::malformed);
}

// The polynomials are drawn anew: nothing of a share follows from the secret.
TEST_F(Shares, AreOtherOnesEveryTime) {
  const auto again = *split(random, secret);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(equal(made[i].value.reveal_bytes(), again[i].value.reveal_bytes()));
    EXPECT_FALSE(equal(made[i].value.reveal_bytes().first(32), secret.reveal_bytes()));
  }
}

TEST_F(Shares, OfDifferentSetsAreRefused) {
  const auto other = *split(random, secret);
  std::vector<Share> mixed = pick(made, {0});
  mixed.push_back(std::move(pick(other, {1})[0]));
  EXPECT_EQ(combine(mixed).error().code, Errc::refused);
  mixed[1].set = mixed[0].set;  // also when the sets have one name
  EXPECT_EQ(combine(mixed).error().code, Errc::refused);
  std::vector<Share> three = pick(made, {0, 1});
  three.push_back(std::move(pick(other, {2})[0]));
  three[2].set = three[0].set;
  EXPECT_EQ(combine(three).error().code, Errc::refused);
}

TEST_F(Shares, AreRefusedTwice) {
  EXPECT_EQ(combine(pick(made, {1, 1})).error().code, Errc::refused);
  EXPECT_EQ(combine(pick(made, {0, 1, 0})).error().code, Errc::refused);
}

TEST_F(Shares, AreRefusedUnderAnotherNumberOrThreshold) {
  std::vector<Share> pair = pick(made, {0, 1});
  pair[1].index = 3;
  EXPECT_EQ(combine(pair).error().code, Errc::refused);
  pair[1].index = 0;
  EXPECT_EQ(combine(pair).error().code, Errc::malformed);
  pair = pick(made, {0, 1});
  pair[1].threshold = 3;
  EXPECT_EQ(combine(pair).error().code, Errc::refused);
  pair[1].value = Secret("short");
  EXPECT_EQ(combine(pair).error().code, Errc::malformed);
}

TEST_F(Shares, ComeInOtherNumbers) {
  const auto five = *split(random, secret, {.threshold = 3, .shares = 5});
  EXPECT_TRUE(gives_back(pick(five, {4, 0, 2})));
  EXPECT_TRUE(gives_back(pick(five, {0, 1, 2, 3, 4})));
  EXPECT_EQ(combine(pick(five, {0, 4})).error().code, Errc::refused);
  const auto most = *split(random, secret, {.threshold = 16, .shares = 16});
  EXPECT_TRUE(gives_back(pick(most, {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0})));
}

TEST_F(Shares, AreNotMadeOfNonsense) {
  EXPECT_EQ(split(random, Secret("short")).error().code, Errc::malformed);
  for (const ShareScheme& bad : {ShareScheme{1, 3}, {0, 0}, {3, 2}, {2, 17}, {-1, 3}}) {
    EXPECT_EQ(split(random, secret, bad).error().code, Errc::malformed);
  }
}

TEST_F(Shares, ComeBackFromTheirBytes) {
  const Secret bytes = encode(made[1]);
  EXPECT_EQ(bytes.size(), kShareSize);
  const Share read = *decode_share(bytes.reveal_bytes());
  EXPECT_EQ(read.index, 2);
  EXPECT_EQ(read.threshold, 2);
  EXPECT_EQ(read.set, made[1].set);
  EXPECT_TRUE(equal(read.value.reveal_bytes(), made[1].value.reveal_bytes()));
}

TEST_F(Shares, ShowEveryFlippedBit) {
  const Secret good = encode(made[0]);
  for (std::size_t bit = 0; bit < kShareSize * 8; ++bit) {
    Bytes bad(good.reveal_bytes().begin(), good.reveal_bytes().end());
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_EQ(decode_share(bad).error().code, Errc::malformed) << bit;
  }
  EXPECT_EQ(decode_share(good.reveal_bytes().first(44)).error().code, Errc::malformed);
  EXPECT_EQ(decode_share(Bytes(46)).error().code, Errc::malformed);
}

TEST_F(Shares, WithARightChecksumOverNonsenseAreMalformed) {
  for (const auto& change : {std::pair<int, int>{0, 1}, {17, 1}, {2, 0}, {2, 17}}) {
    Share bad = std::move(pick(made, {0})[0]);
    bad.threshold = static_cast<std::uint8_t>(change.first);
    bad.index = static_cast<std::uint8_t>(change.second);
    EXPECT_EQ(decode_share(encode(bad).reveal_bytes()).error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace countersign::crypto
