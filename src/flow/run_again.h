// Read, ask the keys, write on the condition that nothing changed; when it did, all again, at most three times.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "flow/ports.h"

namespace countersign::flow {

inline constexpr int kTriesMax = 3;  // design §5

// `round(finish)` makes one try and calls `finish` once; a conflict starts the next round, or ends as unavailable.
template <class T>
void run_again(std::function<void(Done<T> finish)> round, Done<T> done, int tries_left = kTriesMax) {
  // Shared: it outlives this call when another round follows.
  auto shared = std::make_shared<std::function<void(Done<T>)>>(std::move(round));
  (*shared)([shared, done = std::move(done), tries_left](Result<T> out) mutable {
    const bool changed = !out && out.error().code == Errc::conflict;
    if (!changed) return done(std::move(out));
    if (tries_left <= 1) return done(Error{Errc::unavailable, "too many changes at once; try again"});
    run_again<T>(*shared, std::move(done), tries_left - 1);
  });
}

// A write that waits and begins again where it lost a race; at most three times. Never from a face's worker thread.
Result<void> write_again(store::Store& store, const store::Flow& flow);

}  // namespace countersign::flow
