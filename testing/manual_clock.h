// A clock that stands still until it is told to go on.
#pragma once

#include <atomic>

#include "core/base/time.h"

namespace countersign::testing {

class ManualClock : public Clock {
  std::atomic<std::int64_t> now_ms_;

 public:
  explicit ManualClock(Instant start = from_unix_s(1'700'000'000)) : now_ms_(unix_ms(start)) {}
  Instant now() const override { return from_unix_ms(now_ms_.load()); }
  void set(Instant t) { now_ms_.store(unix_ms(t)); }
  void advance(milliseconds by) { now_ms_.fetch_add(by.count()); }
};

}  // namespace countersign::testing
