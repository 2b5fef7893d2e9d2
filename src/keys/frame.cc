#include "keys/frame.h"

#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace countersign::keys {
namespace {

constexpr std::size_t kBufferSize = 16 * 1024;  // most questions and answers

Error gone() { return {Errc::unavailable, "the keys' process is away"}; }

}  // namespace

Result<void> send_frame(int socket, Writer& frame) {
  const std::size_t size = frame.view().size() - kFrameLengthSize;
  if (size > kFrameMax) return Error{Errc::exhausted, "more than 4 MiB at once through the keys' process"};
  frame.number_at(0, static_cast<std::uint32_t>(size));
  for (ByteView rest = frame.view(); !rest.empty();) {
    const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return gone();
    rest = rest.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

FrameReader::FrameReader() : buffer_(kBufferSize) {}

void FrameReader::wipe() {
  if (used_ > 0) ::explicit_bzero(buffer_.data(), used_);
  used_ = 0;
}

// false: the other side ended before the first byte.
Result<bool> FrameReader::fill(int socket, std::size_t until) {
  while (used_ < until) {
    const ssize_t got = ::recv(socket, buffer_.data() + used_, buffer_.size() - used_, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ECONNRESET) return false;
    if (got < 0) return gone();
    if (got == 0 && used_ == 0) return false;
    if (got == 0) return Error{Errc::malformed, "a frame is cut short"};
    used_ += static_cast<std::size_t>(got);
  }
  return true;
}

Result<std::optional<ByteView>> FrameReader::read(int socket) {
  wipe();
  if (!TRY(fill(socket, kFrameLengthSize))) return std::optional<ByteView>();
  const std::size_t size = Reader(buffer_).number(kFrameLengthSize);
  if (size > kFrameMax) return Error{Errc::malformed, "a frame is longer than 4 MiB"};
  const std::size_t whole = kFrameLengthSize + size;
  if (whole > buffer_.size()) {
    Bytes larger(whole);
    std::copy_n(buffer_.begin(), used_, larger.begin());
    larger.swap(buffer_);
    ::explicit_bzero(larger.data(), used_);
  }
  if (!TRY(fill(socket, whole))) return Error{Errc::malformed, "a frame is cut short"};
  if (used_ != whole) return Error{Errc::malformed, "something stands after a frame"};
  return std::optional(ByteView(buffer_).subspan(kFrameLengthSize, size));
}

}  // namespace countersign::keys
