#include "keys/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

namespace countersign::keys {
namespace {

constexpr const char* kLockName = "lock";
constexpr const char* kOldEnd = ".old";  // what replace() is about to overwrite
constexpr const char* kNewEnd = ".new";
constexpr mode_t kOwnersAlone = S_IRUSR | S_IWUSR;
constexpr std::size_t kZerosSize = 64 * 1024;

Result<void> check(const std::string& path, const struct stat& found) {
  if (!S_ISDIR(found.st_mode)) return Error{Errc::refused, path + " is no directory; name the keyring's"};
  if (found.st_uid != ::geteuid() && ::geteuid() != 0) {
    return Error{Errc::refused, path + " belongs to another user; give it to the one this server runs as (chown -R)"};
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Errc::refused, path + " can be entered by others; take that away: chmod 700 " + path};
  }
  return {};
}

}  // namespace

// Root writes for whom the directory belongs to: keyd gave its rights up and reads the same files.
void give_to_owner(int folder, int file) {
  struct stat owner;
  if (::geteuid() == 0 && ::fstat(folder, &owner) == 0) {
    static_cast<void>(::fchown(file, owner.st_uid, owner.st_gid));  // where that fails, opening it says so
  }
}

// --- a file

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Error File::failed(const char* what) const {
  return {Errc::unavailable, "keyring file " + name_ + ": " + what + ": " + std::strerror(errno)};
}

Result<std::uint64_t> File::size() const {
  struct stat found;
  if (::fstat(fd_, &found) != 0) return failed("cannot be looked at");
  return static_cast<std::uint64_t>(found.st_size);
}

Result<Bytes> File::read(std::uint64_t from, std::size_t count) const {
  Bytes out(count);
  std::span<std::uint8_t> left(out);
  while (!left.empty()) {
    const ssize_t got = ::pread(fd_, left.data(), left.size(), static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return failed("cannot be read");
    left = left.subspan(static_cast<std::size_t>(got));
    from += static_cast<std::uint64_t>(got);
  }
  return out;
}

Result<void> File::write_at(std::uint64_t at, ByteView bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = ENOSPC;
    if (put <= 0) return failed("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    at += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<void> File::append(std::uint64_t end, ByteView bytes) const {
  Result<void> written = write_at(end, bytes);
  if (written && ::fdatasync(fd_) != 0) written = failed("cannot be made durable");
  // A tail that cannot be cut now is recognised as torn by whoever comes next.
  if (!written && ::ftruncate(fd_, static_cast<off_t>(end)) == 0) static_cast<void>(::fdatasync(fd_));
  return written;
}

Result<void> File::cut(std::uint64_t size) const {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0 || ::fdatasync(fd_) != 0) return failed("cannot be cut");
  return {};
}

Result<void> File::overwrite() const {
  const std::uint64_t all = TRY(size());
  const Bytes zeros(kZerosSize);
  for (std::uint64_t at = 0; at < all; at += kZerosSize) {
    TRY(write_at(at, ByteView(zeros).first(std::min<std::uint64_t>(kZerosSize, all - at))));
  }
  if (::fdatasync(fd_) != 0) return failed("cannot be made durable");
  return {};
}

// --- the directory

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
  if (fd_ >= 0) ::close(fd_);
}

Folder::Lock::~Lock() {
  if (fd_ >= 0) ::flock(fd_, LOCK_UN);
}

Error Folder::failed(const std::string& name, const char* what) const {
  return {Errc::unavailable, path_ + "/" + name + ": " + what + ": " + std::strerror(errno)};
}

Result<void> Folder::prepare() {
  const std::lock_guard lock(opening_);
  if (lock_ >= 0) return {};
  if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) return failed("", "cannot be made");
  const int fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("", "cannot be opened");
  const File closing(fd, path_);
  struct stat found;
  if (::fstat(fd, &found) != 0) return failed("", "cannot be looked at");
  TRY(check(path_, found));
  const int locked = ::openat(fd, kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnersAlone);
  if (locked < 0) return failed(kLockName, "cannot be opened");
  give_to_owner(fd, locked);
  fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (fd_ < 0) {
    ::close(locked);
    return failed("", "cannot be opened");
  }
  lock_ = locked;
  return {};
}

