#include "store/memory/memory_store.h"

#include <cstdlib>
#include <utility>

namespace countersign::store {

MemoryStore::MemoryStore() {
  auto opened = sqlite::Connection::open({.path = ":memory:"});
  if (!opened) std::abort();  // lack of memory
  connection_ = *std::move(opened);
  sqlite::SqliteTarget target(*connection_);
  if (!run_migrations(target, Migrate::up) || !connection_->prepare_all()) std::abort();  // our own statements
}

// The lock is gone before hooks and `done` run, so that they may write again.
Result<void> MemoryStore::run(sqlite::Control begin, const Flow& flow) {
  Hooks hooks;
  {
    const std::lock_guard lock(mutex_);
    TRY(connection_->exec(begin == sqlite::Control::begin_read ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF"));
    TRY(sqlite::transact(flow, *connection_, begin, hooks));
  }
  for (const auto& hook : hooks) hook();
  return {};
}

Result<void> MemoryStore::read(const Flow& flow) { return run(sqlite::Control::begin_read, flow); }

void MemoryStore::write(Flow flow, Done done) { done(run(sqlite::Control::begin_write, flow)); }

}  // namespace countersign::store
