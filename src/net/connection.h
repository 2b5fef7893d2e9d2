// Internal to net/: one connection, from the handshake to its end, as one coroutine that owns all of its state.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "net/http_head.h"
#include "net/http_reply.h"
#include "net/parking.h"
#include "net/registry.h"
#include "net/server.h"
#include "net/wakeups.h"

namespace countersign::net {

// What all connections of a server have in common. Outlives them.
struct Shared {
  const Clock& clock;
  Wakeups& wakeups;
  ServerOptions options;
  Counters counters;
  Registry registry;
  std::atomic<bool> draining{false};

  void tell(std::string_view event) const {
    if (options.on_event) options.on_event(event);
  }
};

struct Accepted {
  Socket socket;
  const TlsContext* tls;
  const Handler& handler;
  std::size_t listener;
  std::string peer;
};

class Connection {
 public:
  Connection(Shared& shared, Executor executor, Accepted accepted);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<void> run();

 private:
  enum class Read { request, refused, ended };

  // connection_read.cc: from bytes to a request.
  Task<bool> handshake();
  Task<Read> read_request();
  Task<Read> read_body();
  Task<Io> pull();
  Io pull_now();
  Task<bool> send_continue();
  Read refuse(int status, std::string_view detail);
  Read refuse_slow(std::string_view detail);
  void note_phase(Phase phase, std::chrono::milliseconds limit);
  Task<void> linger();

  // connection_answer.cc: from a request to the bytes of its answer. False: the connection ends.
  class Slot;
  class Promise;
  Task<bool> answer();
  Task<Reply> wait(Wait wait);
  Task<Reply> commit(Committing committing);
  Task<bool> stream(EventStream events);
  Task<void> wait_for_event(const EventStream& events, Steady::time_point heartbeat);
  Task<bool> send(const HttpResponse& given);
  Task<bool> write(std::string_view data);
  void start(const Committing& committing, const std::shared_ptr<Slot>& slot);
  void begin_reply(const HttpResponse& reply, const ReplyContext& context);
  bool write_now(std::string_view& data);
  template <class F>
  bool attempt(F&& call);
  ReplyContext context() const;
  Steady::time_point steady(Instant until) const;

  Shared& shared_;
  const Limits& limits_;
  const Handler& handler_;
  std::string peer_;
  Stream stream_;
  std::shared_ptr<Parking> parking_;  // shared: see Parking
  Registry::Entry entry_;

  std::string in_;    // bytes read and not yet used
  std::string out_;   // the reply being written
  HttpRequest request_;
  Head head_;
  HttpResponse refusal_;
  Wakeups::Seen seen_ = 0;
  Io want_ = Io::want_read;  // what a write waits for
  bool gone_ = false;        // the other side does not read any more
};

}  // namespace countersign::net
