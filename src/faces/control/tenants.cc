#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/mail.h"

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

Result<void> write_with_contact(const Call& call, const Tenant& tenant) {
  const std::string contact = TRY(flow::masked_contact(call.by.ports, tenant.id));
  codec::JsonWriter w;
  w.begin_object();
  write(w, tenant);
  w.key("contact_mail");
  contact.empty() ? w.null() : w.string(contact);
  call.row(w.end_object().take());
  return {};
}

Result<void> show(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  return write_with_contact(call, TRY(flow::find_tenant(call.by.ports, given)));
}

Result<void> set(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  const Tenant tenant = TRY(flow::find_tenant(call.by.ports, given));
  const std::string address = TRY(call.args.text("contact-mail"));
  TRY(flow::set_tenant_contact(call.by, tenant, address));
  return write_with_contact(call, tenant);
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
      {.words = "tenant set", .touch = kChanges,
       .meaning = "Say where a tenant's notices go",
       .arguments = {{"tenant", Shape::positional, Need::required, "Its id or name"},
                     {"contact-mail", Shape::option, Need::required, "A mail address; empty: none any more"}},
       .run = set},
  };
}

}  // namespace countersign::control
