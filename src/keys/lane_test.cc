#include "keys/lane.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace countersign::keys {
namespace {

using std::chrono::milliseconds;

bool never(milliseconds) { return false; }

class LaneTest : public ::testing::Test {
 protected:
  LaneMemory memory = *LaneMemory::make();
  Lane serve{memory.window(3), Side::serve, {}};
  Lane keyd{memory.window(3), Side::keyd, {}};

  static Bytes text(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i % 251);
    return out;
  }
};

TEST_F(LaneTest, QuestionsAndAnswersOfEverySizeCross) {
  const std::vector<std::size_t> sizes = {0, 1, kPieceMax - 1, kPieceMax, kPieceMax + 1, 3 * kPieceMax, kMessageMax};
  std::thread answering([&] {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const Result<ByteView> question = keyd.receive();
      ASSERT_TRUE(question);
      keyd.message().raw(*question);
      ASSERT_TRUE(keyd.send());
    }
  });
  for (const std::size_t size : sizes) {
    const Bytes asked = text(size);
    serve.message().raw(asked);
    ASSERT_TRUE(serve.send());
    const Result<ByteView> answer = serve.receive();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(std::ranges::equal(*answer, asked)) << size;
  }
  answering.join();
}

TEST_F(LaneTest, NothingLargerIsSent) {
  serve.message().raw(Bytes(kMessageMax + 1));
  EXPECT_EQ(serve.send().error().code, Errc::exhausted);
  serve.message().raw(Bytes{1});
  EXPECT_TRUE(serve.send()) << "it is still this side's turn";
}

TEST_F(LaneTest, TheWindowIsEmptyOnceAMessageWasTaken) {
  const Bytes secret = {1, 2, 3, 4};
  serve.message().raw(secret);
  ASSERT_TRUE(serve.send());
  const auto& piece = memory.window(3).piece;
  EXPECT_TRUE(std::equal(secret.begin(), secret.end(), piece.begin()));
  ASSERT_TRUE(keyd.receive());
  EXPECT_TRUE(std::ranges::all_of(piece, [](std::uint8_t byte) { return byte == 0; }));
}

TEST_F(LaneTest, WhoWaitsHearsThatTheLaneWasClosed) {
  std::thread waiting([&] { EXPECT_EQ(keyd.receive().error().code, Errc::unavailable); });
  serve.close();
  waiting.join();
  serve.message().raw(Bytes{1});
  EXPECT_EQ(serve.send().error().code, Errc::unavailable);
}

TEST_F(LaneTest, WaitsOnlyAsLongAsItIsTold) {
  Lane impatient(memory.window(0), Side::serve, never);
  impatient.message().raw(Bytes{1});
  ASSERT_TRUE(impatient.send());
  EXPECT_EQ(impatient.receive().error().code, Errc::unavailable);
}

TEST_F(LaneTest, WhoWentMayHaveSpokenFirst) {
  Lane asking(memory.window(0), Side::serve, [&](milliseconds) {
    Lane last(memory.window(0), Side::keyd, never);
    last.message().raw(Bytes{7});
    EXPECT_TRUE(last.send());
    return false;
  });
  asking.message().raw(Bytes{1});
  ASSERT_TRUE(asking.send());
  const Result<ByteView> answer = asking.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0], 7);
}

TEST_F(LaneTest, TheOtherSideSpeaksFirstWhereItWasSaid) {
  Lane first(memory.window(1), Side::keyd, {});
  first.begin();
  first.message().raw(Bytes{5});
  ASSERT_TRUE(first.send());
  EXPECT_EQ((*Lane(memory.window(1), Side::serve, never).receive())[0], 5);
}

TEST_F(LaneTest, EndlessPiecesAreNoMessage) {
  Window& window = memory.window(3);
  std::thread sending([&] {
    for (std::uint32_t turn = 0; turn != 2; turn = window.turn) {
      if (turn != 0) continue;
      window.size = 0x8000'0000 | kPieceMax;
      if (!window.turn.compare_exchange_strong(turn, 1)) return;  // closed
      ::syscall(SYS_futex, &window.turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
  });
  EXPECT_EQ(keyd.receive().error().code, Errc::malformed);
  keyd.close();
  sending.join();
}

TEST_F(LaneTest, MemoryThatCouldBeMadeSmallerIsNotTakenOver) {
  const int open = ::memfd_create("lanes", MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(open, sizeof(std::array<Window, kLanes>)), 0);
  EXPECT_EQ(LaneMemory::adopt(open).error().code, Errc::malformed);
  const int small = ::memfd_create("lanes", MFD_ALLOW_SEALING);
  ASSERT_EQ(::fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  EXPECT_EQ(LaneMemory::adopt(small).error().code, Errc::malformed);
  EXPECT_TRUE(LaneMemory::adopt(::dup(memory.fd())));
}

}  // namespace
}  // namespace countersign::keys
