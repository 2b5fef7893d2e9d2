#include "faces/duo/replay.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "core/codec/hex.h"

namespace countersign::duo {
namespace {

constexpr int kServerError = 500;
constexpr milliseconds kQuick{1000};

}  // namespace

// One run of a request. Destroyed without an answer, it is given up.
class Replays::Run {
 public:
  Run(Replays& of, const Key& key, std::uint64_t turn) : of_(of), key_(key), turn_(turn) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    if (!ended_) of_.give_up(key_, turn_);
  }
  void end(const net::HttpResponse& answer) {
    ended_ = true;
    of_.finish(key_, turn_, answer);
  }

 private:
  Replays& of_;
  Key key_;
  std::uint64_t turn_;
  bool ended_ = false;
};

std::size_t Replays::KeyHash::operator()(const Key& key) const {
  return std::hash<std::string_view>{}(text_of(ByteView(key.mac))) ^ key.app;
}

Replays::Replays(const flow::Ports& ports) : ports_(ports) {}

Replays::Shard& Replays::shard_of(const Key& key) { return shards_[key.mac[0] % kShards]; }

std::string Replays::wake_key(const Key& key) { return "duo-replay/" + codec::to_hex(key.mac); }

std::size_t Replays::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.entries.size();
  }
  return sum;
}

net::Reply Replays::once(const AppId& app, ByteView mac, std::function<net::Reply()> run) {
  Key key{};
  std::copy_n(mac.begin(), std::min(mac.size(), key.mac.size()), key.mac.begin());
  key.app = std::hash<AppId>{}(app);
  return join(key, run, ports_.clock.now() + kReplayKept);
}

// Becomes the runner, or waits until `until` at the longest for whoever is.
net::Reply Replays::join(const Key& key, const std::function<net::Reply()>& run, Instant until) {
  const Instant now = ports_.clock.now();
  Shard& shard = shard_of(key);
  std::uint64_t turn = 0;
  {
    const std::lock_guard lock(shard.mutex);
    drop_old(shard, now);
    const auto old = shard.entries.find(key);
    if (old != shard.entries.end() && old->second.state == State::done) {
      if (now < old->second.end) return old->second.answer;
      erase(shard, old);
    }
    const auto [at, first] = shard.entries.try_emplace(key);
    Entry& entry = at->second;
    if (!first && now < until) {
      entry.awaited = true;
      return net::Wait{wake_key(key), until, [this, key, run, until] { return join(key, run, until); }};
    }
    turn = entry.turn = ++shard.turns;
    entry.state = State::running;
    entry.end = now + kReplayKept;
    shard.order.push_back({key, turn, entry.end});
  }
  auto owner = std::make_shared<Run>(*this, key, turn);  // shared: the closures of a reply must be copyable
  return watch(run(), std::move(owner));
}

// Passes a reply on and takes down the answer it ends in.
net::Reply Replays::watch(net::Reply reply, std::shared_ptr<Run> owner) {
  if (auto* answer = std::get_if<net::HttpResponse>(&reply)) {
    owner->end(*answer);
  } else if (auto* wait = std::get_if<net::Wait>(&reply)) {
    wait->again = [this, owner, again = std::move(wait->again)] { return watch(again(), owner); };
    if (wait->over) wait->over = [this, owner, over = std::move(wait->over)] { return watch(over(), owner); };
  } else if (auto* rest = std::get_if<net::Rest>(&reply)) {
    rest->run = [this, owner, run = std::move(rest->run)] { return watch(run(), owner); };
  } else if (auto* commit = std::get_if<net::Committing>(&reply)) {
    commit->start = [this, owner, start = std::move(commit->start)](std::function<void(net::Reply)> done) {
      start([this, owner, done = std::move(done)](net::Reply out) { done(watch(std::move(out), owner)); });
    };
  }
  return reply;
}

void Replays::finish(const Key& key, std::uint64_t turn, const net::HttpResponse& answer) {
  const bool keep = answer.status < kServerError && answer.body.size() <= kReplayBytesMax;
  if (!keep) return give_up(key, turn);
  Shard& shard = shard_of(key);
  bool awaited = false;
  {
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.entries.find(key);
    if (at == shard.entries.end() || at->second.turn != turn) return;
    awaited = at->second.awaited;
    at->second.state = State::done;
    at->second.answer = answer;
    shard.bytes += answer.body.size() + kReplayCost;
    // A quick answer keeps the end it has, so that its place in the order is looked at once only.
    const Instant end = ports_.clock.now() + kReplayKept;
    if (end - at->second.end > kQuick) at->second.end = end;
  }
  if (awaited) ports_.wake(wake_key(key));
}

void Replays::give_up(const Key& key, std::uint64_t turn) {
  Shard& shard = shard_of(key);
  {
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.entries.find(key);
    if (at == shard.entries.end() || at->second.turn != turn) return;
    erase(shard, at);
  }
  ports_.wake(wake_key(key));
}

void Replays::erase(Shard& shard, std::unordered_map<Key, Entry, KeyHash>::iterator at) {
  if (at->second.state == State::done) shard.bytes -= at->second.answer.body.size() + kReplayCost;
  shard.entries.erase(at);
}

void Replays::drop_old(Shard& shard, Instant now) {
  while (!shard.order.empty()) {
    const Shard::Due due = shard.order.front();
    const bool full = shard.order.size() >= kReplaysMax / kShards || shard.bytes > kReplaysBytesMax / kShards;
    if (now < due.look && !full) return;
    shard.order.pop_front();
    const auto at = shard.entries.find(due.key);
    if (at == shard.entries.end() || at->second.turn != due.turn) continue;
    const bool running = at->second.state == State::running;
    if (full || (!running && at->second.end <= now)) {
      erase(shard, at);
    } else {
      shard.order.push_back({due.key, due.turn, running ? now + kReplayKept : at->second.end});
    }
  }
}

}  // namespace countersign::duo
