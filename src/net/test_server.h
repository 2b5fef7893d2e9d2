// For tests: a server on a thread of its own, and a client that writes and reads bytes as they are.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "net/server.h"
#include "net/wakeups.h"
#include "testing/manual_clock.h"

namespace countersign::net {

// Reading gives up after a while, so that a server that says nothing fails a test instead of stopping it.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  int fd() const { return fd_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  // Everything up to the end of the connection.
  std::string read_all() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // Up to and with `mark`; less when the connection ended before.
  std::string read_until(std::string_view mark) {
    while (buffer_.find(mark) == std::string::npos && fill()) {
    }
    const std::size_t at = buffer_.find(mark);
    const std::size_t size = at == std::string::npos ? buffer_.size() : at + mark.size();
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, taken.size());
    return taken;
  }

  struct Answer {
    int status = 0;
    std::string head, body;
  };
  // One sized reply; status 0 when the connection ended instead.
  Answer read_answer() {
    Answer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.size() < 12) return answer;
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    const std::size_t length = answer.head.find("Content-Length: ");
    if (length != std::string::npos) {
      answer.body = read_exactly(static_cast<std::size_t>(std::atoi(answer.head.c_str() + length + 16)));
    }
    return answer;
  }
  // Sends and reads one reply.
  Answer ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }

 private:
  bool fill() {
    char bytes[4096];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) buffer_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  int fd_;
  std::string buffer_;
};

class TestServer {
 public:
  explicit TestServer(Handler handler, Limits limits = quick(), const TlsContext* tls = nullptr)
      : server_(clock, wakeups, options(limits)) {
    if (!server_.listen(Listener{"127.0.0.1", 0, tls, std::move(handler)})) std::abort();
    thread_ = std::thread([this] { server_.run(); });
  }
  ~TestServer() { stop(); }

  // Deadlines that no test meets unless it asks for it, looked at often.
  static Limits quick() {
    Limits limits;
    limits.tick = std::chrono::milliseconds(5);
    return limits;
  }

  void stop() {
    server_.drain();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const { return server_.bound().front().port; }
  Server& server() { return server_; }

  testing::ManualClock clock;
  Wakeups wakeups;
  std::mutex events_mutex;
  std::vector<std::string> events;

 private:
  ServerOptions options(Limits limits) {
    ServerOptions options;
    options.limits = limits;
    options.threads = 2;
    options.on_event = [this](std::string_view event) {
      const std::lock_guard lock(events_mutex);
      events.emplace_back(event);
    };
    return options;
  }

  Server server_;
  std::thread thread_;
};

// Handler that says what it was asked.
inline Reply echo(const HttpRequest& request) {
  HttpResponse reply;
  reply.content_type = "text/plain";
  reply.body = request.method + " " + request.path + " ?" + request.query + " @" + request.host + " " + request.body;
  return reply;
}

}  // namespace countersign::net
