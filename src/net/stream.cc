#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

namespace countersign::net {

Stream::Stream(Socket socket, const TlsContext* tls) : socket_(std::move(socket)), wants_tls_(tls != nullptr) {
  if (tls != nullptr) ssl_ = tls->open(socket_.native_handle());
}

Stream::~Stream() { SSL_free(ssl_); }

Io Stream::after(int result) {
  switch (SSL_get_error(ssl_, result)) {  // OpenSSL's numbers, not an enum of ours
    case SSL_ERROR_NONE: return Io::moved;
    case SSL_ERROR_WANT_READ: return Io::want_read;
    case SSL_ERROR_WANT_WRITE: return Io::want_write;
    case SSL_ERROR_ZERO_RETURN: return Io::closed;
    default: return Io::failed;
  }
}

Io Stream::handshake() {
  ERR_clear_error();
  return after(SSL_do_handshake(ssl_));
}

Moved Stream::read(char* to, std::size_t size) {
  if (ssl_ != nullptr) {
    std::size_t n = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, to, size, &n);
    return {result == 1 ? Io::moved : after(result), n};
  }
  const ssize_t n = ::recv(fd(), to, size, 0);
  if (n > 0) return {Io::moved, static_cast<std::size_t>(n)};
  if (n == 0) return {Io::closed, 0};
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Io::want_read : Io::failed, 0};
}

Moved Stream::write(std::string_view from) {
  if (ssl_ != nullptr) {
    std::size_t n = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_, from.data(), from.size(), &n);
    return {result == 1 ? Io::moved : after(result), n};
  }
  const ssize_t n = ::send(fd(), from.data(), from.size(), MSG_NOSIGNAL);
  if (n >= 0) return {Io::moved, static_cast<std::size_t>(n)};
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Io::want_write : Io::failed, 0};
}

bool Stream::has_buffered() const { return ssl_ != nullptr && SSL_has_pending(ssl_) == 1; }

void Stream::finish_writing() {
  ERR_clear_error();
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
  ::shutdown(fd(), SHUT_WR);
}

Task<std::tuple<ErrorCode>> Stream::ready(Io want) {
  const auto direction = want == Io::want_write ? Socket::wait_write : Socket::wait_read;
  return socket_.async_wait(direction, asio::as_tuple(asio::use_awaitable_t<Executor>()));
}

}  // namespace countersign::net
