#include "core/identity/user.h"

#include <cstdlib>

namespace countersign {

std::string_view name(UserStatus status) {
  switch (status) {
    case UserStatus::active: return "active";
    case UserStatus::bypass: return "bypass";
    case UserStatus::disabled: return "disabled";
  }
  std::abort();
}

std::optional<UserStatus> user_status(std::string_view text) {
  for (UserStatus s : {UserStatus::active, UserStatus::bypass, UserStatus::disabled}) {
    if (name(s) == text) return s;
  }
  return std::nullopt;
}

Result<std::string> canonical_username(std::string_view username) {
  if (username.empty() || username.size() > kUsernameMax) {
    return Error{Errc::malformed, "a username has 1 to 255 bytes"};
  }
  std::string out(username);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return Error{Errc::malformed, "a username has no control characters"};
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace countersign
