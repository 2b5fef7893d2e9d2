#include "faces/control/commands.h"
#include "faces/control/rows.h"

namespace countersign::control {
namespace {

Result<void> create(const Call& call) {
  const std::string name = TRY(call.args.text("name"));
  const std::optional<std::string> parent = TRY(call.args.maybe("parent"));
  TenantId parent_id;
  if (parent) parent_id = TRY(flow::find_tenant(call.by.ports, *parent)).id;
  call.row(object(TRY(flow::create_tenant(call.by, name, parent_id))));
  return {};
}

Result<void> list(const Call& call) {
  for (const Tenant& tenant : TRY(flow::list_tenants(call.by.ports))) {
    if (!call.row(object(tenant))) break;
  }
  return {};
}

Result<void> show(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  call.row(object(TRY(flow::find_tenant(call.by.ports, given))));
  return {};
}

}  // namespace

std::vector<Command> tenant_commands() {
  return {
      {.words = "tenant create", .touch = kChanges,
       .meaning = "Make a tenant: a customer account with users and applications of its own",
       .arguments = {{"name", Shape::positional, Need::required, "Its name, unique on this server"},
                     {"parent", Shape::option, Need::optional, "The tenant it belongs under, by id or name"}},
       .run = create},
      {.words = "tenant list", .touch = kLists,
       .meaning = "Show all tenants", .arguments = {}, .rows = Rows::many, .run = list},
      {.words = "tenant show", .touch = kLists,
       .meaning = "Show one tenant",
       .arguments = {{"tenant", Shape::positional, Need::required, "Its id or name"}},
       .run = show},
  };
}

}  // namespace countersign::control
