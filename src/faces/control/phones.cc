#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"

namespace countersign::control {
namespace {

constexpr std::int64_t kYear_s = 31'536'000;
constexpr Argument kPhone{"phone", Shape::positional, Need::required, "The phone's id"};

Result<Phone> the_phone(const Call& call) {
  const std::string given = TRY(call.args.text("phone"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  return flow::find_phone(call.by.ports, tenant, given);
}

Result<User> the_owner(const Call& call) {
  const std::string given = TRY(call.args.text("user"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  return flow::find_user(call.by.ports, tenant, given);
}

Result<void> create(const Call& call) {
  const User user = TRY(the_owner(call));
  flow::PhoneDraft draft;
  draft.number = TRY(call.args.text_or("number", ""));
  draft.name = TRY(call.args.text_or("name", ""));
  draft.platform = TRY(call.args.text_or("platform", draft.platform));
  call.row(object(TRY(flow::create_phone(call.by, user, draft))));
  return {};
}

Result<void> activate(const Call& call) {
  const std::optional<std::int64_t> valid = TRY(call.args.maybe_number("valid-secs", {60, kYear_s}));
  const Phone phone = TRY(the_phone(call));
  const seconds lifetime = valid ? seconds(*valid) : call.by.ports.settings.activation_lifetime;
  const flow::ActivationLink link = TRY(flow::activate_phone(call.by, phone, lifetime));
  codec::JsonWriter w;
  w.begin_object().key("phone_id").string(phone.id.text()).key("activation_url").string(link.url);
  w.key("activation_code").string(link.code);
  write_time(w, "expires", link.expires);
  w.end_object();
  call.row(w.take());
  return {};
}

Result<void> list(const Call& call) {
  const User user = TRY(the_owner(call));
  for (const Phone& phone : TRY(flow::belongings_of(call.by.ports, user)).phones) {
    if (!call.row(object(phone))) break;
  }
  return {};
}

Result<void> remove(const Call& call) {
  const Phone phone = TRY(the_phone(call));
  TRY(flow::delete_phone(call.by, phone));
  call.row(object(phone));
  return {};
}

}  // namespace

std::vector<Command> phone_commands() {
  return {
      {.words = "phone create", .touch = kChanges,
       .meaning = "Give a user a phone; `phone activate` then binds an authenticator to it",
       .arguments = {kUser, kWithinTenant,
                     {"number", Shape::option, Need::optional, "Its number, as +15550100100; kept sealed"},
                     {"name", Shape::option, Need::optional, "A name the owner knows it by"},
                     {"platform", Shape::option, Need::optional, "Such as \"Google Android\" or \"Apple iOS\""}},
       .run = create},
      {.words = "phone activate", .touch = kChanges,
       .meaning = "Make a link, good once, that binds an authenticator to a phone",
       .arguments = {kPhone, kWithinTenant,
                     {"valid-secs", Shape::option, Need::optional, "How long the link works"}},
       .run = activate},
      {.words = "phone list", .touch = kLists, .meaning = "Show a user's phones", .arguments = {kUser, kWithinTenant},
       .rows = Rows::many, .run = list},
      {.words = "phone delete", .touch = kChanges, .meaning = "Delete a phone and the authenticator on it",
       .arguments = {kPhone, kWithinTenant}, .run = remove},
  };
}

}  // namespace countersign::control
