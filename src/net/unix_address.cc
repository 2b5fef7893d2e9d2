#include "net/unix_address.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace countersign::net {

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string with_errno(std::string what) { return what + ": " + std::system_category().message(errno); }

Result<UnixAddress> UnixAddress::of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  UnixAddress made;
  made.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (made.name_.empty()) return Error{Errc::malformed, "no file name in the socket's path " + path};
  made.folder_ = Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made.folder_) return Error{Errc::not_found, with_errno("cannot open the folder of " + path)};
  const std::string short_path = "/proc/self/fd/" + std::to_string(made.folder_.get()) + "/" + made.name_;
  const std::string& used = path.size() < sizeof made.address_.sun_path ? path : short_path;
  if (used.size() >= sizeof made.address_.sun_path) return Error{Errc::malformed, "the socket's name is too long"};
  made.address_.sun_family = AF_UNIX;
  used.copy(made.address_.sun_path, used.size());
  return made;
}

}  // namespace countersign::net
