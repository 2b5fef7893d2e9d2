#include "store/users.h"

namespace countersign::store {
namespace {

// A status of a newer version is read as disabled: an old node lets nobody in that it does not understand.
UserStatus status_of(std::string_view text) { return user_status(text).value_or(UserStatus::disabled); }

User user_of(const Row& row) {
  return User{.tenant = row.id<TenantId>(0),
              .id = row.id<UserId>(1),
              .username = std::string(row.text(2)),
              .email = std::string(row.text(3)),
              .realname = std::string(row.text(4)),
              .status = status_of(row.text(5)),
              .failures = {.count = static_cast<int>(row.integer(6)), .locked_at = row.maybe_instant(7)},
              .groups = {},
              .created = row.instant(8),
              .last_login = row.maybe_instant(9),
              .protected_at = row.maybe_instant(12),
              .version = row.integer(10)};
}

// A user comes as one row for each of his groups.
Result<std::vector<User>> some_users(Txn& txn, Query query, Params params) {
  std::vector<User> out;
  TRY(txn.rows(query, params, [&](const Row& row) {
    if (out.empty() || out.back().id.text() != row.text(1)) out.push_back(user_of(row));
    if (!row.null(11)) out.back().groups.push_back(row.id<GroupId>(11));
  }));
  return out;
}

Result<std::optional<User>> one_user(Txn& txn, Query query, Params params) {
  auto found = TRY(some_users(txn, query, params));
  if (found.empty()) return std::optional<User>();
  return std::optional(std::move(found.front()));
}

Group group_of(const Row& row) {
  return Group{.tenant = row.id<TenantId>(0),
               .id = row.id<GroupId>(1),
               .name = std::string(row.text(2)),
               .description = std::string(row.text(3)),
               .status = status_of(row.text(4))};
}

Result<std::vector<Group>> some_groups(Txn& txn, Query query, Params params) {
  std::vector<Group> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out.push_back(group_of(row)); }));
  return out;
}

Result<std::optional<Group>> one_group(Txn& txn, Query query, Params params) {
  std::optional<Group> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = group_of(row); }));
  return out;
}

}  // namespace

Result<void> insert_user(Txn& txn, const User& user) {
  const std::string canonical = TRY(canonical_username(user.username));
  TRY(txn.change(Query::insert_user,
                 {user.tenant, user.id, canonical, user.username, user.email, user.realname, name(user.status),
                  user.failures.count, user.failures.locked_at, user.created, user.last_login, user.version,
                  user.protected_at}));
  for (const GroupId& group : user.groups) TRY(join_group(txn, user.tenant, group, user.id));
  return {};
}

Result<std::optional<User>> user_by_name(Txn& txn, const TenantId& tenant, std::string_view canonical) {
  return one_user(txn, Query::user_by_name, {tenant, canonical});
}

Result<std::optional<User>> user_by_id(Txn& txn, const TenantId& tenant, const UserId& id) {
  return one_user(txn, Query::user_by_id, {tenant, id});
}

Result<std::vector<User>> users_page(Txn& txn, const TenantId& tenant, std::string_view after, int limit) {
  const std::string from = after.empty() ? std::string() : TRY(canonical_username(after));
  return some_users(txn, Query::users_page, {tenant, from, limit});
}

Result<bool> update_user(Txn& txn, const User& user) {
  const std::string canonical = TRY(canonical_username(user.username));
  const std::int64_t changed =
      TRY(txn.change(Query::update_user, {user.tenant, user.id, user.version, canonical, user.username, user.email,
                                          user.realname, name(user.status)}));
  return changed == 1;
}

Result<bool> delete_user(Txn& txn, const TenantId& tenant, const UserId& id) {
  const std::int64_t changed = TRY(txn.change(Query::delete_user, {tenant, id}));
  // Subscriptions are found by the user's phones, so they go first.
  for (const Query rest : {Query::delete_user_subscriptions, Query::delete_user_notices, Query::delete_user_phones,
                           Query::delete_user_enrolments, Query::delete_user_memberships,
                           Query::delete_user_activations, Query::delete_user_attempts, Query::forget_remembered,
                           Query::delete_user_visits, Query::forget_known_browsers, Query::forget_known_hosts,
                           Query::delete_user_credentials, Query::delete_sessions_of, Query::delete_user_fatigue}) {
    TRY(txn.change(rest, {tenant, id}));
  }
  return changed == 1;
}

Result<int> add_failure(Txn& txn, const TenantId& tenant, const UserId& id, int threshold, Instant now) {
  std::optional<int> count;
  TRY(txn.rows(Query::add_failure, {tenant, id, threshold, now},
               [&](const Row& row) { count = static_cast<int>(row.integer(0)); }));
  if (!count) return Error{Errc::not_found, "no such user"};
  return *count;
}

Result<void> clear_failures(Txn& txn, const TenantId& tenant, const UserId& id) {
  TRY(txn.change(Query::clear_failures, {tenant, id}));
  return {};
}

Result<std::optional<UserGate>> user_gate(Txn& txn, const TenantId& tenant, const UserId& id) {
  std::optional<UserGate> out;
  TRY(txn.rows(Query::user_gate, {tenant, id}, [&](const Row& row) {
    out = UserGate{.status = status_of(row.text(0)),
                   .failures = {.count = static_cast<int>(row.integer(1)), .locked_at = row.maybe_instant(2)},
                   .protected_at = row.maybe_instant(3)};
  }));
  return out;
}

Result<void> touch_login(Txn& txn, const TenantId& tenant, const UserId& id, Instant when) {
  TRY(txn.change(Query::touch_login, {tenant, id, when}));
  return {};
}

Result<void> insert_group(Txn& txn, const Group& group) {
  TRY(txn.change(Query::insert_group, {group.tenant, group.id, group.name, group.description, name(group.status)}));
  return {};
}

Result<std::optional<Group>> group_by_id(Txn& txn, const TenantId& tenant, const GroupId& id) {
  return one_group(txn, Query::group_by_id, {tenant, id});
}

Result<std::optional<Group>> group_by_name(Txn& txn, const TenantId& tenant, std::string_view name) {
  return one_group(txn, Query::group_by_name, {tenant, name});
}

Result<std::vector<Group>> groups(Txn& txn, const TenantId& tenant) {
  return some_groups(txn, Query::groups, {tenant});
}

Result<bool> update_group(Txn& txn, const Group& group) {
  const std::int64_t changed = TRY(
      txn.change(Query::update_group, {group.tenant, group.id, group.name, group.description, name(group.status)}));
  return changed == 1;
}

Result<void> join_group(Txn& txn, const TenantId& tenant, const GroupId& group, const UserId& user) {
  TRY(txn.change(Query::join_group, {tenant, user, group}));
  return {};
}

Result<bool> leave_group(Txn& txn, const TenantId& tenant, const GroupId& group, const UserId& user) {
  const std::int64_t changed = TRY(txn.change(Query::leave_group, {tenant, user, group}));
  return changed == 1;
}

Result<std::vector<Group>> groups_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  return some_groups(txn, Query::groups_of, {tenant, user});
}

}  // namespace countersign::store
