// One run of `countersign keyd`, seen from serve: its process and its lanes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "keys/keyd.h"
#include "keys/lane.h"

namespace countersign::keys {

inline constexpr std::chrono::seconds kAnswerWait{30};  // then keyd is taken for stuck and started again

// Thread-safe.
class Child {
 public:
  // A lane for one question; it goes back when this does.
  class Lease {
    Child& of_;
    Lane* lane_;

   public:
    Lease(Child& of, Lane* lane) : of_(of), lane_(lane) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    Lane* operator->() const { return lane_; }
    explicit operator bool() const { return lane_ != nullptr; }
  };

  // Starts it and hands the lanes over; it is not ready yet.   unavailable: it cannot be started.
  static Result<std::shared_ptr<Child>> spawn(const std::string& program, const KeydOrder& order);
  ~Child();

  pid_t process() const { return process_; }
  // Waits until it can answer; says what could not be had.   Errors as LocalKeys::open; unavailable: it ended.
  Result<std::string> wait_until_ready();
  // Waits for its end and says how that came.
  std::string wait_until_dead();
  void kill();

  // Waits for a free lane; none: it is dead, or retired.
  Lease lease();
  // No more questions: waits until those under way are answered, then ends it.
  void retire();
  // Nothing is to be expected of it any more: whoever waits for a lane hears so, and it is killed.
  void give_up();

 private:
  Child(pid_t process, int control, LaneMemory memory);
  bool is_there();
  void end_lanes();

  const pid_t process_;
  const int control_;
  const LaneMemory memory_;
  std::mutex mutex_;
  std::condition_variable freed_;
  bool dead_ = false, reaped_ = false, retired_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> free_;
};

}  // namespace countersign::keys
