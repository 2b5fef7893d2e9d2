// Internal to net/: a Unix socket's address, also for a path longer than the 107 bytes that sockaddr_un holds.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "core/base/result.h"

namespace countersign::net {

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// The address names the socket through its folder's descriptor, so it is good as long as this lives.
class UnixAddress {
 public:
  // not_found: the folder does not exist or may not be entered.   malformed: no file name, or a very long one.
  static Result<UnixAddress> of(const std::string& path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }
  int folder() const { return folder_.get(); }
  const std::string& name() const { return name_; }

 private:
  Descriptor folder_;
  std::string name_;
  sockaddr_un address_{};
};

// "…: No such file or directory", of errno as it stands.
std::string with_errno(std::string what);

}  // namespace countersign::net
