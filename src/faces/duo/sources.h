// Counts bad signatures by the address they come from (design §2): above a limit they get 429 instead of 401. A request
// with a right signature is always served, so that one broken client takes no other behind the same address with it.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/time.h"

namespace countersign::duo {

inline constexpr int kBadSignaturesMax = 1000;  // a minute and address

class Sources {
 public:
  // Counts one. 0, or for how many seconds this address has had too many.
  int count_bad(std::string_view address, Instant now);

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kAddressesMax = 4096;  // a shard; when full, the minute starts anew

  struct Shard {
    std::mutex mutex;
    std::int64_t minute = 0;
    std::unordered_map<std::string, int> counts;
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace countersign::duo
