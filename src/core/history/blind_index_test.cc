#include "core/history/blind_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/base/bytes.h"
#include "core/crypto/equal.h"

namespace countersign::history {
namespace {

Secret epoch_key(std::uint8_t byte) { return Secret(ByteView(Bytes(32, byte))); }

TEST(BlindIndex, GivesEqualTagsToEqualValuesInOneEpochOnly) {
  const Secret one = index_key(epoch_key(1)), again = index_key(epoch_key(1)), two = index_key(epoch_key(2));
  EXPECT_TRUE(crypto::equal(one.reveal_bytes(), again.reveal_bytes()));
  EXPECT_FALSE(crypto::equal(one.reveal_bytes(), two.reveal_bytes()));
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string value = "user" + std::to_string(i);
    EXPECT_EQ(tag(one, IndexedField::user, value, 16), tag(again, IndexedField::user, value, 16));
    same += tag(one, IndexedField::user, value, 16) == tag(two, IndexedField::user, value, 16);
  }
  EXPECT_LE(same, 1);
}

TEST(BlindIndex, KeepsFieldsApart) {
  const Secret key = index_key(epoch_key(1));
  EXPECT_NE(tag(key, IndexedField::user, "+14155550100", 16), tag(key, IndexedField::number, "+14155550100", 16));
}

TEST(BlindIndex, ShortensATagFromItsEnd) {
  const Secret key = index_key(epoch_key(1));
  const std::uint32_t whole = tag(key, IndexedField::user, "ada", 16);
  for (int bits = 0; bits <= 16; ++bits) EXPECT_EQ(tag(key, IndexedField::user, "ada", bits), whole >> (16 - bits));
  EXPECT_THROW(tag(key, IndexedField::user, "ada", 17), std::length_error);
  EXPECT_THROW(tag(key, IndexedField::user, "ada", -1), std::length_error);
}

// security.md §1.5.
TEST(BlindIndex, ChoosesLengthsOfThePlanner) {
  struct Row { std::uint64_t rows; int least, most; };
  for (const auto& [rows, least, most] : {Row{200, 4, 6}, {2'000, 6, 9}, {20'000, 8, 13}, {200'000, 9, 16}}) {
    EXPECT_GE(tag_bits_for(rows), least) << rows;
    EXPECT_LE(tag_bits_for(rows), most) << rows;
  }
  EXPECT_EQ(tag_bits_for(200), 5);
  EXPECT_EQ(tag_bits_for(2'000), 7);
  EXPECT_EQ(tag_bits_for(20'000), 10);
  EXPECT_EQ(tag_bits_for(200'000), 12);
}

TEST(BlindIndex, KeepsThePlannersRuleForEveryNumberOfRows) {
  for (std::uint64_t rows = 0; rows < 32; ++rows) EXPECT_EQ(tag_bits_for(rows), 0) << rows;
  for (std::uint64_t rows = 32; rows < 3'000'000; rows += 1 + rows / 50) {
    const int bits = tag_bits_for(rows);
    const double expected = static_cast<double>(rows) / std::pow(2, bits);
    ASSERT_GE(bits, kTagBitsMin);
    ASSERT_LE(bits, kTagBitsMax);
    EXPECT_GE(expected, 2) << rows;
    EXPECT_LT(expected, std::sqrt(rows)) << rows;
  }
  EXPECT_EQ(tag_bits_for(UINT64_MAX), kTagBitsMax);
}

// 2,000 messages to as many numbers: no tag points at one of them, and none is shared by too many to be of use.
TEST(BlindIndex, PointsAtNobody) {
  constexpr std::size_t kRows = 2'000;
  const Secret key = index_key(epoch_key(3));
  const int bits = tag_bits_for(kRows);
  std::vector<std::size_t> sharing(std::size_t{1} << bits);
  for (std::size_t i = 0; i < kRows; ++i) {
    ++sharing[tag(key, IndexedField::number, "+1415555" + std::to_string(10'000 + i), bits)];
  }
  EXPECT_GE(std::ranges::min(sharing), 2u);
  EXPECT_LT(std::ranges::max(sharing), 45u);  // √2000
}

}  // namespace
}  // namespace countersign::history
