// An HTTP server on a thread of its own, with a clock that stands still.
#pragma once

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/server.h"
#include "net/wakeups.h"
#include "testing/manual_clock.h"

namespace countersign::testing {

class HttpServer {
 public:
  explicit HttpServer(net::Handler handler, net::Limits limits = quick(), const net::TlsContext* tls = nullptr)
      : server_(clock, wakeups, options(limits)) {
    if (!server_.listen(net::Listener{"127.0.0.1", 0, tls, std::move(handler)})) std::abort();
    thread_ = std::thread([this] { server_.run(); });
  }
  ~HttpServer() { stop(); }

  // Deadlines that no test meets unless it asks for it, looked at often.
  static net::Limits quick() {
    net::Limits limits;
    limits.tick = std::chrono::milliseconds(5);
    return limits;
  }

  void stop() {
    server_.drain();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const { return server_.bound().front().port; }
  net::Server& server() { return server_; }

  ManualClock clock;
  net::Wakeups wakeups;
  std::mutex events_mutex;
  std::vector<std::string> events;

 private:
  net::ServerOptions options(net::Limits limits) {
    net::ServerOptions options;
    options.limits = limits;
    options.threads = 2;
    options.on_event = [this](std::string_view event) {
      const std::lock_guard lock(events_mutex);
      events.emplace_back(event);
    };
    return options;
  }

  net::Server server_;
  std::thread thread_;
};

// net::Handler that says what it was asked.
inline net::Reply echo(const net::HttpRequest& request) {
  net::HttpResponse reply;
  reply.content_type = "text/plain";
  reply.body = request.method + " " + request.path + " ?" + request.query + " @" + request.host + " " + request.body;
  return reply;
}

}  // namespace countersign::testing
