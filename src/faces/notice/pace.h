// How often codes may be tried: from one address, and from all together. A code has 60 random bits, so this keeps the
// store and the keys from being busied rather than a code from being found.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/time.h"

namespace countersign::notice {

inline constexpr int kTriesFromOne = 20;     // a minute
inline constexpr int kTriesFromAll = 1'200;  // a minute

// Thread-safe.
class Pace {
  std::mutex mutex_;
  std::int64_t minute_ = 0;
  int all_ = 0;
  std::unordered_map<std::string, int> of_;  // no more than kTriesFromAll

 public:
  // Counts one. 0, or for how many seconds there have been too many.
  int count(std::string_view address, Instant now);
};

}  // namespace countersign::notice
