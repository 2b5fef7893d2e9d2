#include "server/dispatcher.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::server {
namespace {

constexpr int kSenders = 3;
constexpr int kBatch = 64;                // claimed and not yet sent, at most
constexpr seconds kLease{20};             // of a claimed look; the timeout of a message stays well below
constexpr milliseconds kAtLatest{1'000};  // how soon a look is found that nobody was woken for
constexpr std::size_t kPausesMax = 256;
constexpr int kPauseDoublingsMax = 3;  // 8 s: a look lives for a minute

}  // namespace

seconds Pauses::left(const std::string& origin, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = of_.find(origin);
  if (found == of_.end() || found->second.until <= now) return seconds(0);
  return std::chrono::ceil<seconds>(found->second.until - now);
}

bool Pauses::failed(const std::string& origin, Instant now) {
  const std::lock_guard lock(mutex_);
  if (of_.size() >= kPausesMax && !of_.contains(origin)) of_.clear();
  Pause& pause = of_[origin];
  pause.until = now + seconds(1 << std::min(pause.failures, kPauseDoublingsMax));
  return pause.failures++ == 0;
}

void Pauses::worked(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  of_.erase(origin);
}

Dispatcher::Dispatcher(DispatcherPorts ports, push::SenderOptions options)
    : ports_(ports), options_(std::move(options)) {
  threads_.emplace_back([this] { claim_all(); });
  for (int i = 0; i < kSenders; ++i) threads_.emplace_back([this] { send_all(); });
}

Dispatcher::~Dispatcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  claim_.notify_all();
  send_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Dispatcher::poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  claim_.notify_one();
}

void Dispatcher::claim_all() {
  for (;;) {
    const net::Wakeups::Seen seen = ports_.wakeups.seen();
    while (fill()) continue;
    const auto waiter = ports_.wakeups.wait_for(std::string(flow::kOutboxKey), seen, [this] { poke(); });
    std::unique_lock lock(mutex_);
    if (waiter.state() != net::Wakeups::State::woken) {
      claim_.wait_for(lock, kAtLatest, [this] { return stopping_ || poked_; });
    }
    if (stopping_) return;
    poked_ = false;
  }
}

// Claims what there is room for; true when there may be more and room for it.
bool Dispatcher::fill() {
  int room = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    room = kBatch - static_cast<int>(claimed_.size());
  }
  if (room <= 0) return false;
  auto looks = flow::claim_looks(ports_.flow, room, kLease);
  if (!looks) {
    ports_.log.warn("push.not_claimed", oplog::field(record::detail, looks.error().what));
    return false;
  }
  const bool more = static_cast<int>(looks->size()) == room;
  {
    const std::lock_guard lock(mutex_);
    for (store::OutboxRow& look : *looks) claimed_.push_back(std::move(look));
  }
  if (!looks->empty()) send_.notify_all();
  return more;
}

bool Dispatcher::take(store::OutboxRow& look) {
  bool last = false;
  {
    std::unique_lock lock(mutex_);
    send_.wait(lock, [this] { return stopping_ || !claimed_.empty(); });
    if (stopping_) return false;  // what is left comes again when its lease ends
    look = std::move(claimed_.front());
    claimed_.pop_front();
    last = claimed_.empty();
  }
  if (last) poke();
  return true;
}

void Dispatcher::send_all() {
  push::WebPush sender({ports_.vapid, ports_.flow.settings.push_services, ports_.flow.random, ports_.flow.clock},
                       options_);
  store::OutboxRow look;
  while (take(look)) send(sender, look);
}

void Dispatcher::send(push::WebPush& sender, const store::OutboxRow& look) {
  // `due` is where the lease ends; beyond it somebody else may send.
  if (ports_.flow.clock.now() + options_.timeout >= look.due) return;
  const auto open = flow::open_subscription(ports_.flow, look.tenant, look.phone);
  if (!open) {
    if (open.error().code == Errc::unavailable) return;
    // not_found: the phone wants no messages any more. Else the row was altered, and no try would help.
    return settle(look, nullptr, {.end = flow::LookEnd::hopeless});
  }
  settle(look, &open->stored, try_to_send(sender, look, open->subscription));
}

flow::Settled Dispatcher::try_to_send(push::WebPush& sender, const store::OutboxRow& look,
                                      const webpush::Subscription& to) {
  const Instant now = ports_.flow.clock.now();
  const auto endpoint = webpush::parse_endpoint(to.endpoint);
  const std::string origin = endpoint ? endpoint->origin() : "";
  if (const seconds left = pauses_.left(origin, now); left.count() > 0) {
    return {.end = flow::LookEnd::later, .not_before = left};
  }
  const seconds lifetime = std::chrono::ceil<seconds>(look.expires - now);
  const push::Outcome outcome = sender.send(to, {.topic = look.topic, .lifetime = lifetime});
  if (outcome.end != push::End::unreachable) pauses_.worked(origin);
  switch (outcome.end) {
    case push::End::accepted: ++ports_.counts.sent; return {.end = flow::LookEnd::sent};
    case push::End::gone: ++ports_.counts.gone; return {.end = flow::LookEnd::gone};
    case push::End::too_large:
    case push::End::rejected:
      ++ports_.counts.failed;
      ports_.log.warn("push.rejected", oplog::field(record::status, outcome.status),
                      oplog::field(record::detail, origin));
      return {.end = flow::LookEnd::hopeless};
    case push::End::retry_later:
      ++ports_.counts.failed;
      return {.end = flow::LookEnd::later, .not_before = outcome.retry_after};
    case push::End::unreachable:
      ++ports_.counts.failed;
      if (pauses_.failed(origin, ports_.flow.clock.now())) {
        ports_.log.warn("push.unreachable", oplog::field(record::detail, origin));
      }
      return {.end = flow::LookEnd::later};
  }
  std::abort();
}

void Dispatcher::settle(const store::OutboxRow& look, const store::StoredSubscription* to, flow::Settled settled) {
  oplog::Log& log = ports_.log;  // outlives this object, as the store's threads may need it
  flow::settle_look(ports_.flow, look, to, settled, [&log](Result<void> done) {
    // The look comes again when its lease ends.
    if (!done) log.warn("push.not_settled", oplog::field(record::detail, done.error().what));
  });
}

}  // namespace countersign::server
