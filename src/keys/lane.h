// Lanes between serve and keyd: memory that both have, and for each lane a word that says whose turn it is (futex(2)).
// A question and its answer cost a wake-up each; through a socket they cost twice as much (bench/keys_bench). What is
// larger than a lane's window crosses in pieces.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "keys/wire.h"

namespace countersign::keys {

inline constexpr std::size_t kLanes = 16;  // questions at once
inline constexpr std::size_t kPieceMax = 32 * 1024 - 8;

// The other side may write anything here at any time: what is read is copied first, by a size that was read once.
struct Window {
  std::atomic<std::uint32_t> turn;
  std::atomic<std::uint32_t> size;  // of the piece; the highest bit: another follows
  std::array<std::uint8_t, kPieceMax> piece;
};
static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && std::atomic<std::uint32_t>::is_always_lock_free);

// The windows of all lanes, in memory without a name that neither side can make smaller, and that no core dump holds.
class LaneMemory {
  int fd_ = -1;
  std::array<Window, kLanes>* windows_ = nullptr;

 public:
  LaneMemory() = default;
  LaneMemory(LaneMemory&& from) noexcept;
  LaneMemory& operator=(LaneMemory&&) = delete;
  ~LaneMemory();

  // unavailable: no memory.
  static Result<LaneMemory> make();
  // Takes over a descriptor that the other side sent.   malformed: it is not such memory, or could be made smaller.
  static Result<LaneMemory> adopt(int fd);

  int fd() const { return fd_; }
  Window& window(std::size_t lane) const { return (*windows_)[lane]; }

 private:
  Result<void> map();
};

enum class Side : std::uint32_t { serve = 0, keyd = 1 };  // fresh memory is zero: serve begins

// One side's end of a lane. Both take turns: who has received the whole of a message sends the next.
class Lane {
 public:
  // Asked again and again while nothing comes, how long that has been: whether to wait on.
  using WaitsOn = std::function<bool(std::chrono::milliseconds waited)>;

 private:
  Window& window_;
  Side side_;
  WaitsOn waits_on_;
  Writer in_, out_;

 public:
  Lane(Window& window, Side side, WaitsOn waits_on)
      : window_(window), side_(side), waits_on_(std::move(waits_on)) {}

  // Gives the first turn to this side; before the other side looks.
  void begin();
  // An empty one, to be filled and sent.
  Writer& message();
  // Sends it; returns once all but the last piece was taken.   unavailable: the other side is gone, or takes nothing.
  // exhausted: over kMessageMax; nothing was sent.
  Result<void> send();
  // The next message, until the next call or wipe().   unavailable: the other side is gone, or nothing came.
  // malformed: what came is no message.
  Result<ByteView> receive();
  void wipe();
  // No more turns: whoever waits at the other end, or at this one, hears so.
  void close();

 private:
  Result<void> await_turn();
  Result<void> pass_turn();
};

}  // namespace countersign::keys
