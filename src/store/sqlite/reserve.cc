#include "store/sqlite/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace countersign::store::sqlite {
namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
constexpr std::uint64_t kBit = 4 * kMib;        // given back at once
constexpr std::uint64_t kLow = 2 * kMib;        // with less free than this the disk counts as full
constexpr std::uint64_t kEnough = kBit;         // and with so much, beside the whole reserve, no more
constexpr std::uint64_t kToOpen = kMib / 2;     // what opening the database may need

// Beside the file itself: SQLite follows links, and so do its logs.
std::filesystem::path beside(const std::filesystem::path& database) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(database, error);
  return (error ? database : real).parent_path() / "reserve";
}

// Bytes that this user may still write there. More where that cannot be told: a full disk is then met by who writes.
std::uint64_t free_beside(const std::filesystem::path& file) {
  struct statvfs seen {};
  if (::statvfs(file.parent_path().c_str(), &seen) != 0) return kLow;
  return std::uint64_t{seen.f_bavail} * seen.f_frsize;
}

}  // namespace

Reserve::Reserve(const std::filesystem::path& database, Reserving wanted)
    : file_(beside(database)), wanted_(std::move(wanted)) {
  if (wanted_.bytes == 0) {
    ::unlink(file_.c_str());
    return;
  }
  fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat seen {};
  if (fd_ < 0 || ::fstat(fd_, &seen) != 0) return;
  held_ = static_cast<std::uint64_t>(seen.st_size);
  if (held_ > wanted_.bytes && ::ftruncate(fd_, static_cast<off_t>(wanted_.bytes)) == 0) held_ = wanted_.bytes;
  whole_ = held_;
  if (free_beside(file_) < kToOpen) give();
}

Reserve::~Reserve() {
  if (fd_ >= 0) ::close(fd_);
}

void Reserve::tell(Space now) {
  if (space_.exchange(now) != now) wanted_.on_space(now);
}

bool Reserve::give() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t rest = held_ - std::min(held_.load(), kBit);
  // Synced: a journaling file system hands freed blocks out again once their release is on disk.
  const bool given = held_ > 0 && ::ftruncate(fd_, static_cast<off_t>(rest)) == 0 && ::fsync(fd_) == 0;
  if (given) held_ = rest;
  tell(given ? Space::short_of : Space::none);
  return given;
}

void Reserve::grow_to(std::uint64_t bytes) {
  const std::uint64_t before = held_;
  if (fd_ < 0 || bytes <= before) return;
  const int failed = ::posix_fallocate(fd_, static_cast<off_t>(before), static_cast<off_t>(bytes - before));
  if (failed == 0 && ::fsync(fd_) == 0) {
    held_ = bytes;
  } else {
    (void)!::ftruncate(fd_, static_cast<off_t>(before));
  }
}

void Reserve::tend() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t free = free_beside(file_);
  if (space_.load() == Space::enough) {
    if (free < kLow) return tell(Space::short_of);
    // Half of what there is at most: on a small disk the reserve must not be what fills it.
    const std::uint64_t fair = (held_ + free) / 2 / kMib * kMib;
    grow_to(std::min(wanted_.bytes, fair));
    whole_ = std::max(whole_, held_.load());
    return;
  }
  const std::uint64_t missing = whole_ - held_;
  if (free < missing + kEnough) {
    if (space_.load() == Space::none && free >= kBit) tell(Space::short_of);
    return;
  }
  grow_to(whole_);
  if (held_ == whole_) tell(Space::enough);
}

}  // namespace countersign::store::sqlite
