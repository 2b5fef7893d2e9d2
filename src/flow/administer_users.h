// Administration of users and groups; see administer.h for how these use cases run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/enrolment.h"
#include "core/identity/user.h"
#include "flow/administer.h"

namespace countersign::flow {

// Within a tenant by id or name, without one by id alone.   not_found: none, or another tenant's.
Result<User> find_user(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name);
Result<Group> find_group(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name);

// What belongs to a user, read on one snapshot.
struct Belongings {
  std::vector<Group> groups;
  std::vector<Phone> phones;
  std::vector<Enrolment> enrolments;
};
Result<Belongings> belongings_of(const Ports& ports, const User& user);

// Calls `on_user` with each user in the order of their names; false ends it. Pages, so no read transaction lasts long.
Result<void> each_user(const Ports& ports, const TenantId& tenant, const std::function<bool(const User&)>& on_user);

struct UserDraft {
  TenantId tenant;
  std::string username;
  std::string email;
  std::string realname;
  UserStatus status = UserStatus::active;
};
// malformed: a name.   conflict: the username is taken.
Result<User> create_user(const Administration& by, UserDraft draft);

struct UserChange {
  std::optional<std::string> username;
  std::optional<std::string> email;
  std::optional<std::string> realname;
  std::optional<UserStatus> status;
};
// conflict: the username is taken, or somebody changed the user at the same time.
Result<User> change_user(const Administration& by, User user, UserChange change);
// Forgets the failures and the lock.
Result<void> unlock_user(const Administration& by, const User& user);
// With phones, tokens, codes and memberships; history stays.
Result<void> delete_user(const Administration& by, const User& user);

// conflict: the name is taken.
Result<Group> create_group(const Administration& by, const TenantId& tenant, std::string name,
                           std::string description);
Result<std::vector<Group>> list_groups(const Ports& ports, const TenantId& tenant);
// not_found: the user is another tenant's. A member that joins again changes nothing.
Result<void> join_group(const Administration& by, const Group& group, const User& user);
// not_found: the user is no member.
Result<void> leave_group(const Administration& by, const Group& group, const User& user);

// One line of an import. Empty: not given.
struct UserLine {
  std::string username;
  std::string email;
  std::string realname;
  std::string phone;
  Secret totp_secret;            // base32
};
inline constexpr std::size_t kImportBatchMax = 1000;
// Makes the users of one batch in one transaction, each with phone and token where given. The answer has, for each
// line, nothing or why it was left out.   exhausted: more than 1000 lines.
Result<std::vector<std::optional<Error>>> import_users(const Administration& by, const Tenant& tenant,
                                                       const std::vector<UserLine>& lines);

}  // namespace countersign::flow
