// A dated request repeated byte for byte gets the first answer again (design §2): a retry by the client's HTTP library,
// or a thief's replay, does nothing a second time. Single use does not rest on this, but on stored state.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "flow/ports.h"
#include "net/http.h"

namespace countersign::duo {

inline constexpr seconds kReplayKept{60};
inline constexpr std::size_t kReplaysMax = 100'000;      // a node
inline constexpr std::size_t kReplayBytesMax = 16 * 1024;  // of one answer; a longer one is not kept
inline constexpr std::size_t kReplaysBytesMax = 32 << 20;  // of all answers, each with kReplayCost beside its body
inline constexpr std::size_t kReplayCost = 320;            // about: entry, order, type and header of an answer

// Thread-safe. A request is named by its application and its MAC, which covers date, method, host, path and parameters.
// An entry is running until its answer is there; a repeat waits for it. Errors of the server (5xx) are not kept, and a
// run that is given up (the client went away while it waited) is run again by the next repeat.
class Replays {
 public:
  explicit Replays(const flow::Ports& ports);

  // Runs `run` for the first of its kind, and answers the others with what it answered.
  net::Reply once(const AppId& app, ByteView mac, std::function<net::Reply()> run);

  std::size_t size() const;

 private:
  struct Key {
    std::array<std::uint8_t, 20> mac;  // the first bytes; nobody without the secret key can choose them
    std::size_t app;                   // hash of the integration key
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  enum class State { running, done };
  struct Entry {
    State state = State::running;
    bool awaited = false;        // a repeat waits for the end
    std::uint64_t turn = 0;      // tells one run from the next under the same key
    Instant end{};               // kept until then
    net::HttpResponse answer;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Entry, KeyHash> entries;
    struct Due {
      Key key;
      std::uint64_t turn;
      Instant look;  // when to see whether the entry's end has come
    };
    std::deque<Due> order;  // by `look`, nearly
    std::uint64_t turns = 0;
    std::size_t bytes = 0;  // of the answers kept
  };
  class Run;

  static constexpr std::size_t kShards = 16;

  Shard& shard_of(const Key& key);
  net::Reply join(const Key& key, const std::function<net::Reply()>& run, Instant until);
  net::Reply watch(net::Reply reply, std::shared_ptr<Run> owner);
  void finish(const Key& key, std::uint64_t turn, const net::HttpResponse& answer);
  void give_up(const Key& key, std::uint64_t turn);
  static void drop_old(Shard& shard, Instant now);
  static void erase(Shard& shard, std::unordered_map<Key, Entry, KeyHash>::iterator at);
  static std::string wake_key(const Key& key);

  const flow::Ports& ports_;
  std::array<Shard, kShards> shards_;
};

}  // namespace countersign::duo
