// The signals of a service: TERM and INT drain, HUP reloads. They are blocked everywhere and taken by one thread.
#pragma once

#include <functional>
#include <thread>

namespace countersign::server {

// Blocks the signals in this thread, and so in all that it starts. Call it before the first thread.
void block_signals();

class Signals {
  std::jthread thread_;

 public:
  // Both are called on the thread of this object, `stop` once.
  Signals(std::function<void()> stop, std::function<void()> reload);
  // Ends the thread, also when no signal came.
  ~Signals();
};

}  // namespace countersign::server
