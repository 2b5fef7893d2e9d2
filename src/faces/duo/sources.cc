#include "faces/duo/sources.h"

namespace countersign::duo {
namespace {

constexpr std::int64_t kWindow = 60;  // seconds

}  // namespace

int Sources::count_bad(std::string_view address, Instant now) {
  const std::int64_t second = unix_s(now), minute = second / kWindow;
  Shard& shard = shards_[std::hash<std::string_view>{}(address) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.minute != minute || shard.counts.size() >= kAddressesMax) {
    shard.counts.clear();
    shard.minute = minute;
  }
  int& count = shard.counts[std::string(address)];
  if (count < kBadSignaturesMax) {
    ++count;
    return 0;
  }
  return static_cast<int>(kWindow - second % kWindow);
}

}  // namespace countersign::duo
