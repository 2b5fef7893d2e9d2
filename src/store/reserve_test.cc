// The room that is held for sign-ins, on a disk that has enough; a full one is for clients/test_ledger_faults.py.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <vector>

#include "store/sqlite/reserve.h"
#include "testing/temp_dir.h"

namespace countersign::store::sqlite {
namespace {

constexpr std::uint64_t kMib = 1024 * 1024;

class HeldRoom : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  const std::filesystem::path database_ = dir_.path() / "countersign.db";
  const std::filesystem::path file_ = dir_.path() / "reserve";
  std::vector<Space> told_;

  Reserving reserving(std::uint64_t bytes) {
    return {.bytes = bytes, .on_space = [this](Space space) { told_.push_back(space); }};
  }
  // What the file has of the disk, not how long it says it is.
  std::uint64_t taken() const {
    struct stat seen{};
    return ::stat(file_.c_str(), &seen) == 0 ? static_cast<std::uint64_t>(seen.st_blocks) * 512 : 0;
  }
};

TEST_F(HeldRoom, IsTakenFromTheDiskForThisUserAlone) {
  Reserve reserve(database_, reserving(8 * kMib));
  EXPECT_EQ(reserve.room().reserve_bytes, 0u);
  reserve.tend();
  EXPECT_EQ(reserve.room().reserve_bytes, 8 * kMib);
  EXPECT_GE(taken(), 8 * kMib);
  struct stat seen{};
  ASSERT_EQ(::stat(file_.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777u, 0600u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(HeldRoom, IsGivenBackBitByBitAndTakenAgain) {
  Reserve reserve(database_, reserving(10 * kMib));
  reserve.tend();
  EXPECT_TRUE(reserve.give());
  EXPECT_EQ(reserve.room().space, Space::short_of);
  EXPECT_LT(taken(), 8 * kMib);
  EXPECT_TRUE(reserve.give());
  EXPECT_TRUE(reserve.give());
  EXPECT_EQ(reserve.room().reserve_bytes, 0u);
  EXPECT_FALSE(reserve.give());
  EXPECT_EQ(reserve.room().space, Space::none);
  reserve.tend();
  EXPECT_EQ(reserve.room().space, Space::enough);
  EXPECT_EQ(reserve.room().reserve_bytes, 10 * kMib);
  EXPECT_EQ(told_, (std::vector<Space>{Space::short_of, Space::none, Space::enough}));
}

TEST_F(HeldRoom, OutlivesTheProcessAndFollowsItsSetting) {
  Reserve(database_, reserving(8 * kMib)).tend();
  EXPECT_EQ(Reserve(database_, reserving(8 * kMib)).room().reserve_bytes, 8 * kMib);
  EXPECT_EQ(Reserve(database_, reserving(4 * kMib)).room().reserve_bytes, 4 * kMib);
  EXPECT_EQ(Reserve(database_, reserving(0)).room().reserve_bytes, 0u);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(HeldRoom, IsOnTheDiskThatTheDatabaseIsReallyOn) {
  const std::filesystem::path real = dir_.path() / "elsewhere";
  std::filesystem::create_directory(real);
  std::ofstream(real / "countersign.db").put(' ');
  std::filesystem::create_symlink(real / "countersign.db", database_);
  Reserve reserve(database_, reserving(kMib));
  reserve.tend();
  EXPECT_TRUE(std::filesystem::exists(real / "reserve"));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(HeldRoom, WithoutAReserveAFullDiskIsStillNoticed) {
  Reserve reserve(database_, reserving(0));
  EXPECT_FALSE(reserve.give());
  EXPECT_EQ(reserve.room().space, Space::none);
  reserve.tend();
  EXPECT_EQ(reserve.room().space, Space::enough);
}

}  // namespace
}  // namespace countersign::store::sqlite
