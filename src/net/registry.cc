#include "net/registry.h"

#include <sys/socket.h>

#include <utility>

#include "net/parking.h"

namespace countersign::net {

Registry::Entry::Entry(Registry& registry, std::size_t listener, int socket, std::shared_ptr<Parking> parking)
    : registry_(registry), listener_(listener), socket_(socket), parking_(std::move(parking)) {
  const std::lock_guard lock(registry_.mutex_);
  place_ = registry_.entries_.insert(registry_.entries_.end(), this);
}

Registry::Entry::~Entry() {
  const std::lock_guard lock(registry_.mutex_);
  registry_.entries_.erase(place_);
}

void Registry::Entry::arm(Phase phase, Time deadline) {
  // The deadline first when it grows and the phase first when it shrinks would both be wrong for someone; a sweep in
  // between at worst ends a connection in the very tick in which its old deadline ran out.
  deadline_.store(deadline, std::memory_order_relaxed);
  phase_.store(phase, std::memory_order_seq_cst);
}

// Shutting the socket down wakes whoever waits for it, from any thread, without touching Asio's objects. Reading only,
// as long as there may be something to say (408).
void Registry::Entry::expire(int how) {
  if (expired_.exchange(true, std::memory_order_acq_rel) && how == SHUT_RD) return;
  ::shutdown(socket_, how);
  parking_->unpark();
}

std::size_t Registry::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void Registry::sweep(Time now) {
  const std::lock_guard lock(mutex_);
  for (Entry* entry : entries_) {
    if (entry->deadline_.load(std::memory_order_relaxed) > now) continue;
    const Phase phase = entry->phase();
    entry->expire(phase == Phase::write || phase == Phase::linger ? SHUT_RDWR : SHUT_RD);
  }
}

void Registry::close_idle() {
  const std::lock_guard lock(mutex_);
  for (Entry* entry : entries_) {
    if (entry->phase() == Phase::idle) entry->expire(SHUT_RD);
  }
}

bool Registry::evict_idle(std::size_t listener) {
  const std::lock_guard lock(mutex_);
  Entry* oldest = nullptr;
  for (Entry* entry : entries_) {
    if (entry->listener_ != listener || entry->phase() != Phase::idle || entry->expired()) continue;
    if (oldest == nullptr || entry->deadline_.load() < oldest->deadline_.load()) oldest = entry;
  }
  if (oldest != nullptr) oldest->expire(SHUT_RD);
  return oldest != nullptr;
}

void Registry::unpark_all() {
  const std::lock_guard lock(mutex_);
  for (Entry* entry : entries_) entry->parking_->unpark();
}

void Registry::close_all() {
  const std::lock_guard lock(mutex_);
  for (Entry* entry : entries_) entry->expire(SHUT_RDWR);
}

}  // namespace countersign::net
