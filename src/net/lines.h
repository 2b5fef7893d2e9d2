// Lines over a connected stream socket, with a limit: the protocol of the control socket, both ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign::net {

inline constexpr std::size_t kLineMax = 1024 * 1024;

// Reads what the other side sends, line by line. Blocking; one thread at a time.
class LineReader {
 public:
  // The socket stays the caller's.
  explicit LineReader(int socket) : socket_(socket) {}

  // The next line without its "\n" (and "\r"); nothing at the end of what is sent.
  // malformed: longer than kLineMax, or the last line has no end.   unavailable: the connection broke or timed out.
  Result<std::optional<std::string>> next();

  // The account of the process at the other end of a Unix socket; nothing for any other.
  std::optional<std::uint32_t> peer_uid() const;

 private:
  int socket_;
  std::string buffer_;
  std::size_t scanned_ = 0;  // of buffer_, known to hold no line end
};

// Writes lines. Blocking; one thread at a time.
class LineWriter {
 public:
  explicit LineWriter(int socket) : socket_(socket) {}

  // Adds the "\n". malformed: the line has one in it, or is longer than kLineMax.   unavailable: nobody reads.
  Result<void> write(std::string_view line);

 private:
  int socket_;
  std::string buffer_;
};

}  // namespace countersign::net
