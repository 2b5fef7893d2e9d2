// The real clock, the real randomness, and what the process asks of its kernel. Made in main and nowhere else.
#pragma once

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::server {

class SystemClock : public Clock {
 public:
  Instant now() const override;
};

// getrandom(2). Thread-safe; aborts where the kernel has none, for nothing may go on without.
class SystemRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// No core dumps, no debugger of the same user, files of the owner's alone, as many descriptors as are allowed, and no
// death by a peer that went away. Secrets are in this memory.
void harden_process();

}  // namespace countersign::server
