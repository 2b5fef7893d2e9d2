// A connection's first half: handshake, head, body.
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/chunked.h"
#include "net/connection.h"
#include "net/http_reply.h"

namespace countersign::net {
namespace {

constexpr std::size_t kScratch = 16 * 1024;      // a TLS record
constexpr std::size_t kKeptCapacity = 4 * 1024;  // of each buffer, while a connection is idle
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::chrono::milliseconds kLinger{2'000};

// What a connection keeps while it is idle holds nothing of its last request: it may be idle for long.
void forget(std::string& buffer) {
  const std::size_t used = buffer.size();
  buffer.resize(buffer.capacity());
  ::explicit_bzero(buffer.data() + used, buffer.size() - used);
  buffer.resize(used);
  if (buffer.capacity() > kKeptCapacity && used < kKeptCapacity) buffer.shrink_to_fit();
}

}  // namespace

Connection::Connection(Shared& shared, Executor executor, Accepted accepted)
    : shared_(shared),
      limits_(shared.options.limits),
      handler_(accepted.handler),
      peer_(std::move(accepted.peer)),
      stream_(std::move(accepted.socket), accepted.tls),
      parking_(std::make_shared<Parking>(executor)),
      entry_(shared.registry, accepted.listener, stream_.fd(), parking_) {}

Connection::~Connection() { parking_->close(); }

Task<void> Connection::run() {
  if (!stream_.is_open() || !co_await handshake()) co_return;
  for (;;) {
    const Read read = co_await read_request();
    if (read == Read::ended) break;
    bool keep = false;
    if (read == Read::refused) {
      bump(shared_.counters.requests_refused);
      head_.keep_alive = false;
      keep = co_await send(refusal_);
    } else {
      bump(shared_.counters.requests);
      keep = co_await answer();
    }
    if (keep) continue;
    if (!gone_ && !entry_.expired()) co_await linger();
    co_return;
  }
  stream_.finish_writing();
}

void Connection::note_phase(Phase phase, std::chrono::milliseconds limit) {
  if (entry_.phase() != phase) entry_.arm(phase, Steady::now() + limit);
}

Task<bool> Connection::handshake() {
  if (!stream_.is_tls()) co_return true;
  note_phase(Phase::handshake, limits_.head);
  Io io = Io::want_read;
  do {
    const auto [error] = co_await stream_.ready(io);
    if (error || entry_.expired()) {
      if (entry_.expired()) bump(shared_.counters.timeouts);
      break;
    }
    io = stream_.handshake();
  } while (io == Io::want_read || io == Io::want_write);
  bump(io == Io::moved ? shared_.counters.tls_handshakes : shared_.counters.tls_failures);
  co_return io == Io::moved;
}

Connection::Read Connection::refuse(int status, std::string_view detail) {
  refusal_ = refusal(status, detail);
  return Read::refused;
}

Connection::Read Connection::refuse_slow(std::string_view detail) {
  bump(shared_.counters.timeouts);
  return refuse(408, detail);
}

Io Connection::pull_now() {
  std::array<char, kScratch> scratch;
  const Moved moved = stream_.read(scratch.data(), scratch.size());
  if (moved.io == Io::moved) {
    in_.append(scratch.data(), moved.n);
    ::explicit_bzero(scratch.data(), moved.n);  // else it stays on this thread's stack
    add(shared_.counters.bytes_in, moved.n);
  }
  return moved.io;
}

// Bytes into in_; Io::moved, closed or failed. The caller looks at entry_.expired().
Task<Io> Connection::pull() {
  Io io = stream_.has_buffered() ? pull_now() : Io::want_read;
  while (io == Io::want_read || io == Io::want_write) {
    const auto [error] = co_await stream_.ready(io);
    if (error || entry_.expired()) co_return Io::failed;
    io = pull_now();
  }
  co_return io;
}

Task<Connection::Read> Connection::read_request() {
  const HeadLimits head_limits{limits_.head_bytes, limits_.headers, limits_.body_bytes};
  entry_.disarm();
  for (;;) {
    const HeadOutcome outcome = parse_head(in_, head_limits, request_);
    if (const auto* bad = std::get_if<BadHead>(&outcome)) co_return refuse(bad->status, bad->detail);
    if (const auto* head = std::get_if<Head>(&outcome)) {
      head_ = *head;
      break;
    }
    const bool idle = is_blank(in_);
    if (idle) {
      if (shared_.draining) co_return Read::ended;
      forget(in_);
      out_.clear();
      forget(out_);
      request_.body.clear();
      forget(request_.body);
    }
    note_phase(idle ? Phase::idle : Phase::head, idle ? limits_.idle : limits_.head);
    const Io io = co_await pull();
    if (entry_.expired()) {
      if (idle && is_blank(in_)) co_return Read::ended;
      co_return refuse_slow("The request head took too long.");
    }
    if (io != Io::moved) co_return Read::ended;
  }
  in_.erase(0, head_.size);
  request_.body.clear();
  if (head_.framing != Framing::none) {
    const Read read = co_await read_body();
    if (read != Read::request) co_return read;
  }
  entry_.disarm();
  request_.peer = peer_;
  request_.received = shared_.clock.now();
  co_return Read::request;
}

Task<bool> Connection::send_continue() {
  if (!head_.expects_continue || !in_.empty()) co_return true;
  co_return co_await write("HTTP/1.1 100 Continue\r\n\r\n");
}

Task<Connection::Read> Connection::read_body() {
  using State = ChunkedDecoder::State;
  ChunkedDecoder decoder(limits_.body_bytes);
  const bool chunked = head_.framing == Framing::chunked;
  bool told = false;
  for (;;) {
    if (chunked) {
      in_.erase(0, decoder.feed(in_, request_.body));
      if (decoder.state() == State::malformed) co_return refuse(400, "The chunked body is malformed.");
      if (decoder.state() == State::too_large) co_return refuse(413, "The request body is too large.");
      if (decoder.state() == State::done) co_return Read::request;
    } else {
      const std::size_t n = std::min(head_.content_length - request_.body.size(), in_.size());
      request_.body.append(in_, 0, n);
      in_.erase(0, n);
      if (request_.body.size() == head_.content_length) co_return Read::request;
    }
    if (!std::exchange(told, true) && !co_await send_continue()) co_return Read::ended;
    note_phase(Phase::body, limits_.body);
    const Io io = co_await pull();
    if (entry_.expired()) co_return refuse_slow("The request body took too long.");
    if (io != Io::moved) co_return Read::ended;
  }
}

// A socket closed with unread bytes sends a reset, which can overtake the reply: read on for a while (RFC 9112 §9.6).
// An empty line after a GET, as libduo sends it, is enough.
Task<void> Connection::linger() {
  stream_.finish_writing();
  entry_.arm(Phase::linger, Steady::now() + kLinger);
  std::array<char, 1024> ignored;
  for (std::size_t taken = 0; taken < kLingerBytes && !entry_.expired();) {
    const ssize_t n = ::recv(stream_.fd(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (n > 0) {
      taken += static_cast<std::size_t>(n);
      continue;
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) co_return;
    const auto [error] = co_await stream_.ready(Io::want_read);
    if (error) co_return;
  }
}

}  // namespace countersign::net
