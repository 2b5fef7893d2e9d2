#include "keys/lane.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace countersign::keys {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kOver = 2;  // nobody's turn any more
constexpr std::uint32_t kMore = 0x8000'0000;
constexpr milliseconds kLook{50};  // how soon it is seen that the other side is gone without a word
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr std::size_t kMemorySize = sizeof(std::array<Window, kLanes>);

Error failed(const char* what) {
  return {Errc::unavailable, std::string("lanes to the keys' process: ") + what + ": " + std::strerror(errno)};
}

Error gone() { return {Errc::unavailable, "the keys' process is away"}; }

// Shared with another process, so not one of the private ones that std::atomic::wait() may use.
long futex(std::atomic<std::uint32_t>& word, int what, std::uint32_t value, const timespec* limit) {
  return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), what, value, limit, nullptr, 0);
}

}  // namespace

LaneMemory::LaneMemory(LaneMemory&& from) noexcept
    : fd_(std::exchange(from.fd_, -1)), windows_(std::exchange(from.windows_, nullptr)) {}

LaneMemory::~LaneMemory() {
  if (windows_) ::munmap(windows_, kMemorySize);
  if (fd_ >= 0) ::close(fd_);
}

Result<void> LaneMemory::map() {
  void* at = ::mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (at == MAP_FAILED) return failed("mmap");
  windows_ = static_cast<std::array<Window, kLanes>*>(at);
  ::madvise(at, kMemorySize, MADV_DONTDUMP);
  return {};
}

Result<LaneMemory> LaneMemory::make() {
  LaneMemory out;
  out.fd_ = ::memfd_create("countersign-lanes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (out.fd_ < 0) return failed("memfd_create");
  if (::ftruncate(out.fd_, kMemorySize) != 0) return failed("ftruncate");
  if (::fcntl(out.fd_, F_ADD_SEALS, kSeals) != 0) return failed("fcntl");
  TRY(out.map());
  return out;
}

Result<LaneMemory> LaneMemory::adopt(int fd) {
  LaneMemory out;
  out.fd_ = fd;
  struct stat found {};
  // Memory that serve could make smaller would be a way to kill keyd at any moment of its work.
  if (::fstat(fd, &found) != 0 || static_cast<std::size_t>(found.st_size) != kMemorySize ||
      (::fcntl(fd, F_GET_SEALS) & kSeals) != kSeals) {
    return Error{Errc::malformed, "no lanes came"};
  }
  TRY(out.map());
  return out;
}

void Lane::begin() { window_.turn.store(static_cast<std::uint32_t>(side_), std::memory_order_release); }

Result<void> Lane::await_turn() {
  for (milliseconds waited{0};;) {
    const std::uint32_t turn = window_.turn.load(std::memory_order_acquire);
    if (turn == static_cast<std::uint32_t>(side_)) return {};
    if (turn >= kOver) return gone();
    const timespec limit{0, std::chrono::nanoseconds(kLook).count()};
    if (futex(window_.turn, FUTEX_WAIT, turn, waits_on_ ? &limit : nullptr) == 0 || errno != ETIMEDOUT) continue;
    waited += kLook;
    if (waits_on_(waited)) continue;
    // Who went may have spoken first.
    return window_.turn.load(std::memory_order_acquire) == static_cast<std::uint32_t>(side_) ? Result<void>() : gone();
  }
}

Result<void> Lane::pass_turn() {
  std::uint32_t turn = static_cast<std::uint32_t>(side_);
  if (!window_.turn.compare_exchange_strong(turn, 1 - turn, std::memory_order_release)) return gone();
  futex(window_.turn, FUTEX_WAKE, 1, nullptr);
  return {};
}

Writer& Lane::message() {
  out_.wipe();
  return out_;
}

void Lane::wipe() {
  in_.wipe();
  out_.wipe();
}

Result<void> Lane::send() {
  ByteView rest = out_.view();
  if (rest.size() > kMessageMax) return Error{Errc::exhausted, "more than 4 MiB at once through the keys' process"};
  for (;;) {
    const ByteView piece = rest.first(std::min(rest.size(), kPieceMax));
    rest = rest.subspan(piece.size());
    std::ranges::copy(piece, window_.piece.begin());
    window_.size.store(static_cast<std::uint32_t>(piece.size()) | (rest.empty() ? 0 : kMore),
                       std::memory_order_relaxed);
    TRY(pass_turn());
    if (rest.empty()) return {};
    TRY(await_turn());
  }
}

Result<ByteView> Lane::receive() {
  in_.wipe();
  for (;;) {
    TRY(await_turn());
    const std::uint32_t told = window_.size.load(std::memory_order_relaxed);
    const std::size_t size = told & ~kMore;
    const bool more = (told & kMore) != 0;
    if (size > kPieceMax || (more && size == 0) || in_.view().size() + size > kMessageMax) {
      return Error{Errc::malformed, "what came through the lane is no message"};
    }
    in_.raw(ByteView(window_.piece).first(size));
    ::explicit_bzero(window_.piece.data(), size);
    if (!more) return in_.view();
    TRY(pass_turn());
  }
}

void Lane::close() {
  window_.turn.store(kOver, std::memory_order_release);
  futex(window_.turn, FUTEX_WAKE, 2, nullptr);
}

}  // namespace countersign::keys
