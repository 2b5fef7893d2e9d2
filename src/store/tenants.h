// Tenants, their applications and policies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/identity/application.h"
#include "core/identity/tenant.h"
#include "store/store.h"

namespace countersign::store {

Result<void> insert_tenant(Txn& txn, const Tenant& tenant);                       // conflict: the name is taken
Result<std::optional<Tenant>> tenant_by_id(Txn& txn, const TenantId& id);
Result<std::optional<Tenant>> tenant_by_name(Txn& txn, std::string_view name);
Result<std::vector<Tenant>> tenants(Txn& txn);
Result<std::vector<TenantId>> first_tenants(Txn& txn, int limit);
// Name and logo; true when the version read is still the stored one.
Result<bool> update_tenant(Txn& txn, const Tenant& tenant);

Result<void> insert_app(Txn& txn, const Application& app);                 // conflict: the integration key is taken
Result<std::optional<Application>> app_by_id(Txn& txn, const AppId& id);  // integration keys are unique everywhere
Result<std::optional<Application>> app_by_name(Txn& txn, const TenantId& tenant, std::string_view name);
Result<std::vector<Application>> apps(Txn& txn, const TenantId& tenant);
Result<bool> update_app(Txn& txn, const Application& app);                      // on the version read

// What a policy hangs on: the tenant, one application, or one group.
enum class PolicyScope { tenant, app, group };

// One policy as the text core/policy reads; `owner` is the id of the tenant, application or group.
struct StoredPolicy {
  PolicyScope scope;
  std::string owner;
  std::string text;
};

Result<void> put_policy(Txn& txn, const TenantId& tenant, const StoredPolicy& policy);
// The policies of the tenant, of this application and of these groups, in one statement (group ids as JSON are fine).
Result<std::vector<StoredPolicy>> policies_for(Txn& txn, const TenantId& tenant, const AppId& app, const UserId& user);
Result<std::optional<StoredPolicy>> policy_of(Txn& txn, const TenantId& tenant, PolicyScope scope,
                                              std::string_view owner);

}  // namespace countersign::store
