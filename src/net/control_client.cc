#include "net/control_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/unix_address.h"

namespace countersign::net {

struct ControlClient::Line {
  explicit Line(Descriptor connected) : socket(std::move(connected)), reader(socket.get()), writer(socket.get()) {}
  Descriptor socket;
  LineReader reader;
  LineWriter writer;
};

ControlClient::ControlClient(std::unique_ptr<Line> line) : line_(std::move(line)) {}
ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient& ControlClient::operator=(ControlClient&&) noexcept = default;
ControlClient::~ControlClient() = default;

Result<ControlClient> ControlClient::connect(const std::string& path) {
  auto address = UnixAddress::of(path);
  if (!address) return Error{Errc::unavailable, "no server at " + path + " (" + address.error().what + ")"};
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error{Errc::unavailable, with_errno("cannot make a socket")};
  if (::connect(socket.get(), address->get(), address->size()) != 0) {
    return Error{Errc::unavailable, with_errno("no server listens at " + path)};
  }
  return ControlClient(std::make_unique<Line>(std::move(socket)));
}

Result<void> ControlClient::send(std::string_view line) { return line_->writer.write(line); }
Result<std::optional<std::string>> ControlClient::next() { return line_->reader.next(); }
void ControlClient::finish() { ::shutdown(line_->socket.get(), SHUT_WR); }

}  // namespace countersign::net
