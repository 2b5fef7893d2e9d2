// A store that forgets: the SQLite engine on ":memory:", one connection, everything inline (docs/decisions/0002).
#pragma once

#include <mutex>

#include "store/sqlite/connection.h"
#include "store/store.h"

namespace countersign::store {

class MemoryStore : public Store {
  std::mutex mutex_;
  std::unique_ptr<sqlite::Connection> connection_;

  Result<void> run(sqlite::Control begin, const Flow& flow);

 public:
  MemoryStore();
  Result<void> read(const Flow& flow) override;
  void write(Flow flow, Done done) override;
  Result<void> ping() override { return {}; }
};

}  // namespace countersign::store
