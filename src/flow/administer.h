// Administration: tenants, applications and policies. Users and factors are in administer_users.h and
// administer_factors.h. These use cases wait for their commit: never call them from a face's worker thread.
// Every change writes an activity event in its own transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/secret.h"
#include "core/identity/application.h"
#include "core/identity/tenant.h"
#include "core/ledger/event.h"
#include "core/policy/policy.h"
#include "flow/ports.h"
#include "store/history.h"
#include "store/tenants.h"

namespace countersign::flow {

// Who changes something, as the activity log names it.
struct Actor {
  std::string type = "system";
  std::string key;
  std::string name = "command line";
  std::string credential = "command line";  // with what; in the ledger
};
// The same for the ledger.
ledger::Actor ledger_actor(const Actor& actor);

struct Administration {
  const Ports& ports;
  Actor actor;
};

// What a change did, for the activity log.
struct Change {
  TenantId tenant;
  std::string action;            // user_create, integration_update, …
  std::string target_type, target_key, target_name;
  std::string details = "{}";    // a JSON object without secrets
};

// The row of a change in its tenant's history, for the transaction that makes it.
Result<store::HistoryRow> activity_of(const Administration& by, const Change& change);

// Runs `flow` and writes the event of `change` into history and ledger, all or nothing, and waits until it is durable.
Result<void> commit(const Administration& by, const Change& change, const store::Flow& flow);

// An object's name for people.   malformed: empty, over 255 bytes, not UTF-8, or with control characters.
Result<void> check_name(std::string_view name, std::string_view what);

// not_found: neither the id nor the name of a tenant.
Result<Tenant> find_tenant(const Ports& ports, std::string_view id_or_name);
Result<std::vector<Tenant>> list_tenants(const Ports& ports);
// malformed: the name.   conflict: the name is taken.
Result<Tenant> create_tenant(const Administration& by, std::string name, const TenantId& parent);

// Within a tenant by id or name, without one by id alone.   not_found: none, or another tenant's.
Result<Application> find_app(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name);
Result<std::vector<Application>> list_apps(const Ports& ports, const TenantId& tenant);

inline constexpr std::size_t kSecretKeyLength = 40;

struct AppDraft {
  TenantId tenant;
  AppType type = AppType::authapi;
  std::string name;
  AppId key;                     // empty: one is made
  Secret secret_key;             // empty: one is made; else 40 letters and digits, as Duo's are
  SignatureRule signatures;
  std::vector<std::string> redirect_uris;   // empty: wherever check_redirect_uri lets them
};
struct CreatedApp {
  Application app;
  Secret secret_key;             // shown once
};
// malformed: name, keys or redirect URIs.   conflict: the integration key is taken.
Result<CreatedApp> create_app(const Administration& by, AppDraft draft);

enum class NewSecret { no, yes };
struct AppChange {
  std::optional<std::string> name;
  std::optional<bool> enabled;
  std::optional<bool> allow_v1;
  std::optional<bool> allow_sha1;
  std::optional<std::vector<std::string>> redirect_uris;
  NewSecret new_secret = NewSecret::no;
};
struct ChangedApp {
  Application app;
  Secret secret_key;             // only with NewSecret::yes
};
// conflict: somebody changed it at the same time.
Result<ChangedApp> change_app(const Administration& by, Application app, AppChange change);
// Opens the secret key once more, for the demo's printed configuration.
Result<Secret> app_secret(const Ports& ports, const Application& app);

// What a policy hangs on.
struct PolicyTarget {
  TenantId tenant;
  store::PolicyScope scope = store::PolicyScope::tenant;
  std::string owner;             // id
  std::string name;              // for the log
};
// Sets or unsets (empty value) some keys and leaves the others.   malformed: core/policy says which key or range.
Result<policy::Policy> set_policy(const Administration& by, const PolicyTarget& target,
                                  const std::vector<std::pair<std::string, std::string>>& settings);
Result<policy::Policy> policy_at(const Ports& ports, const PolicyTarget& target);
// What holds for an application of that tenant for a user in no group.
Result<policy::Effective> effective_policy(const Ports& ports, const TenantId& tenant, const AppId& app);

}  // namespace countersign::flow
