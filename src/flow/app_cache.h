// Applications read a moment ago: every request begins with one. A change on this node is seen at once, one on another
// node within a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/identity/application.h"
#include "keys/cache.h"

namespace countersign::flow {

inline constexpr milliseconds kAppFresh{1000};
inline constexpr std::size_t kAppsCached = 16'384;

// Thread-safe.
class AppCache {
  struct Entry {
    Application app;
    Instant read{};
    std::uint64_t generation = 0;
  };

  keys::Cache<Entry> entries_{kAppsCached};
  std::atomic<std::uint64_t> generation_ = 0;

 public:
  std::optional<Application> find(const AppId& id, Instant now) {
    const auto entry = entries_.find(id.text());
    if (!entry || entry->generation != generation()) return std::nullopt;
    const bool fresh = now >= entry->read && now < entry->read + kAppFresh;
    return fresh ? std::optional(entry->app) : std::nullopt;
  }

  // What a reader notes before it reads, so that a change in between is not overlooked.
  std::uint64_t generation() const { return generation_.load(); }
  void put(const Application& app, Instant now, std::uint64_t generation) {
    entries_.put(app.id.text(), std::make_shared<const Entry>(Entry{app, now, generation}));
  }

  // After the commit of any change to an application.
  void changed() { ++generation_; }
};

}  // namespace countersign::flow
