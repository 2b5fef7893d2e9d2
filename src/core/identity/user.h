// A user of a tenant, and the groups users stand in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/id.h"
#include "core/base/time.h"

namespace countersign {

enum class UserStatus {
  active,
  bypass,    // allowed without factors
  disabled,
};

std::string_view name(UserStatus status);
std::optional<UserStatus> user_status(std::string_view name);

// Consecutive failures and the lock that follows from them (duo-api §5.4).
struct Failures {
  int count = 0;
  std::optional<Instant> locked_at;
};

struct User {
  TenantId tenant;
  UserId id;
  std::string username;  // as given; looked up by `canonical_username`
  std::string email;
  std::string realname;
  UserStatus status = UserStatus::active;
  Failures failures;
  std::vector<GroupId> groups;
  Instant created{};
  std::optional<Instant> last_login;
  std::optional<Instant> protected_at{};  // since when only phishing-resistant factors count (security §4.2.4)
  std::int64_t version = 0;
};

inline constexpr std::size_t kUsernameMax = 255;  // bytes of UTF-8

// The form in which usernames are compared: ASCII lower case, "DOMAIN\name" and "name@domain" left as they are.
// malformed: empty, over 255 bytes, invalid UTF-8 or a control character.
Result<std::string> canonical_username(std::string_view username);

struct Group {
  TenantId tenant;
  GroupId id;
  std::string name;
  std::string description;
  UserStatus status = UserStatus::active;
};

}  // namespace countersign
