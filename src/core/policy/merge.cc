// How policies of several scopes become one.
#include <algorithm>
#include <iterator>

#include "core/policy/policy.h"

namespace countersign::policy {
namespace {

using Words = std::vector<std::string>;
using Networks = std::vector<Network>;

int strictness(UserAuthBehavior b) {
  switch (b) {
    case UserAuthBehavior::bypass: return 0;
    case UserAuthBehavior::enforce: return 1;
    case UserAuthBehavior::deny: return 2;
  }
  std::abort();
}

int strictness(NewUserBehavior b) {
  switch (b) {
    case NewUserBehavior::no_mfa: return 0;
    case NewUserBehavior::enroll: return 1;
    case NewUserBehavior::deny: return 2;
  }
  std::abort();
}

int strictness(PlainPush p) {
  switch (p) {
    case PlainPush::allow: return 0;
    case PlainPush::deny: return 1;
  }
  std::abort();
}

int strictness(UserVerification v) {
  switch (v) {
    case UserVerification::preferred: return 0;
    case UserVerification::required: return 1;
  }
  std::abort();
}

int strictness(PushUnknownDevice p) {
  switch (p) {
    case PushUnknownDevice::allow: return 0;
    case PushUnknownDevice::deny: return 1;
  }
  std::abort();
}

constexpr auto kStricter = [](auto a, auto b) { return strictness(a) >= strictness(b) ? a : b; };
constexpr auto kSmaller = [](int a, int b) { return std::min(a, b); };
constexpr auto kLarger = [](int a, int b) { return std::max(a, b); };
// 0 keeps the lock until an administrator opens it.
constexpr auto kLongerLock = [](int a, int b) { return a == 0 || b == 0 ? 0 : std::max(a, b); };

// Lists of methods are sorted where they are read, but not every Policy was read.
constexpr auto kBothAllow = [](const Words& a, const Words& b) {
  Words out;
  std::copy_if(a.begin(), a.end(), std::back_inserter(out),
               [&](const std::string& word) { return std::find(b.begin(), b.end(), word) != b.end(); });
  return out;
};
// An empty list would mean any make; this is the AAGUID of none.
constexpr std::string_view kNoMake = "ffffffff-ffff-ffff-ffff-ffffffffffff";
constexpr auto kBothMakes = [](const Words& a, const Words& b) {
  Words out = kBothAllow(a, b);
  if (out.empty()) out.emplace_back(kNoMake);
  return out;
};
constexpr auto kEither = [](auto a, const auto& b) {
  for (const auto& item : b) {
    if (std::find(a.begin(), a.end(), item) == a.end()) a.push_back(item);
  }
  return a;
};
// Two blocks of addresses are apart, or one holds the other.
constexpr auto kBothTrust = [](const Networks& a, const Networks& b) {
  Networks out;
  for (const Network& x : a) {
    for (const Network& y : b) {
      if (x.contains(y)) {
        out.push_back(y);
      } else if (y.contains(x)) {
        out.push_back(x);
      }
    }
  }
  return kEither(Networks(), out);
};

template <class T, class Choose>
void combine(std::optional<T>& into, const std::optional<T>& more, Choose choose) {
  if (!more) return;
  into = into ? choose(*into, *more) : *more;
}

Policy stricter_of(Policy a, const Policy& b) {
  const bool both_allow_lists = a.allowed_auth_list && b.allowed_auth_list;
  combine(a.user_auth_behavior, b.user_auth_behavior, kStricter);
  combine(a.new_user_behavior, b.new_user_behavior, kStricter);
  combine(a.allowed_auth_list, b.allowed_auth_list, kBothAllow);
  combine(a.blocked_auth_list, b.blocked_auth_list, kEither);
  combine(a.verified_push_digits, b.verified_push_digits, kLarger);
  combine(a.plain_push, b.plain_push, kStricter);
  combine(a.user_verification, b.user_verification, kStricter);
  combine(a.attestation_aaguids, b.attestation_aaguids, kBothMakes);
  combine(a.push_unknown_device, b.push_unknown_device, kStricter);
  combine(a.no_2fa_required, b.no_2fa_required, kBothTrust);
  combine(a.blocked_networks, b.blocked_networks, kEither);
  combine(a.remembered_devices_days, b.remembered_devices_days, kSmaller);
  combine(a.lockout_threshold, b.lockout_threshold, kSmaller);
  combine(a.lockout_expire_minutes, b.lockout_expire_minutes, kLongerLock);
  if (both_allow_lists && a.allowed_auth_list->empty()) {
    // Nothing that all of them allow: an empty list would mean every method, so every method is blocked instead.
    a.blocked_auth_list = Words(kMethods.begin(), kMethods.end());
  }
  return a;
}

template <class T>
void apply(T& to, const std::optional<T>& value) {
  if (value) to = *value;
}

void apply(Effective& to, const Policy& p) {
  apply(to.user_auth_behavior, p.user_auth_behavior);
  apply(to.new_user_behavior, p.new_user_behavior);
  apply(to.allowed_auth_list, p.allowed_auth_list);
  apply(to.blocked_auth_list, p.blocked_auth_list);
  apply(to.verified_push_digits, p.verified_push_digits);
  apply(to.plain_push, p.plain_push);
  apply(to.user_verification, p.user_verification);
  apply(to.attestation_aaguids, p.attestation_aaguids);
  apply(to.push_unknown_device, p.push_unknown_device);
  apply(to.no_2fa_required, p.no_2fa_required);
  apply(to.blocked_networks, p.blocked_networks);
  apply(to.remembered_devices_days, p.remembered_devices_days);
  apply(to.lockout_threshold, p.lockout_threshold);
  apply(to.lockout_expire_minutes, p.lockout_expire_minutes);
}

}  // namespace

Effective merge(const Policy& app, const std::vector<Policy>& groups, const Policy& tenant) {
  Policy group;
  for (const Policy& g : groups) group = stricter_of(std::move(group), g);
  Effective effective;
  apply(effective, tenant);
  apply(effective, group);
  apply(effective, app);
  return effective;
}

}  // namespace countersign::policy
