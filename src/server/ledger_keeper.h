// What the ledger and sealed history need without anybody asking: checkpoints each second, closed epochs each minute,
// months that are made ready and destroyed each hour.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "flow/checkpoints.h"
#include "oplog/log.h"

namespace countersign::server {

struct KeeperPorts {
  const flow::Ports& flow;
  oplog::Log& log;
  flow::Witness witness;  // may take its time; empty: there is none
};

// Makes the keys of the next month in its last days, for every tenant at once.
Result<void> prepare_next_month(const flow::Ports& ports);

class LedgerKeeper {
  KeeperPorts ports_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;

 public:
  // Runs on a thread of its own until it is destroyed; then publishes a last time.
  explicit LedgerKeeper(KeeperPorts ports);
  ~LedgerKeeper();

 private:
  void run();
  void publish();
  void close();
  void tend_months();
};

}  // namespace countersign::server
