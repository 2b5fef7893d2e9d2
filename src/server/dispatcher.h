// Sends what the outbox holds: looks for phones, through their push services. One thread claims, a few send, and none
// of them is a thread that serves requests: a push service that is away delays no sign-in.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "delivery/push/web_push.h"
#include "flow/outbox.h"
#include "net/wakeups.h"
#include "oplog/log.h"

namespace countersign::server {

// Messages tried, by what became of them.
struct PushCounts {
  std::atomic<std::int64_t> sent = 0, failed = 0, gone = 0;
};

struct DispatcherPorts {
  const flow::Ports& flow;
  net::Wakeups& wakeups;
  oplog::Log& log;
  push::Vapid& vapid;
  PushCounts& counts;
};

// A service that cannot be reached is left alone for a while, so that its messages hold up nobody else's.
class Pauses {
  struct Pause {
    Instant until{};
    int failures = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Pause> of_;  // by origin

 public:
  // How long to leave it alone yet; 0: it may be tried.
  seconds left(const std::string& origin, Instant now);
  // True when this is the first failure in a row.
  bool failed(const std::string& origin, Instant now);
  void worked(const std::string& origin);
};

class Dispatcher {
  DispatcherPorts ports_;
  push::SenderOptions options_;
  Pauses pauses_;
  std::mutex mutex_;
  std::condition_variable claim_, send_;
  std::deque<store::OutboxRow> claimed_;
  bool poked_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;

 public:
  // Runs on threads of its own until it is destroyed, which waits for messages in flight (at most the timeout).
  Dispatcher(DispatcherPorts ports, push::SenderOptions options);
  ~Dispatcher();

 private:
  void claim_all();
  bool fill();
  void poke();
  void send_all();
  bool take(store::OutboxRow& look);
  void send(push::WebPush& sender, const store::OutboxRow& look);
  flow::Settled try_to_send(push::WebPush& sender, const store::OutboxRow& look, const webpush::Subscription& to);
  void settle(const store::OutboxRow& look, const store::StoredSubscription* to, flow::Settled settled);
};

}  // namespace countersign::server
