#include "keys/root_key.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "core/codec/hex.h"

namespace countersign::keys {
namespace {

class File {
  int fd_;

 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
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
  if (found.st_size != static_cast<off_t>(kRootKeySize)) {
    return Error{Errc::refused, file + " has " + std::to_string(found.st_size) +
                                    " bytes, a root key has 32; restore it from the backup"};
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

bool read_all(int fd, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::read(fd, out.data(), out.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

// A page of its own. Locking and keeping it out of core dumps are best effort: a server without the right to lock
// memory still works.
struct RootKey::Page {
  static constexpr std::size_t kSize = 4096;
  void* at;

  Page() : at(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (at == MAP_FAILED) throw std::bad_alloc();
    static_cast<void>(::mlock(at, kSize));
    static_cast<void>(::madvise(at, kSize, MADV_DONTDUMP));
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page() {
    ::explicit_bzero(at, kSize);
    ::munmap(at, kSize);
  }
  std::span<std::uint8_t> key() { return {static_cast<std::uint8_t*>(at), kRootKeySize}; }
};

RootKey::RootKey(std::unique_ptr<Page> page) : page_(std::move(page)) {}
RootKey::RootKey(RootKey&&) noexcept = default;
RootKey& RootKey::operator=(RootKey&&) noexcept = default;
RootKey::~RootKey() = default;

ByteView RootKey::bytes() const { return page_->key(); }

Result<RootKey> RootKey::open(const std::string& file) {
  const File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in.is_open()) {
    if (errno == ENOENT) return Error{Errc::not_found, file + " is not there; restore the root key from the backup"};
    return away(file, "cannot be opened");
  }
  struct stat found;
  if (::fstat(in.fd(), &found) != 0) return away(file, "cannot be looked at");
  TRY(check(file, found));
  auto page = std::make_unique<Page>();
  if (!read_all(in.fd(), page->key())) return away(file, "cannot be read");
  return RootKey(std::move(page));
}

Result<void> RootKey::create(const std::string& file, Random& random) {
  // Written beside and then linked: whoever looks sees no key or all of it, and an old key is never written over.
  const std::string beside = file + "." + codec::to_hex(random_bytes(random, 8));
  const std::string folder = folder_of(file);
  Page page;
  random.fill(page.key());
  {
    const File out(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!out.is_open()) return away(file, "cannot be created");
    if (!write_all(out.fd(), page.key()) || ::fsync(out.fd()) != 0) {
      const Error failed = away(file, "cannot be written");
      ::unlink(beside.c_str());
      return failed;
    }
  }
  const bool linked = ::link(beside.c_str(), file.c_str()) == 0;
  const Error failed = errno == EEXIST ? Error{Errc::conflict, file + " is there already; it is not written over"}
                                       : away(file, "cannot be created");
  ::unlink(beside.c_str());
  if (!linked) return failed;
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.fd()) != 0) return away(folder, "cannot be made durable");
  return {};
}

}  // namespace countersign::keys
