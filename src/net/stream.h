// Internal to net/: one socket, plain or TLS, whose reads and writes are tried at once and waited for by the caller.
// OpenSSL sits directly on the socket, which costs 20 KB an idle connection where asio::ssl::stream costs 77.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string_view>
#include <tuple>

#include "net/tls.h"

namespace countersign::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Steady = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;

enum class Io { moved, want_read, want_write, closed, failed };

struct Moved {
  Io io;
  std::size_t n;  // bytes, of Io::moved
};

class Stream {
 public:
  // `tls` null: plain.
  Stream(Socket socket, const TlsContext* tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  bool is_open() const { return !wants_tls_ || ssl_ != nullptr; }
  bool is_tls() const { return ssl_ != nullptr; }
  int fd() { return socket_.native_handle(); }

  Io handshake();
  Moved read(char* to, std::size_t size);
  Moved write(std::string_view from);

  // TLS has bytes that were taken off the socket already: read before waiting.
  bool has_buffered() const;

  // Says goodbye without waiting for an answer, and that nothing more will be sent.
  void finish_writing();

  // Until the socket is ready for `want` (want_read or want_write).
  Task<std::tuple<ErrorCode>> ready(Io want);

 private:
  Io after(int result);

  Socket socket_;
  ssl_st* ssl_ = nullptr;
  bool wants_tls_;
};

}  // namespace countersign::net
