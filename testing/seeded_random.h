// Chance that repeats: the same seed gives the same bytes.
#pragma once

#include <mutex>
#include <random>

#include "core/base/random.h"

namespace countersign::testing {

class SeededRandom : public Random {
  std::mutex mutex_;
  std::mt19937_64 engine_;

 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard lock(mutex_);
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(engine_());
  }
};

}  // namespace countersign::testing
