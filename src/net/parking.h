// Internal to net/: where a connection stands still until something elsewhere happens. Any thread may unpark it, also
// before it has parked and after it is gone.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "net/stream.h"

namespace countersign::net {

// Shared: a commit or a wake on another thread may come after the connection and the server have ended; what it holds
// is this, and after close() it holds nothing of Asio's.
class Parking : public std::enable_shared_from_this<Parking> {
 public:
  explicit Parking(const Executor& executor) : timer_(std::in_place, executor) {}

  // Forgets an unpark that came before; call it before arranging for the next one.
  void reset();
  // Until unpark() or `until`. Only from the one coroutine that owns this.
  Task<void> park(Steady::time_point until);
  void unpark();
  void close();

 private:
  std::mutex mutex_;
  std::optional<Timer> timer_;
  bool unparked_ = false;
};

}  // namespace countersign::net
