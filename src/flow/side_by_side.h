// Reads that wait for a disk one after the other, done by a few threads instead. For commands of operators; what
// requests do is one read each.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <future>
#include <vector>

#include "core/base/result.h"

namespace countersign::flow {

inline constexpr std::size_t kSideBySide = 8;  // half of the store's readers

// Calls `each(0)` … `each(count - 1)`, in any order and several at once. The first error ends it; what is thrown is
// thrown here.
template <class Each>
Result<void> side_by_side(std::size_t count, const Each& each) {
  std::atomic<std::size_t> next{0};
  const auto work = [&]() -> Result<void> {
    for (std::size_t i = next++; i < count; i = next++) {
      Result<void> done = each(i);
      if (done) continue;
      next = count;
      return done;
    }
    return {};
  };
  std::vector<std::future<Result<void>>> workers;
  while (workers.size() < std::min(count, kSideBySide)) workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) TRY(worker.get());  // those left are waited for when they go
  return {};
}

}  // namespace countersign::flow
