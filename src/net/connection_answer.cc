// A connection's second half: the handler, what it may answer, and the bytes of the answer.
#include <algorithm>
#include <utility>

#include "net/connection.h"
#include "net/http_reply.h"

namespace countersign::net {
namespace {

constexpr std::size_t kOneWrite = 16 * 1024;  // head and body go out together up to a TLS record
constexpr std::size_t kSlowestRate = 16 * 1024;  // bytes a second that a reader must take
constexpr std::string_view kFailed = "The server failed; the failure has been recorded.";

}  // namespace

// Where a commit puts its reply. Shared by the connection that waits and the promise that the commit holds; whoever
// ends first leaves the other a valid object.
class Connection::Slot {
 public:
  explicit Slot(std::shared_ptr<Parking> parking) : parking_(std::move(parking)) {}

  void fill(Reply reply) {
    {
      const std::lock_guard lock(mutex_);
      if (filled_) return;
      filled_ = true;
      reply_.emplace(std::move(reply));
    }
    parking_->unpark();
  }

  // The promise is gone: nothing will come any more.
  void give_up() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(filled_, true)) return;
    }
    parking_->unpark();
  }

  bool is_filled() {
    const std::lock_guard lock(mutex_);
    return filled_;
  }
  std::optional<Reply> take() {
    const std::lock_guard lock(mutex_);
    return std::move(reply_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Parking> parking_;
  bool filled_ = false;
  std::optional<Reply> reply_;
};

// What a commit holds; if it is dropped unkept the connection hears of it.
class Connection::Promise {
 public:
  explicit Promise(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  ~Promise() { slot_->give_up(); }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  void keep(Reply reply) { slot_->fill(std::move(reply)); }

 private:
  std::shared_ptr<Slot> slot_;
};

namespace {

class Counted {
 public:
  explicit Counted(Counters::Count& count) : count_(count) { bump(count_); }
  ~Counted() { count_.fetch_sub(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Counters::Count& count_;
};

void append_piece(std::string& out, std::string_view data, BodyForm form) {
  if (form != BodyForm::chunked) {
    out += data;
    return;
  }
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string size;
  for (std::size_t n = data.size(); n > 0; n /= 16) size.insert(size.begin(), kHex[n % 16]);
  out += size;
  out += "\r\n";
  out += data;
  out += "\r\n";
}

}  // namespace

// The one place where exceptions of handlers end. False: there was one.
template <class F>
bool Connection::attempt(F&& call) {
  try {
    call();
    return true;
  } catch (...) {  // whatever it is: its text may hold what must not be logged
    bump(shared_.counters.handler_failures);
    shared_.tell("http.handler_threw");
    return false;
  }
}

Steady::time_point Connection::steady(Instant until) const {
  static constexpr milliseconds kLeast{1};
  static constexpr milliseconds kMost{std::chrono::hours(24)};
  return Steady::now() + std::clamp<milliseconds>(until - shared_.clock.now(), kLeast, kMost);
}

Task<bool> Connection::answer() {
  seen_ = shared_.wakeups.seen();
  Reply reply;
  if (!attempt([&] { reply = handler_(request_); })) reply = refusal(500, kFailed);
  for (;;) {
    if (auto* response = std::get_if<HttpResponse>(&reply)) {
      co_return co_await send(*response);
    }
    if (auto* events = std::get_if<EventStream>(&reply)) {
      co_return co_await stream(std::move(*events));
    }
    if (auto* waiting = std::get_if<Wait>(&reply)) {
      Reply next = co_await wait(std::move(*waiting));
      reply = std::move(next);
    } else if (auto* committing = std::get_if<Committing>(&reply)) {
      Reply next = co_await commit(std::move(*committing));
      reply = std::move(next);
    } else if (auto* rest = std::get_if<Rest>(&reply)) {
      Reply next;
      if (!attempt([&] { next = rest->run(); })) next = refusal(500, kFailed);
      reply = std::move(next);
    }
  }
}

Task<Reply> Connection::wait(Wait wait) {
  const Counted counted(shared_.counters.waits_open);
  parking_->reset();
  entry_.arm(Phase::waiting, Registry::Time::max());
  {
    auto wake = [parking = parking_] { parking->unpark(); };
    const Wakeups::Waiter waiter = shared_.wakeups.wait_for(std::move(wait.key), seen_, std::move(wake));
    if (waiter.state() == Wakeups::State::full) co_return refusal(503, "Too many requests are waiting.");
    const bool is_over = entry_.expired() || (shared_.draining && wait.over);
    if (waiter.state() == Wakeups::State::waiting && !is_over) co_await parking_->park(steady(wait.until));
  }
  entry_.disarm();
  if (entry_.expired()) co_return refusal(503, "The server is stopping.");
  seen_ = shared_.wakeups.seen();
  const auto& next = shared_.draining && wait.over ? wait.over : wait.again;
  Reply reply;
  if (!attempt([&] { reply = next(); })) reply = refusal(500, kFailed);
  co_return reply;
}

void Connection::start(const Committing& committing, const std::shared_ptr<Slot>& slot) {
  // Shared by the copies that a std::function makes of the callback; the last of them gone is the promise dropped.
  const auto promise = std::make_shared<Promise>(slot);
  const auto begin = [&] { committing.start([promise](Reply reply) { promise->keep(std::move(reply)); }); };
  if (!attempt(begin)) promise->keep(refusal(500, kFailed));
}

Task<Reply> Connection::commit(Committing committing) {
  const auto deadline = Steady::now() + limits_.commit;
  const auto slot = std::make_shared<Slot>(parking_);
  parking_->reset();
  entry_.arm(Phase::waiting, Registry::Time::max());
  start(committing, slot);
  committing.start = nullptr;
  while (!slot->is_filled() && !entry_.expired() && Steady::now() < deadline) co_await parking_->park(deadline);
  entry_.disarm();
  if (auto reply = slot->take()) co_return std::move(*reply);
  if (!slot->is_filled()) {
    co_return refusal(503, "The change was not confirmed in time; it may or may not have happened.");
  }
  bump(shared_.counters.handler_failures);
  shared_.tell("http.reply_dropped");
  co_return refusal(500, kFailed);
}

Task<bool> Connection::stream(EventStream events) {
  const Counted counted(shared_.counters.waits_open);
  HttpResponse opening;
  opening.content_type = "text/event-stream";
  ReplyContext context = this->context();
  context.form = head_.http_1_0 ? BodyForm::until_close : BodyForm::chunked;
  context.keep_alive = context.keep_alive && !head_.http_1_0;
  begin_reply(opening, context);
  if (request_.method != "HEAD") {
    auto heartbeat = Steady::now() + limits_.heartbeat;
    for (;;) {
      seen_ = shared_.wakeups.seen();
      std::string data;
      if (!attempt([&] { data = events.next(); })) {
        gone_ = true;  // no last chunk: the client sees that it was cut off
        co_return false;
      }
      if (data.empty() && Steady::now() >= heartbeat) data = ": \n\n";
      if (!data.empty()) {
        heartbeat = Steady::now() + limits_.heartbeat;
        append_piece(out_, data, context.form);
      }
      if (!co_await write(out_)) co_return false;
      out_.clear();
      if (shared_.draining || entry_.expired() || shared_.clock.now() >= events.until) break;
      co_await wait_for_event(events, heartbeat);
    }
    if (context.form == BodyForm::chunked) out_ += "0\r\n\r\n";
  }
  const bool sent = co_await write(out_);
  co_return sent && context.keep_alive;
}

Task<void> Connection::wait_for_event(const EventStream& events, Steady::time_point heartbeat) {
  parking_->reset();
  entry_.arm(Phase::waiting, Registry::Time::max());
  auto wake = [parking = parking_] { parking->unpark(); };
  const Wakeups::Waiter waiter = shared_.wakeups.wait_for(events.key, seen_, std::move(wake));
  const bool looks_again = shared_.draining || entry_.expired() || waiter.state() == Wakeups::State::woken;
  if (!looks_again) co_await parking_->park(std::min(heartbeat, steady(events.until)));
  entry_.disarm();
}

ReplyContext Connection::context() const {
  ReplyContext context;
  context.now = shared_.clock.now();
  context.tls = stream_.is_tls();
  context.http_1_0 = head_.http_1_0;
  context.keep_alive = head_.keep_alive && !shared_.draining;
  return context;
}

void Connection::begin_reply(const HttpResponse& reply, const ReplyContext& context) {
  out_.clear();
  append_head(out_, reply, context);
  bump(shared_.counters.responses[static_cast<std::size_t>(reply.status / 100 - 1)]);
  if (reply.status == 429) bump(shared_.counters.too_many_requests);
}

Task<bool> Connection::send(const HttpResponse& given) {
  HttpResponse unsendable;
  if (!is_sendable(given)) {
    shared_.tell("http.reply_malformed");
    bump(shared_.counters.handler_failures);
    unsendable = refusal(500, kFailed);
  }
  const HttpResponse& reply = unsendable.body.empty() ? given : unsendable;
  ReplyContext context = this->context();
  if (wants_close(reply)) context.keep_alive = false;
  begin_reply(reply, context);
  std::string_view body = reply.body;
  if (request_.method == "HEAD" || reply.status == 204 || reply.status == 304) body = {};
  const std::size_t together = out_.size() < kOneWrite ? std::min(body.size(), kOneWrite - out_.size()) : 0;
  out_ += body.substr(0, together);
  body.remove_prefix(together);
  std::string_view now = out_;
  bool sent = write_now(now);
  if (sent && !now.empty()) sent = co_await write(now);
  if (sent && !body.empty()) sent = co_await write(body);
  co_return sent && context.keep_alive;
}

// What the socket takes at once leaves `data`; false: the connection is gone.
bool Connection::write_now(std::string_view& data) {
  while (!data.empty()) {
    const Moved moved = stream_.write(data);
    if (moved.io != Io::moved) {
      want_ = moved.io;
      gone_ = moved.io != Io::want_read && moved.io != Io::want_write;
      return !gone_;
    }
    add(shared_.counters.bytes_out, moved.n);
    data.remove_prefix(moved.n);
  }
  return true;
}

Task<bool> Connection::write(std::string_view data) {
  const auto slowest = std::chrono::milliseconds(data.size() * 1000 / kSlowestRate);
  const auto deadline = Steady::now() + limits_.write + slowest;
  bool open = write_now(data);
  while (open && !data.empty()) {
    entry_.arm(Phase::write, deadline);
    const auto [error] = co_await stream_.ready(want_);
    if (error || entry_.expired()) {
      bump(shared_.counters.timeouts);
      gone_ = true;
      co_return false;
    }
    open = write_now(data);
  }
  entry_.disarm();
  co_return open;
}

}  // namespace countersign::net
