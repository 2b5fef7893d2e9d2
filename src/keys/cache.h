// Keys that were derived or opened a moment ago, at most so many; everything in it can be made again.
#pragma once

#include <array>
#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace countersign::keys {

// Thread-safe. Two generations a shard: what is used moves to the young one, and when that is full the old one goes.
// Values are shared, because one may be dropped here while another thread still computes with it.
template <class Value>
class Cache {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, std::shared_ptr<const Value>, Hash, std::equal_to<>>;
  struct Shard {
    std::mutex mutex;
    Map young, old;
  };
  static constexpr std::size_t kShards = 16;

  std::array<Shard, kShards> shards_;
  std::size_t generation_max_;

  Shard& shard_of(std::string_view key) { return shards_[Hash()(key) % kShards]; }

 public:
  // Holds at most `capacity` values, rounded up to two a shard.
  explicit Cache(std::size_t capacity) : generation_max_(std::max<std::size_t>(capacity / kShards / 2, 1)) {}

  // nullptr: not here.
  std::shared_ptr<const Value> find(std::string_view key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto young = shard.young.find(key); young != shard.young.end()) return young->second;
    const auto old = shard.old.find(key);
    if (old == shard.old.end()) return nullptr;
    std::shared_ptr<const Value> value = old->second;
    insert(shard, key, value);
    return value;
  }

  void put(std::string_view key, std::shared_ptr<const Value> value) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    insert(shard, key, std::move(value));
  }

  // Drops every value whose key `goes`.
  void drop_if(const std::function<bool(std::string_view key)>& goes) {
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      std::erase_if(shard.young, [&](const auto& one) { return goes(one.first); });
      std::erase_if(shard.old, [&](const auto& one) { return goes(one.first); });
    }
  }

  void clear() {
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      shard.young.clear();
      shard.old.clear();
    }
  }

  std::size_t size() {
    std::size_t count = 0;
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      count += shard.young.size() + shard.old.size();
    }
    return count;
  }

 private:
  void insert(Shard& shard, std::string_view key, std::shared_ptr<const Value> value) {
    if (shard.young.size() >= generation_max_) {
      shard.old = std::move(shard.young);
      shard.young = Map();
    }
    shard.young.insert_or_assign(std::string(key), std::move(value));
  }
};

}  // namespace countersign::keys
