// Budgets against prompt bombing (security §4.2): how often a person may be asked, and when a source is a campaign.
// Pure values: a step takes the old and gives the new; flows store them on the condition that nobody was faster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::policy {

inline constexpr int kUnansweredShortMax = 3;               // in kShortWindow
inline constexpr int kUnansweredLongMax = 5;                // in kLongWindow
inline constexpr std::chrono::minutes kShortWindow{10};
inline constexpr std::chrono::hours kLongWindow{24};
inline constexpr std::chrono::hours kPullOnlyFirst{1};      // doubles each time …
inline constexpr std::chrono::hours kPullOnlyMost{24};      // … up to this
inline constexpr int kCampaignUsers = 20;                   // different users asked from one source …
inline constexpr std::chrono::minutes kCampaignWindow{10};  // … within this
inline constexpr std::chrono::hours kSourceBlocked{1};

enum class Asked { unanswered, denied, wrong_number, approved };

// One user's, over all applications.
struct UserBudget {
  std::vector<Instant> failed;     // requests that ended unanswered, denied or with a wrong number; newest last
  Instant pull_only_until{};       // no notification before
  int steps = 0;                   // how often in a row it came to that
  std::vector<Instant> denials;    // without "not me"; two within a day protect the account, softly

  bool operator==(const UserBudget&) const = default;
};
// Whether a notification may be sent now; the request may wait in the authenticator in any case.
bool may_notify(const UserBudget& budget, Instant now);
UserBudget after(const UserBudget& budget, Asked outcome, Instant now);
// Two denials without "not me" within a day (security §4.2.4).
bool denied_twice(const UserBudget& budget, Instant now);

// One source network's (an IPv4 /24 or IPv6 /48), over all users of a tenant.
struct SourceBudget {
  struct Use {
    std::string user;
    Instant at{};
    bool operator==(const Use&) const = default;
  };
  std::vector<Use> uses;
  Instant blocked_until{};
  bool operator==(const SourceBudget&) const = default;
};
bool blocked(const SourceBudget& budget, Instant now);
// A user is prompted from there; the answer's blocked_until says whether that made it a campaign.
SourceBudget after(const SourceBudget& budget, std::string_view user, Instant now);
// That user approved: he was no target. An office where many enrol on one morning is no campaign.
SourceBudget without(const SourceBudget& budget, std::string_view user);

// "192.0.2.7" -> "192.0.2.0/24", an IPv6 address its /48; what is no address stays as it is; empty stays empty.
std::string source_network(std::string_view address);

std::string encode(const UserBudget& budget);
std::string encode(const SourceBudget& budget);
// malformed: not written by encode, or longer than any budget can be.
Result<UserBudget> decode_user_budget(std::string_view text);
Result<SourceBudget> decode_source_budget(std::string_view text);

}  // namespace countersign::policy
