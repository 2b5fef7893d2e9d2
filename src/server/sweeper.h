// What must happen without anybody asking: attempts expire, old rows go, other nodes' changes are heard of.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "flow/ports.h"
#include "oplog/log.h"

namespace countersign::server {

// Whether other processes write to the same database, so that their changes must be asked for.
enum class Nodes { this_one, several };

struct SweeperPorts {
  const flow::Ports& flow;
  oplog::Log& log;
  std::function<bool()> somebody_waits;    // else nobody needs to hear of other nodes' changes
  std::function<void()> daily;             // renews the certificate
};

// Deletes what has run out, a batch a transaction, so that nobody waits long for the writer: visits, spent tokens,
// browsers, sessions, budgets, notices, exports. Returns how many rows.
Result<std::int64_t> sweep(const flow::Ports& ports);

class Sweeper {
  SweeperPorts ports_;
  Nodes nodes_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::int64_t heard_ = 0;
  std::string not_followed_;  // why a rotation of the root key was not followed; said once
  std::thread thread_;

 public:
  // Runs on a thread of its own until it is destroyed.
  Sweeper(SweeperPorts ports, Nodes nodes);
  ~Sweeper();

 private:
  void run();
  void expire();
  void clean();
  void hear();
  void follow();
};

}  // namespace countersign::server