bool Folder::is_missing() {
  const std::lock_guard lock(opening_);
  return lock_ < 0 && ::access(path_.c_str(), F_OK) != 0 && errno == ENOENT;
}

Result<Folder::Lock> Folder::lock(For what) {
  if (what == For::reading && is_missing()) return Error{Errc::not_found, path_ + " is not there yet"};
  TRY(prepare());
  std::unique_lock held(mutex_);
  while (::flock(lock_, what == For::reading ? LOCK_SH : LOCK_EX) != 0) {
    if (errno != EINTR) return failed(kLockName, "cannot be locked");
  }
  return Lock(std::move(held), lock_);
}

Result<File> Folder::open(const std::string& name) {
  const int fd = ::openat(fd_, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return Error{Errc::not_found, name + " is not in the keyring"};
  if (fd < 0) return failed(name, "cannot be opened");
  return File(fd, name);
}

Result<File> Folder::open_or_make(const std::string& name) {
  Result<File> found = open(name);
  if (found || found.error().code != Errc::not_found) return found;
  const int fd = ::openat(fd_, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnersAlone);
  if (fd < 0) return failed(name, "cannot be made");
  give_to_owner(fd_, fd);
  File made(fd, name);
  TRY(make_durable());
  return made;
}

Result<void> Folder::replace(const std::string& name, ByteView content) {
  TRY(finish_replacing(name));
  const std::string fresh = name + kNewEnd, old = name + kOldEnd;
  {
    const int fd = ::openat(fd_, fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnersAlone);
    if (fd < 0) return failed(fresh, "cannot be made");
    give_to_owner(fd_, fd);
    const File file(fd, fresh);
    const Result<void> written = file.append(0, content);
    if (!written) {
      ::unlinkat(fd_, fresh.c_str(), 0);
      return written;
    }
  }
  // The old file keeps a name until it is overwritten, so that a crash in between cannot leave its bytes in free space.
  if (::linkat(fd_, name.c_str(), fd_, old.c_str(), 0) != 0 && errno != ENOENT) {
    const Error why = failed(name, "cannot be kept aside");
    ::unlinkat(fd_, fresh.c_str(), 0);
    return why;
  }
  TRY(make_durable());
  if (::renameat(fd_, fresh.c_str(), fd_, name.c_str()) != 0) return failed(name, "cannot be replaced");
  TRY(make_durable());
  TRY(finish_replacing(name));
  return {};
}

Result<bool> Folder::finish_replacing(const std::string& name) {
  const std::string old = name + kOldEnd;
  Result<File> left = open(old);
  if (!left) return left.error().code == Errc::not_found ? Result<bool>(false) : Result<bool>(left.error());
  struct stat aside, current;
  if (::fstat(left->fd(), &aside) != 0) return failed(old, "cannot be looked at");
  const bool same = ::fstatat(fd_, name.c_str(), &current, AT_SYMLINK_NOFOLLOW) == 0 &&
                    current.st_ino == aside.st_ino && current.st_dev == aside.st_dev;
  if (!same) TRY(left->overwrite());  // the same: a crash before the new file took its place
  if (::unlinkat(fd_, old.c_str(), 0) != 0) return failed(old, "cannot be removed");
  TRY(make_durable());
  return true;
}

Result<std::vector<std::string>> Folder::names() {
  // A description of its own: reading a directory moves its position.
  const int fd = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("", "cannot be read");
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
  if (!entries) {
    ::close(fd);
    return failed("", "cannot be read");
  }
  std::vector<std::string> out;
  while (const dirent* entry = ::readdir(entries.get())) out.emplace_back(entry->d_name);
  std::ranges::sort(out);
  return out;
}

Result<void> Folder::make_durable() {
  if (::fsync(fd_) != 0) return failed("", "cannot be made durable");
  return {};
}

}  // namespace countersign::keys
