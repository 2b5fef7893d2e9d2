#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/administer_users.h"

namespace countersign::control {
namespace {

constexpr Argument kApp{"app", Shape::option, Need::optional, "For one application, by integration key or name"};
constexpr Argument kGroup{"group", Shape::option, Need::optional, "For one group, by id or name"};
constexpr Argument kOrTenant{"tenant", Shape::option, Need::optional,
                             "For the whole tenant, or where --app and --group are looked up by name"};

Result<flow::PolicyTarget> the_target(const Call& call) {
  const std::optional<std::string> app = TRY(call.args.maybe("app"));
  const std::optional<std::string> group = TRY(call.args.maybe("group"));
  if (app && group) return Error{Errc::malformed, "a policy stands at an application or at a group, not at both"};
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  if (app) {
    const Application found = TRY(flow::find_app(call.by.ports, tenant, *app));
    return flow::PolicyTarget{found.tenant, store::PolicyScope::app, found.id.text(), found.name};
  }
  if (group) {
    const Group found = TRY(flow::find_group(call.by.ports, tenant, *group));
    return flow::PolicyTarget{found.tenant, store::PolicyScope::group, found.id.text(), found.name};
  }
  if (!tenant) return Error{Errc::malformed, "say whose policy: --tenant, --app or --group"};
  const Tenant found = TRY(flow::find_tenant(call.by.ports, tenant->text()));
  return flow::PolicyTarget{found.id, store::PolicyScope::tenant, found.id.text(), found.name};
}

std::string_view scope_name(store::PolicyScope scope) {
  switch (scope) {
    case store::PolicyScope::tenant: return "tenant";
    case store::PolicyScope::app: return "app";
    case store::PolicyScope::group: return "group";
  }
  std::abort();
}

void answer(const Call& call, const flow::PolicyTarget& target, const policy::Policy& policy) {
  codec::JsonWriter w;
  w.begin_object().key("scope").string(scope_name(target.scope)).key("owner").string(target.owner);
  w.key("name").string(target.name).key("policy").raw(policy::encode(policy)).end_object();
  call.row(w.take());
}

Result<void> set(const Call& call) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const std::string& text : TRY(call.args.rest("settings"))) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return Error{Errc::malformed, "a setting is KEY=VALUE; KEY= unsets it"};
    settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  const flow::PolicyTarget target = TRY(the_target(call));
  answer(call, target, TRY(flow::set_policy(call.by, target, settings)));
  return {};
}

// What holds, as the policy that sets every key so.
policy::Policy spelt_out(const policy::Effective& e) {
  policy::Policy out;
  out.user_auth_behavior = e.user_auth_behavior;
  out.new_user_behavior = e.new_user_behavior;
  out.allowed_auth_list = e.allowed_auth_list;
  out.blocked_auth_list = e.blocked_auth_list;
  out.verified_push_digits = e.verified_push_digits;
  out.plain_push = e.plain_push;
  out.user_verification = e.user_verification;
  out.attestation_aaguids = e.attestation_aaguids;
  out.push_unknown_device = e.push_unknown_device;
  out.no_2fa_required = e.no_2fa_required;
  out.blocked_networks = e.blocked_networks;
  out.remembered_devices_days = e.remembered_devices_days;
  out.lockout_threshold = e.lockout_threshold;
  out.lockout_expire_minutes = e.lockout_expire_minutes;
  return out;
}

Result<void> show(const Call& call) {
  const bool effective = TRY(call.args.flag("effective"));
  const flow::PolicyTarget target = TRY(the_target(call));
  if (!effective) {
    answer(call, target, TRY(flow::policy_at(call.by.ports, target)));
    return {};
  }
  if (target.scope == store::PolicyScope::group) {
    return Error{Errc::malformed, "--effective is for an application or a tenant"};
  }
  const AppId app = target.scope == store::PolicyScope::app ? AppId::trusted(target.owner) : AppId();
  answer(call, target, spelt_out(TRY(flow::effective_policy(call.by.ports, target.tenant, app))));
  return {};
}

}  // namespace

std::vector<Command> policy_commands() {
  return {
      {.words = "policy set", .touch = kChanges,
       .meaning = "Set policy values at a tenant, an application or a group; the nearest that is set counts "
                  "(application before group before tenant before the default)",
       .arguments = {{"settings", Shape::rest, Need::required,
                      "KEY=VALUE, such as new_user_behavior=deny or plain_push=allow; KEY= unsets"},
                     kOrTenant, kApp, kGroup},
       .run = set},
      {.words = "policy show", .touch = kLists,
       .meaning = "Show what is set at a tenant, an application or a group",
       .arguments = {kOrTenant, kApp, kGroup,
                     {"effective", Shape::flag, Need::optional, "Show what holds once everything is merged"}},
       .run = show},
  };
}

}  // namespace countersign::control
