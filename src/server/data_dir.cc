#include "server/data_dir.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace countersign::server {
namespace {

constexpr mode_t kOwnerDirectory = 0700;
constexpr mode_t kOwnerFile = 0600;
constexpr mode_t kEveryonesFile = 0644;
constexpr std::chrono::seconds kChildLetsGo{2};
constexpr int kLookAgainMs = 20;

Error cannot(std::string_view what, const std::string& path) {
  return Error{Errc::unavailable, path + ": " + std::string(what) + ": " + std::strerror(errno)};
}

// A descriptor that closes itself.
class File {
  int fd_;

 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The process that noted itself in the lock; 0: none has.
pid_t holder(int lock) {
  char text[32] = {};
  const ssize_t n = ::pread(lock, text, sizeof text - 1, 0);
  return n <= 0 ? 0 : static_cast<pid_t>(std::strtol(text, nullptr, 10));
}

// Where the holder is gone, what holds the lock yet is a child of it that has not become keyd: it was killed while
// starting, and the child closes the file in a moment.
bool hold(int lock, const std::string& file) {
  const File watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), file.c_str(), IN_CLOSE_WRITE);
  const auto end = std::chrono::steady_clock::now() + kChildLetsGo;
  while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const pid_t by = holder(lock);
    const bool gone = by > 0 && ::kill(by, 0) != 0 && errno == ESRCH;
    if (!gone || std::chrono::steady_clock::now() >= end) return false;
    pollfd closed{.fd = watch.get(), .events = POLLIN, .revents = 0};
    ::poll(&closed, 1, kLookAgainMs);  // what is closed is unlocked a little later
    char events[512];
    (void)!::read(watch.get(), events, sizeof events);
  }
  return true;
}

}  // namespace

Result<DataDir> DataDir::open(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  const bool made = std::filesystem::create_directories(absolute, error);
  if (error) return Error{Errc::unavailable, path.string() + ": cannot be made: " + error.message()};
  struct stat seen {};
  if (::stat(absolute.c_str(), &seen) != 0) return cannot("cannot be looked at", path.string());
  if (seen.st_uid != ::geteuid()) {
    return Error{Errc::refused, path.string() + ": belongs to another user; start as that one, or give another --data"};
  }
  if ((made || (seen.st_mode & 077) != 0) && ::chmod(absolute.c_str(), kOwnerDirectory) != 0) {
    return cannot("its mode cannot be set", path.string());
  }
  File lock(::open((absolute / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerFile));
  if (lock.get() < 0) return cannot("its lock cannot be opened", path.string());
  if (!hold(lock.get(), (absolute / "lock").string())) {
    const pid_t by = holder(lock.get());
    return Error{Errc::conflict, path.string() + ": in use by " +
                                     (by > 0 ? "process " + std::to_string(by) : "another process") +
                                     "; stop it, or give this one another --data"};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 || !write_all(lock.get(), pid)) return cannot("cannot be written", path.string());
  return DataDir(absolute, lock.release());
}

DataDir::DataDir(DataDir&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDir::~DataDir() {
  if (lock_ >= 0) ::close(lock_);
}

Result<void> write_file(const std::string& file, std::string_view text, Readers readers) {
  const std::string next = file + ".new";
  const mode_t mode = readers == Readers::everyone ? kEveryonesFile : kOwnerFile;
  ::unlink(next.c_str());
  {
    const File out(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerFile));
    const bool written = out.get() >= 0 && write_all(out.get(), text) && ::fchmod(out.get(), mode) == 0 &&
                         ::fsync(out.get()) == 0;
    if (!written) return cannot("cannot be written", next);
  }
  if (::rename(next.c_str(), file.c_str()) != 0) return cannot("cannot be put in place", file);
  const File directory(::open(std::filesystem::path(file).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return cannot("its directory cannot be synced", file);
  return {};
}

}  // namespace countersign::server
