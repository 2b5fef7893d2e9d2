// Applications read before, since every request begins with one. Only for a server that alone writes its database: a
// change made here is seen at once, one made by another node would not be.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/identity/application.h"
#include "keys/cache.h"

namespace countersign::flow {

inline constexpr std::size_t kAppsCached = 16'384;

// Thread-safe.
class AppCache {
  struct Entry {
    Application app;
    std::uint64_t generation = 0;
  };

  keys::Cache<Entry> entries_{kAppsCached};
  std::atomic<std::uint64_t> generation_ = 0;

 public:
  std::optional<Application> find(const AppId& id) {
    const auto entry = entries_.find(id.text());
    return entry && entry->generation == generation() ? std::optional(entry->app) : std::nullopt;
  }

  // What a reader notes before it reads, so that a change in between is not overlooked.
  std::uint64_t generation() const { return generation_.load(); }
  void put(const Application& app, std::uint64_t generation) {
    entries_.put(app.id.text(), std::make_shared<const Entry>(Entry{app, generation}));
  }

  // After the commit of any change to an application.
  void changed() { ++generation_; }
};

}  // namespace countersign::flow
