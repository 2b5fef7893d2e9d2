#include "faces/notice/pace.h"

namespace countersign::notice {
namespace {

constexpr std::int64_t kWindow = 60;  // seconds

}  // namespace

int Pace::count(std::string_view address, Instant now) {
  const std::int64_t second = unix_s(now), minute = second / kWindow;
  const int left = static_cast<int>(kWindow - second % kWindow);
  const std::lock_guard lock(mutex_);
  if (minute_ != minute) {
    of_.clear();
    all_ = 0;
    minute_ = minute;
  }
  if (all_ >= kTriesFromAll) return left;
  int& one = of_[std::string(address)];
  if (one >= kTriesFromOne) return left;
  ++one;
  ++all_;
  return 0;
}

}  // namespace countersign::notice
