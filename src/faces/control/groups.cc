#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/administer_users.h"

namespace countersign::control {
namespace {

constexpr Argument kGroup{"group", Shape::positional, Need::required, "The group's id, or its name with --tenant"};

struct Member {
  Group group;
  User user;
};

// The user is looked up in the group's tenant, by id or by name.
Result<Member> the_member(const Call& call) {
  const std::string group_text = TRY(call.args.text("group"));
  const std::string user_text = TRY(call.args.text("user"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  Member out;
  out.group = TRY(flow::find_group(call.by.ports, tenant, group_text));
  out.user = TRY(flow::find_user(call.by.ports, out.group.tenant, user_text));
  return out;
}

Result<void> create(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string name = TRY(call.args.text("name"));
  const std::string description = TRY(call.args.text_or("description", ""));
  call.row(object(TRY(flow::create_group(call.by, tenant.id, name, description))));
  return {};
}

Result<void> list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  for (const Group& group : TRY(flow::list_groups(call.by.ports, tenant.id))) {
    if (!call.row(object(group))) break;
  }
  return {};
}

Result<void> add(const Call& call) {
  const Member member = TRY(the_member(call));
  TRY(flow::join_group(call.by, member.group, member.user));
  call.row(object(member.group));
  return {};
}

Result<void> remove(const Call& call) {
  const Member member = TRY(the_member(call));
  TRY(flow::leave_group(call.by, member.group, member.user));
  call.row(object(member.group));
  return {};
}

}  // namespace

std::vector<Command> group_commands() {
  const Argument user{"user", Shape::positional, Need::required, "The user's id or username"};
  return {
      {.words = "group create", .touch = kChanges,
       .meaning = "Make a group, for policies that hold for some users",
       .arguments = {{"name", Shape::positional, Need::required, "Its name, unique in the tenant"}, kTenant,
                     {"description", Shape::option, Need::optional, "What it is for"}},
       .run = create},
      {.words = "group list", .touch = kLists,
       .meaning = "Show the groups of a tenant", .arguments = {kTenant}, .rows = Rows::many,
       .run = list},
      {.words = "group add", .touch = kChanges,
       .meaning = "Put a user into a group", .arguments = {kGroup, user, kWithinTenant},
       .run = add},
      {.words = "group remove", .touch = kChanges,
       .meaning = "Take a user out of a group", .arguments = {kGroup, user, kWithinTenant},
       .run = remove},
  };
}

}  // namespace countersign::control
