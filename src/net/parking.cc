#include "net/parking.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace countersign::net {

void Parking::reset() {
  const std::lock_guard lock(mutex_);
  unparked_ = false;
}

void Parking::unpark() {
  const std::lock_guard lock(mutex_);
  unparked_ = true;
  if (timer_) timer_->cancel();
}

void Parking::close() {
  const std::lock_guard lock(mutex_);
  timer_.reset();
}

Task<void> Parking::park(Steady::time_point until) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(unparked_, false)) co_return;
    timer_->expires_at(until);
  }
  // The wait begins under the lock. Once it has begun the coroutine may go on, and its frame end, on another thread:
  // nothing of the frame is touched after that, hence the copy of `self`.
  auto begin = [self = shared_from_this()](auto handler) mutable {
    const std::shared_ptr<Parking> kept = std::move(self);
    const std::lock_guard lock(kept->mutex_);
    if (kept->unparked_) kept->timer_->expires_at(Steady::time_point::min());
    kept->timer_->async_wait(std::move(handler));
  };
  // A tuple rather than an exception: being cancelled is what unpark() does.
  auto token = asio::as_tuple(asio::use_awaitable_t<Executor>());
  co_await asio::async_initiate<decltype(token), void(ErrorCode)>(std::move(begin), token);
  const std::lock_guard lock(mutex_);
  unparked_ = false;
}

}  // namespace countersign::net
