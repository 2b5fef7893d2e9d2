#include "core/history/canary.h"

#include <gtest/gtest.h>

#include <set>

namespace countersign::history {
namespace {

CanaryMarks marks(std::uint8_t key) { return CanaryMarks(Bytes(32, key)); }

TEST(Canary, IsDueOnceInEachBlockAtAPlaceThatFollowsFromTheKey) {
  std::set<std::uint64_t> offsets;
  for (std::uint64_t block = 0; block < 32; ++block) {
    const std::uint64_t due = marks(1).due(block, kCanaryEvery);
    EXPECT_EQ(due / kCanaryEvery, block);
    EXPECT_EQ(due, marks(1).due(block, kCanaryEvery));
    offsets.insert(due % kCanaryEvery);
  }
  EXPECT_GT(offsets.size(), 25u) << "places that repeat could be learnt";
  EXPECT_NE(marks(1).due(5, kCanaryEvery), marks(2).due(5, kCanaryEvery));
}

TEST(Canary, KeepsToTheWindowOfAShortDay) {
  for (std::uint8_t key = 0; key < 100; ++key) EXPECT_LT(marks(key).due(0, 13), 13u);
  EXPECT_EQ(marks(7).due(3, 0), 3 * kCanaryEvery) << "no window counts as one";
  EXPECT_LT(marks(7).due(0, 1'000'000), kCanaryEvery);
}

TEST(Canary, HasAnIdOfItsNumberAndKeyThatLooksLikeAnyOther) {
  const EventId id = marks(1).id(412);
  EXPECT_EQ(id, marks(1).id(412));
  EXPECT_NE(id, marks(1).id(413));
  EXPECT_NE(id, marks(2).id(412));
  ASSERT_EQ(id.text().size(), 36u);
  EXPECT_EQ(id.text()[14], '4') << "RFC 9562, version 4";
  EXPECT_TRUE(EventId::parse(id.text()));
}

}  // namespace
}  // namespace countersign::history
