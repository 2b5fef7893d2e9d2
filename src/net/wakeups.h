// Who waits for what: a write wakes a key, and the requests that wait for it look again. No wake is lost between a
// handler's read and its waiting: each waiter says up to where it has seen, and a wake since then counts at once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace countersign::net {

class Wakeups {
 public:
  using Seen = std::uint64_t;
  enum class State { waiting, woken, full };

  // One registration; leaving its scope ends it. `woken`: the key was woken since `since`, nothing was registered.
  // `full`: no room, nothing was registered.
  class Waiter {
   public:
    Waiter(Waiter&& other) noexcept;
    Waiter& operator=(Waiter&&) = delete;
    ~Waiter();
    State state() const { return state_; }

   private:
    friend class Wakeups;
    Waiter(State state, Wakeups* of, std::string key, std::uint64_t id);
    State state_;
    Wakeups* of_;
    std::string key_;
    std::uint64_t id_;
  };

  explicit Wakeups(std::size_t most = 200'000);

  // Take it before reading the state that a wait depends on.
  Seen seen() const { return sequence_.load(std::memory_order_acquire); }

  // Calls `call` once, from the thread that wakes, when `key` is woken. `call` must be quick and must not throw; it
  // may still run once while the Waiter is being destroyed on another thread.
  Waiter wait_for(std::string key, Seen since, std::function<void()> call);

  // The state behind `key` has changed and can be read by everyone. From any thread.
  void wake(std::string_view key);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Call {
    std::uint64_t id;
    std::function<void()> call;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<Call>, Hash, std::equal_to<>> waiting;
    std::array<Seen, 64> last_wake{};  // of the keys of this shard by hash; a collision only makes one look again
  };

  static constexpr std::size_t kShards = 64;

  void remove(const std::string& key, std::uint64_t id);
  Shard& shard_of(std::size_t hash) { return (*shards_)[hash % kShards]; }

  std::size_t most_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> next_id_{1};
  std::atomic<Seen> sequence_{0};
  std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace countersign::net
