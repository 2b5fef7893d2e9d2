#include "net/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace countersign::net {
namespace {

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int write_some(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::send(socket_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && try_again()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int read_some(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(socket_of(bio), to, static_cast<std::size_t>(size), 0);
  if (n < 0 && try_again()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long control(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return what == BIO_CTRL_FLUSH || what == BIO_CTRL_DUP ? 1 : 0;
}

}  // namespace

SocketBio::SocketBio() : method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket, no signal")) {
  if (!method_) std::abort();
  BIO_meth_set_write(method_.get(), write_some);
  BIO_meth_set_read(method_.get(), read_some);
  BIO_meth_set_ctrl(method_.get(), control);
}

BIO* SocketBio::open(int socket) const {
  BIO* bio = BIO_new(method_.get());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace countersign::net
