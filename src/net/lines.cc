#include "net/lines.h"

#include <string.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace countersign::net {

std::optional<std::uint32_t> LineReader::peer_uid() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

Result<std::optional<std::string>> LineReader::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos && end <= kLineMax) {
      std::optional<std::string> line(buffer_.substr(0, end));
      buffer_.erase(0, end + 1);
      scanned_ = 0;
      if (line->ends_with('\r')) line->pop_back();
      return line;
    }
    scanned_ = buffer_.size();
    if (scanned_ > kLineMax) return Error{Errc::malformed, "a line is longer than 1 MiB"};
    std::array<char, 8192> bytes;
    const ssize_t n = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (n > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(n));
      ::explicit_bzero(bytes.data(), static_cast<std::size_t>(n));  // else it stays on this thread's stack
    } else if (n == 0) {
      if (!buffer_.empty()) return Error{Errc::malformed, "the last line was cut off"};
      return std::optional<std::string>();
    } else if (errno != EINTR) {
      return Error{Errc::unavailable, "reading failed: " + std::system_category().message(errno)};
    }
  }
}

Result<void> LineWriter::write(std::string_view line) {
  if (line.size() > kLineMax || line.find('\n') != std::string_view::npos) {
    return Error{Errc::malformed, "not one line of at most 1 MiB"};
  }
  buffer_.assign(line);
  buffer_.push_back('\n');
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t n = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Error{Errc::unavailable, "writing failed: " + std::system_category().message(errno)};
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace countersign::net
