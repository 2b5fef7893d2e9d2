#include "flow/administer_users.h"

#include "core/codec/json_write.h"
#include "core/codec/utf8.h"
#include "store/owners.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr int kPage = 500;
constexpr std::size_t kProfileTextMax = 255;

Result<void> check_profile(std::string_view text, std::string_view what) {
  if (text.empty()) return {};
  if (text.size() > kProfileTextMax) return Error{Errc::malformed, std::string(what) + " is longer than 255 bytes"};
  return check_name(text, what);
}

Result<void> check_user(const User& user) {
  TRY(canonical_username(user.username));
  TRY(check_name(user.username, "a username"));
  TRY(check_profile(user.email, "an email address"));
  return check_profile(user.realname, "a real name");
}

Change user_change(const User& user, std::string action, std::string details) {
  return {.tenant = user.tenant, .action = std::move(action), .target_type = "user", .target_key = user.id.text(),
          .target_name = user.username, .details = std::move(details)};
}

std::string user_details(const User& user) {
  codec::JsonWriter w;
  w.begin_object().key("username").string(user.username).key("email").string(user.email);
  w.key("realname").string(user.realname).key("status").string(name(user.status)).end_object();
  return w.take();
}

Change group_change(const Group& group, std::string action, const User* member) {
  codec::JsonWriter w;
  w.begin_object();
  if (member != nullptr) w.key("user_id").string(member->id.text()).key("username").string(member->username);
  return {.tenant = group.tenant, .action = std::move(action), .target_type = "group", .target_key = group.id.text(),
          .target_name = group.name, .details = w.end_object().take()};
}

}  // namespace

Result<User> find_user(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<User> {
    std::optional<User> found;
    if (const auto id = UserId::parse(id_or_name)) {
      const std::optional<TenantId> owner = tenant ? tenant : TRY(store::tenant_of(txn, *id));
      if (owner) found = TRY(store::user_by_id(txn, *owner, *id));
    }
    const auto canonical = canonical_username(id_or_name);
    if (!found && tenant && canonical && codec::valid_text(id_or_name)) {
      found = TRY(store::user_by_name(txn, *tenant, *canonical));
    }
    if (!found) {
      return Error{Errc::not_found,
                   tenant ? "the tenant has no such user" : "no such user; give its id, or the username with --tenant"};
    }
    return *std::move(found);
  });
}

Result<Group> find_group(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Group> {
    std::optional<Group> found;
    if (const auto id = GroupId::parse(id_or_name)) {
      const std::optional<TenantId> owner = tenant ? tenant : TRY(store::tenant_of(txn, *id));
      if (owner) found = TRY(store::group_by_id(txn, *owner, *id));
    }
    if (!found && tenant && codec::valid_text(id_or_name)) {
      found = TRY(store::group_by_name(txn, *tenant, id_or_name));
    }
    if (!found) {
      return Error{Errc::not_found,
                   tenant ? "the tenant has no such group" : "no such group; give its id, or its name with --tenant"};
    }
    return *std::move(found);
  });
}

Result<Belongings> belongings_of(const Ports& ports, const User& user) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Belongings> {
    Belongings out;
    out.groups = TRY(store::groups_of(txn, user.tenant, user.id));
    out.phones = TRY(store::phones_of(txn, user.tenant, user.id));
    out.enrolments = TRY(store::enrolments_of(txn, user.tenant, user.id));
    return out;
  });
}

Result<void> each_user(const Ports& ports, const TenantId& tenant, const std::function<bool(const User&)>& on_user) {
  for (std::string after;;) {
    const std::vector<User> page = TRY(
        store::read(ports.store, [&](store::Txn& txn) { return store::users_page(txn, tenant, after, kPage); }));
    for (const User& user : page) {
      if (!on_user(user)) return {};
    }
    if (page.size() < static_cast<std::size_t>(kPage)) return {};
    after = TRY(canonical_username(page.back().username));
  }
}

Result<User> create_user(const Administration& by, UserDraft draft) {
  User user;
  user.tenant = draft.tenant;
  user.id = UserId::make(by.ports.random);
  user.username = std::move(draft.username);
  user.email = std::move(draft.email);
  user.realname = std::move(draft.realname);
  user.status = draft.status;
  user.created = by.ports.clock.now();
  TRY(check_user(user));
  const Result<void> done = commit(by, user_change(user, "user_create", user_details(user)),
                                   [&](store::Txn& txn) { return store::insert_user(txn, user); });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "this username exists already in the tenant"};
  }
  if (!done) return done.error();
  return user;
}

Result<User> change_user(const Administration& by, User user, UserChange change) {
  if (change.username) user.username = *std::move(change.username);
  if (change.email) user.email = *std::move(change.email);
  if (change.realname) user.realname = *std::move(change.realname);
  if (change.status) user.status = *change.status;
  TRY(check_user(user));
  const Result<void> done =
      commit(by, user_change(user, "user_update", user_details(user)), [&](store::Txn& txn) -> Result<void> {
        if (!TRY(store::update_user(txn, user))) return Error{Errc::conflict, "changed"};
        return {};
      });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "the username is taken, or somebody changed the user at the same time; try again"};
  }
  if (!done) return done.error();
  return user;
}

Result<void> unlock_user(const Administration& by, const User& user) {
  return commit(by, user_change(user, "user_unlock", "{}"),
                [&](store::Txn& txn) { return store::clear_failures(txn, user.tenant, user.id); });
}

Result<void> delete_user(const Administration& by, const User& user) {
  return commit(by, user_change(user, "user_delete", "{}"), [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::delete_user(txn, user.tenant, user.id))) return Error{Errc::not_found, "the user is gone already"};
    return {};
  });
}

Result<Group> create_group(const Administration& by, const TenantId& tenant, std::string name,
                           std::string description) {
  TRY(check_name(name, "a group's name"));
  TRY(check_profile(description, "a description"));
  Group group;
  group.tenant = tenant;
  group.id = GroupId::make(by.ports.random);
  group.name = std::move(name);
  group.description = std::move(description);
  const Result<void> done = commit(by, group_change(group, "group_create", nullptr),
                                   [&](store::Txn& txn) { return store::insert_group(txn, group); });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "a group of this name exists already in the tenant"};
  }
  if (!done) return done.error();
  return group;
}

Result<std::vector<Group>> list_groups(const Ports& ports, const TenantId& tenant) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::groups(txn, tenant); });
}

Result<void> join_group(const Administration& by, const Group& group, const User& user) {
  if (user.tenant != group.tenant) return Error{Errc::not_found, "the tenant of the group has no such user"};
  return commit(by, group_change(group, "group_user_add", &user),
                [&](store::Txn& txn) { return store::join_group(txn, group.tenant, group.id, user.id); });
}

Result<void> leave_group(const Administration& by, const Group& group, const User& user) {
  return commit(by, group_change(group, "group_user_remove", &user), [&](store::Txn& txn) -> Result<void> {
    const bool left = user.tenant == group.tenant && TRY(store::leave_group(txn, group.tenant, group.id, user.id));
    if (!left) return Error{Errc::not_found, "the user is no member of this group"};
    return {};
  });
}

}  // namespace countersign::flow
