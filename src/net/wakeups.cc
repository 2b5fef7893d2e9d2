#include "net/wakeups.h"

#include <algorithm>
#include <utility>

namespace countersign::net {

Wakeups::Waiter::Waiter(State state, Wakeups* of, std::string key, std::uint64_t id)
    : state_(state), of_(of), key_(std::move(key)), id_(id) {}

Wakeups::Waiter::Waiter(Waiter&& other) noexcept
    : state_(other.state_), of_(std::exchange(other.of_, nullptr)), key_(std::move(other.key_)), id_(other.id_) {}

Wakeups::Waiter::~Waiter() {
  if (of_ != nullptr) of_->remove(key_, id_);
}

Wakeups::Wakeups(std::size_t most) : most_(most), shards_(std::make_unique<std::array<Shard, kShards>>()) {}

Wakeups::Waiter Wakeups::wait_for(std::string key, Seen since, std::function<void()> call) {
  const std::size_t hash = Hash{}(key);
  Shard& shard = shard_of(hash);
  const std::lock_guard lock(shard.mutex);
  if (shard.last_wake[hash / kShards % shard.last_wake.size()] > since) {
    return Waiter(State::woken, nullptr, std::move(key), 0);
  }
  if (waiting_.fetch_add(1) >= most_) {
    waiting_.fetch_sub(1);
    return Waiter(State::full, nullptr, std::move(key), 0);
  }
  const std::uint64_t id = next_id_.fetch_add(1);
  Call entry{id, std::move(call)};
  shard.waiting[key].push_back(std::move(entry));
  return Waiter(State::waiting, this, std::move(key), id);
}

void Wakeups::wake(std::string_view key) {
  const std::size_t hash = Hash{}(key);
  Shard& shard = shard_of(hash);
  std::vector<Call> woken;
  {
    const std::lock_guard lock(shard.mutex);
    shard.last_wake[hash / kShards % shard.last_wake.size()] = sequence_.fetch_add(1, std::memory_order_acq_rel) + 1;
    const auto found = shard.waiting.find(key);
    if (found == shard.waiting.end()) return;
    woken = std::move(found->second);
    shard.waiting.erase(found);
    waiting_.fetch_sub(woken.size());
  }
  for (const Call& entry : woken) entry.call();
}

void Wakeups::remove(const std::string& key, std::uint64_t id) {
  Shard& shard = shard_of(Hash{}(key));
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.waiting.find(key);
  if (found == shard.waiting.end()) return;
  waiting_.fetch_sub(std::erase_if(found->second, [id](const Call& entry) { return entry.id == id; }));
  if (found->second.empty()) shard.waiting.erase(found);
}

}  // namespace countersign::net
