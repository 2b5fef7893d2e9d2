// The control socket: how administrative commands reach the running server, on the same machine and as the same user.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "net/lines.h"

namespace countersign::net {

// Answers one request line with as many lines as it likes, and may read further lines of the request from the reader.
// It blocks as it pleases, on a thread of the connection. Lines that follow are further requests.
using ControlHandler = std::function<void(std::string_view request_line, LineWriter&, LineReader&)>;

inline constexpr std::size_t kControlConnectionsMax = 16;

class ControlSocket {
 public:
  // Listens at `path` (mode 0600) until destroyed. A socket that nobody listens on is replaced. Connections beyond
  // kControlConnectionsMax wait; those of another user than ours or root are closed.
  // conflict: another process listens there, or the path is something other than a socket.   not_found: no such
  // folder.   unavailable: anything else.
  static Result<std::unique_ptr<ControlSocket>> open(const std::string& path, ControlHandler handler);

  // Ends all connections, waits for their handlers to return, and removes the path.
  ~ControlSocket();

 private:
  struct Desk;
  explicit ControlSocket(std::unique_ptr<Desk> desk);
  std::unique_ptr<Desk> desk_;
};

}  // namespace countersign::net
