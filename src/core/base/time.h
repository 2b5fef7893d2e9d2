// Points in time and the clock port. Core functions take `Instant now`; only what waits takes a Clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace countersign {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Instant = std::chrono::sys_time<milliseconds>;

// The port. The real one is made in main and nowhere else; tests use testing/manual_clock.h.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

inline std::int64_t unix_ms(Instant t) { return t.time_since_epoch().count(); }
inline std::int64_t unix_s(Instant t) {
  return std::chrono::floor<seconds>(t).time_since_epoch().count();
}
inline Instant from_unix_ms(std::int64_t ms) { return Instant(milliseconds(ms)); }
inline Instant from_unix_s(std::int64_t s) { return Instant(seconds(s)); }

}  // namespace countersign
