// How often a question may be asked for one tenant: counted by the keys' side, so that who has taken the server over
// does not empty the keyring in a minute (security.md §2.6). Counts live as long as the process.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::keys {

inline constexpr std::size_t kBudgetsMax = 500'000;  // counts in memory; beyond it nothing budgeted is answered

struct Budget {
  std::uint32_t per_second = 0, per_day = 0;  // both 0: no limit
  bool limits() const { return per_second > 0; }
};

// Thread-safe.
class Budgets {
  struct Spent {
    std::int64_t second = 0;
    std::uint32_t in_second = 0, in_day = 0;
  };
  std::mutex mutex_;
  std::int64_t day_ = 0;
  std::unordered_map<std::string, Spent> spent_;  // by question and tenant, of this day

 public:
  // exhausted: the budget is spent; the text names the question.
  Result<void> spend(std::string_view question, std::string_view tenant, const Budget& budget, Instant now);
};

}  // namespace countersign::keys
