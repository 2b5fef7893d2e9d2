// Frames over a socket between serve and keyd: length(4, little-endian) ‖ bytes. One question at a time on a lane, so
// nothing stands after a frame.
#pragma once

#include <optional>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "keys/wire.h"

namespace countersign::keys {

inline constexpr std::size_t kFrameLengthSize = 4;

// A frame begins with room for its length.
inline void begin_frame(Writer& to) {
  to.wipe();
  to.number(0, kFrameLengthSize);
}
// Fills the length in and sends all of it.   unavailable: the other side is gone, or takes nothing for too long.
// exhausted: larger than a frame may be.
Result<void> send_frame(int socket, Writer& frame);

// Memory for what comes in, wiped when a frame was read and when it goes.
class FrameReader {
  Bytes buffer_;
  std::size_t used_ = 0;

 public:
  FrameReader();
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader() { wipe(); }

  // The bytes of one frame, until the next call; nullopt: the other side ended.
  // malformed: longer than a frame may be, cut short, or followed by something.   unavailable: nothing came in time.
  Result<std::optional<ByteView>> read(int socket);
  void wipe();

 private:
  Result<bool> fill(int socket, std::size_t until);
};

}  // namespace countersign::keys
