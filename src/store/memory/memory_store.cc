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

Result<void> MemoryStore::transact(sqlite::Control begin, const Flow& flow) {
  const std::lock_guard lock(mutex_);
  TRY(connection_->exec(begin == sqlite::Control::begin_read ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF"));
  TRY(connection_->run(begin));
  Result<void> done = sqlite::run_flow(flow, *connection_);
  if (done) done = connection_->run(sqlite::Control::commit);
  if (!done && connection_->in_transaction()) (void)connection_->run(sqlite::Control::rollback);
  return done;
}

Result<void> MemoryStore::read(const Flow& flow) { return transact(sqlite::Control::begin_read, flow); }

// The lock is gone before `done` runs, so that it may write again.
void MemoryStore::write(Flow flow, Done done) { done(transact(sqlite::Control::begin_write, flow)); }

}  // namespace countersign::store
