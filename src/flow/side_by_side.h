// Reads that wait for a disk one after the other, done by a few threads instead. For commands of operators; what
// requests do is one read each.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <thread>

#include "core/base/result.h"

namespace countersign::flow {

inline constexpr std::size_t kSideBySide = 8;  // half of the store's readers

// Calls `each(0)` … `each(count - 1)`, in any order and several at once. The first error ends it.
template <class Each>
Result<void> side_by_side(std::size_t count, const Each& each) {
  std::atomic<std::size_t> next{0};
  std::array<Result<void>, kSideBySide> ends;
  {
    std::array<std::jthread, kSideBySide> threads;
    for (std::size_t t = 0; t < std::min(count, kSideBySide); ++t) {
      threads[t] = std::jthread([&, t] {
        for (std::size_t i = next++; ends[t] && i < count; i = next++) ends[t] = each(i);
        if (!ends[t]) next = count;
      });
    }
  }
  for (Result<void>& end : ends) TRY(std::move(end));
  return {};
}

}  // namespace countersign::flow
