#include "keys/root_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/codec/hex.h"

namespace countersign::keys {
namespace {

class Descriptor {
  int fd_;

 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
};

Error away(const std::string& file, const char* what) {
  return {Errc::unavailable, file + ": " + what + ": " + std::strerror(errno)};
}

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == file.npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

Result<void> check(const std::string& file, const struct stat& found) {
  if (!S_ISREG(found.st_mode)) {
    return Error{Errc::refused, file + " is not a file; name the file that holds the root key"};
  }
  if (found.st_uid != ::geteuid() && found.st_uid != 0) {
    return Error{Errc::refused, file + " belongs to another user; give it to the one this server runs as (chown)"};
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Errc::refused, file + " can be read or written by others; take that away: chmod 600 " + file};
  }
  return {};
}

bool write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

bool read_all(int fd, char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(fd, out, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

Result<void> sync_folder_of(const std::string& file) {
  const std::string folder = folder_of(file);
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.fd()) != 0) return away(folder, "cannot be made durable");
  return {};
}

// Zeros over a file that has no name any more; one that still has another (a backup by hard links) is left alone. Best
// effort: a file system that copies on write, a snapshot or a disk that moves its blocks may keep the old bytes.
void overwrite_nameless(const Descriptor& file) {
  struct stat found;
  if (!file.is_open() || ::fstat(file.fd(), &found) != 0 || found.st_nlink != 0) return;
  const Bytes zeros(static_cast<std::size_t>(found.st_size));
  if (write_all(file.fd(), zeros)) static_cast<void>(::fsync(file.fd()));
}

// A file beside the one that is meant, whole and durable; gone again with this object, unless it was renamed.
class Beside {
  std::string path_;

 public:
  explicit Beside(std::string path) : path_(std::move(path)) {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() { ::unlink(path_.c_str()); }
  const char* path() const { return path_.c_str(); }

  Result<void> write(const std::string& file, const Secret& content) const {
    const Descriptor out(::open(path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!out.is_open()) return away(file, "cannot be created");
    if (!write_all(out.fd(), content.reveal_bytes()) || ::fsync(out.fd()) != 0) return away(file, "cannot be written");
    return {};
  }
};

}  // namespace

Result<Secret> read_root_file(const std::string& file, std::size_t size_max) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in.is_open()) {
    if (errno == ENOENT) return Error{Errc::not_found, file + " is not there; restore the root key from the backup"};
    return away(file, "cannot be opened");
  }
  struct stat found;
  if (::fstat(in.fd(), &found) != 0) return away(file, "cannot be looked at");
  TRY(check(file, found));
  const auto size = static_cast<std::size_t>(found.st_size);
  if (size > size_max) {
    return Error{Errc::refused, file + " has " + std::to_string(size) + " bytes, more than a root key ever has; " +
                                    "restore it from the backup"};
  }
  std::string content(size, '\0');
  const bool whole = read_all(in.fd(), content.data(), size);
  Secret out(std::move(content));
  if (!whole) return away(file, "cannot be read");
  return out;
}

Result<void> create_root_file(const std::string& file, const Secret& content, Random& random) {
  const Beside beside(file + "." + codec::to_hex(random_bytes(random, 8)));
  TRY(beside.write(file, content));
  if (::link(beside.path(), file.c_str()) != 0) {
    if (errno != EEXIST) return away(file, "cannot be created");
    return Error{Errc::conflict, file + " is there already; it is not written over"};
  }
  return sync_folder_of(file);
}

Result<void> replace_root_file(const std::string& file, const Secret& content) {
  const Beside beside(file + ".new");
  if (::unlink(beside.path()) != 0 && errno != ENOENT) return away(beside.path(), "cannot be cleared away");
  TRY(beside.write(file, content));
  const Descriptor old(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  if (::rename(beside.path(), file.c_str()) != 0) return away(file, "cannot be replaced");
  TRY(sync_folder_of(file));
  overwrite_nameless(old);
  return {};
}

}  // namespace countersign::keys
