#include "core/policy/fatigue.h"

#include <algorithm>
#include <limits>

#include "core/codec/fields.h"
#include "core/policy/policy.h"

namespace countersign::policy {
namespace {

constexpr std::string_view kUserVersion = "u1;", kSourceVersion = "s1;";
constexpr std::size_t kStoredMax = 32 * 1024;  // kUsesMax ids of the longest kind, with their times
constexpr std::size_t kTimesMax = 64;          // the newest; more change no answer
constexpr std::size_t kUsesMax = 256;
constexpr int kIpv4Kept = 24, kIpv6Kept = 48;

int since(const std::vector<Instant>& times, Instant from) {
  return static_cast<int>(std::count_if(times.begin(), times.end(), [&](Instant t) { return t > from; }));
}

void drop_before(std::vector<Instant>& times, Instant from) {
  std::erase_if(times, [&](Instant t) { return t <= from; });
  if (times.size() > kTimesMax) times.erase(times.begin(), times.end() - kTimesMax);
}

// 1 h, 2 h, 4 h, … at most a day.
std::chrono::hours pull_only(int steps) {
  auto length = kPullOnlyFirst;
  for (int i = 0; i < steps && length < kPullOnlyMost; ++i) length *= 2;
  return std::min(length, kPullOnlyMost);
}

void put_time(codec::FieldWriter& out, Instant t) {
  out.put_number(static_cast<std::size_t>(std::max<std::int64_t>(unix_ms(t), 0)));
}

Instant read_time(codec::FieldReader& in) {
  return from_unix_ms(static_cast<std::int64_t>(in.number(std::numeric_limits<std::int64_t>::max())));
}

void put_times(codec::FieldWriter& out, const std::vector<Instant>& times) {
  out.put_number(times.size());
  for (const Instant t : times) put_time(out, t);
}

std::vector<Instant> read_times(codec::FieldReader& in) {
  std::vector<Instant> out;
  for (std::size_t left = in.number(kTimesMax); left > 0 && in.good(); --left) out.push_back(read_time(in));
  return out;
}

Error broken() { return {Errc::malformed, "a budget is not of a form this version writes"}; }

}  // namespace

bool denied_twice(const UserBudget& budget, Instant now) { return since(budget.denials, now - kLongWindow) >= 2; }

bool may_notify(const UserBudget& budget, Instant now) {
  return now >= budget.pull_only_until && !denied_twice(budget, now);
}

UserBudget after(const UserBudget& budget, Asked outcome, Instant now) {
  UserBudget next = budget;
  drop_before(next.failed, now - kLongWindow);
  drop_before(next.denials, now - kLongWindow);
  if (outcome == Asked::approved) {
    // His own sign-in does not take back that he refused others.
    return UserBudget{.failed = {}, .pull_only_until = {}, .steps = 0, .denials = std::move(next.denials)};
  }
  if (next.failed.empty()) next.steps = 0;  // a day without: no longer in a row
  next.failed.push_back(now);
  if (outcome == Asked::denied) next.denials.push_back(now);
  drop_before(next.failed, now - kLongWindow);
  drop_before(next.denials, now - kLongWindow);
  const bool spent = since(next.failed, now - kShortWindow) >= kUnansweredShortMax ||
                     since(next.failed, now - kLongWindow) >= kUnansweredLongMax;
  if (spent && now >= next.pull_only_until) {
    next.pull_only_until = now + pull_only(next.steps);
    ++next.steps;
  }
  return next;
}

bool blocked(const SourceBudget& budget, Instant now) { return now < budget.blocked_until; }

SourceBudget after(const SourceBudget& budget, std::string_view user, Instant now) {
  SourceBudget next = budget;
  std::erase_if(next.uses, [&](const SourceBudget::Use& use) { return use.at <= now - kCampaignWindow; });
  const auto known =
      std::find_if(next.uses.begin(), next.uses.end(), [&](const auto& use) { return use.user == user; });
  if (known != next.uses.end()) {
    known->at = now;
  } else if (next.uses.size() < kUsesMax) {
    next.uses.push_back({std::string(user), now});
  }
  if (static_cast<int>(next.uses.size()) >= kCampaignUsers) next.blocked_until = now + kSourceBlocked;
  return next;
}

SourceBudget without(const SourceBudget& budget, std::string_view user) {
  SourceBudget next = budget;
  std::erase_if(next.uses, [&](const SourceBudget::Use& use) { return use.user == user; });
  return next;
}

std::string source_network(std::string_view address) {
  const Result<Network> whole = Network::parse(address);
  if (!whole || address.find('/') != std::string_view::npos) return std::string(address);
  const int kept = whole->base.size() == 4 ? kIpv4Kept : kIpv6Kept;
  const Result<Network> network = Network::parse(std::string(whole->text().substr(0, whole->text().find('/'))) + "/" +
                                                 std::to_string(kept));
  return network ? network->text() : std::string(address);
}

std::string encode(const UserBudget& budget) {
  codec::FieldWriter out(kUserVersion);
  put_times(out, budget.failed);
  put_time(out, budget.pull_only_until);
  out.put_number(static_cast<std::size_t>(budget.steps));
  put_times(out, budget.denials);
  return out.take();
}

Result<UserBudget> decode_user_budget(std::string_view text) {
  codec::FieldReader in(text, kUserVersion, kStoredMax);
  UserBudget out;
  out.failed = read_times(in);
  out.pull_only_until = read_time(in);
  out.steps = static_cast<int>(in.number(std::numeric_limits<int>::max()));
  out.denials = read_times(in);
  if (!in.whole()) return broken();
  return out;
}

std::string encode(const SourceBudget& budget) {
  codec::FieldWriter out(kSourceVersion);
  put_time(out, budget.blocked_until);
  out.put_number(budget.uses.size());
  for (const SourceBudget::Use& use : budget.uses) {
    out.put(use.user);
    put_time(out, use.at);
  }
  return out.take();
}

Result<SourceBudget> decode_source_budget(std::string_view text) {
  codec::FieldReader in(text, kSourceVersion, kStoredMax);
  SourceBudget out;
  out.blocked_until = read_time(in);
  for (std::size_t left = in.number(kUsesMax); left > 0 && in.good(); --left) {
    SourceBudget::Use use;
    use.user = in.text();
    use.at = read_time(in);
    out.uses.push_back(std::move(use));
  }
  if (!in.whole()) return broken();
  return out;
}

}  // namespace countersign::policy
