// Internal to net/: every open connection, its phase and its deadline. One sweep a tick looks at all of them, which
// costs a request nothing, where a timer each would cost two heap operations and a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "net/counters.h"

namespace countersign::net {

class Parking;

enum class Phase : std::uint8_t {
  busy,       // at work on a worker thread
  handshake,
  idle,       // between requests: may be closed at any time
  head,
  body,
  waiting,    // parked: a wait, a stream or a commit
  write,
  linger,     // refused, reading what is still sent so that the refusal arrives
};

class Registry {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // One connection's entry; its end ends the registration, and must come before the socket is closed.
  class Entry {
   public:
    Entry(Registry& registry, std::size_t listener, int socket, std::shared_ptr<Parking> parking);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    void arm(Phase phase, Time deadline);
    void disarm() { arm(Phase::busy, Time::max()); }
    Phase phase() const { return phase_.load(std::memory_order_relaxed); }
    // The deadline passed or the server ends: stop what you do. The socket reads as closed from then on.
    bool expired() const { return expired_.load(std::memory_order_acquire); }

   private:
    friend class Registry;
    void expire(int how);

    Registry& registry_;
    std::size_t listener_;
    int socket_;
    std::shared_ptr<Parking> parking_;  // shared: see Parking
    std::atomic<Phase> phase_{Phase::busy};
    std::atomic<Time> deadline_{Time::max()};
    std::atomic<bool> expired_{false};
    std::list<Entry*>::iterator place_;
  };

  std::size_t size() const;

  // Expires what is past its deadline.
  void sweep(Time now);
  // Expires every idle connection.
  void close_idle();
  // Expires the idle connection of that listener whose deadline comes first; false: there is none.
  bool evict_idle(std::size_t listener);
  // Lets everything that waits look again.
  void unpark_all();
  // Expires everything.
  void close_all();

 private:
  mutable std::mutex mutex_;
  std::list<Entry*> entries_;
};

}  // namespace countersign::net
