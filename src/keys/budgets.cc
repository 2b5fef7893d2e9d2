#include "keys/budgets.h"

namespace countersign::keys {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

}  // namespace

Result<void> Budgets::spend(std::string_view question, std::string_view tenant, const Budget& budget, Instant now) {
  if (!budget.limits()) return {};
  const std::int64_t second = unix_s(now);
  const std::string key = std::string(question).append("/").append(tenant);
  const std::lock_guard lock(mutex_);
  if (day_ != second / kDaySeconds) {
    day_ = second / kDaySeconds;
    spent_.clear();
  }
  if (spent_.size() >= kBudgetsMax && !spent_.contains(key)) return Error{Errc::exhausted, "too many tenants a day"};
  Spent& spent = spent_[key];
  if (spent.second != second) {
    spent.second = second;
    spent.in_second = 0;
  }
  if (spent.in_second >= budget.per_second || spent.in_day >= budget.per_day) {
    return Error{Errc::exhausted, "the keys answer " + std::string(question) + " no more often for this tenant"};
  }
  ++spent.in_second;
  ++spent.in_day;
  return {};
}

}  // namespace countersign::keys
