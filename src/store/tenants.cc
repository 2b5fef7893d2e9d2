#include "store/tenants.h"

#include <algorithm>
#include <cstdlib>

namespace countersign::store {
namespace {

std::string_view name_of(PolicyScope scope) {
  switch (scope) {
    case PolicyScope::tenant: return "tenant";
    case PolicyScope::app: return "app";
    case PolicyScope::group: return "group";
  }
  std::abort();
}

PolicyScope scope_of(std::string_view text) {
  if (text == "tenant") return PolicyScope::tenant;
  return text == "app" ? PolicyScope::app : PolicyScope::group;
}

Tenant tenant_of(const Row& row) {
  const ByteView logo = row.bytes(5);
  return Tenant{.id = row.id<TenantId>(0),
                .parent = row.id<TenantId>(1),
                .name = std::string(row.text(2)),
                .logo_png = Bytes(logo.begin(), logo.end()),
                .created = row.instant(3),
                .version = row.integer(4)};
}

// A list as a column holds it: a line each. What is listed holds no line break (flow::check_redirect_uris).
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string text_of_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

Result<Application> app_of(const Row& row) {
  const auto type = app_type(row.text(2));
  if (!type) {
    return Error{Errc::unavailable, "an application has a type that this version does not know; update this node"};
  }
  const ByteView secret = row.bytes(7);
  return Application{.tenant = row.id<TenantId>(0),
                     .id = row.id<AppId>(1),
                     .type = *type,
                     .name = std::string(row.text(3)),
                     .enabled = row.integer(4) != 0,
                     .signatures = {.allow_v1 = row.integer(5) != 0, .allow_sha1 = row.integer(6) != 0},
                     .sealed_secret = Bytes(secret.begin(), secret.end()),
                     .created = row.instant(8),
                     .version = row.integer(9),
                     .redirect_uris = lines_of(row.text(10))};
}

StoredPolicy policy_of_row(const Row& row) {
  return {.scope = scope_of(row.text(0)), .owner = std::string(row.text(1)), .text = std::string(row.text(2))};
}

Result<std::optional<Tenant>> one_tenant(Txn& txn, Query query, Params params) {
  std::optional<Tenant> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = tenant_of(row); }));
  return out;
}

Result<std::vector<Application>> some_apps(Txn& txn, Query query, Params params) {
  std::vector<Application> out;
  Result<void> fine;
  TRY(txn.rows(query, params, [&](const Row& row) {
    auto app = app_of(row);
    if (app) {
      out.push_back(*std::move(app));
    } else {
      fine = app.error();
    }
  }));
  TRY(fine);
  return out;
}

Result<std::optional<Application>> one_app(Txn& txn, Query query, Params params) {
  auto found = TRY(some_apps(txn, query, params));
  if (found.empty()) return std::optional<Application>();
  return std::optional(std::move(found.front()));
}

}  // namespace

Result<void> insert_tenant(Txn& txn, const Tenant& tenant) {
  TRY(txn.change(Query::insert_tenant,
                 {tenant.id, tenant.parent, tenant.name, tenant.created, tenant.version, tenant.logo_png}));
  return {};
}

Result<std::optional<Tenant>> tenant_by_id(Txn& txn, const TenantId& id) {
  return one_tenant(txn, Query::tenant_by_id, {id});
}

Result<std::optional<Tenant>> tenant_by_name(Txn& txn, std::string_view name) {
  return one_tenant(txn, Query::tenant_by_name, {name});
}

Result<std::vector<Tenant>> tenants(Txn& txn) {
  std::vector<Tenant> out;
  TRY(txn.rows(Query::tenants, {}, [&](const Row& row) { out.push_back(tenant_of(row)); }));
  return out;
}

Result<std::vector<TenantId>> first_tenants(Txn& txn, int limit) {
  std::vector<TenantId> out;
  TRY(txn.rows(Query::first_tenants, {limit}, [&](const Row& row) { out.push_back(row.id<TenantId>(0)); }));
  return out;
}

Result<bool> update_tenant(Txn& txn, const Tenant& tenant) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_tenant, {tenant.id, tenant.version, tenant.name, tenant.logo_png}));
  return changed == 1;
}

Result<void> insert_app(Txn& txn, const Application& app) {
  TRY(txn.change(Query::insert_app, {app.tenant, app.id, name(app.type), app.name, app.enabled, app.signatures.allow_v1,
                                     app.signatures.allow_sha1, app.sealed_secret, app.created, app.version,
                                     text_of_lines(app.redirect_uris)}));
  return {};
}

Result<std::optional<Application>> app_by_id(Txn& txn, const AppId& id) { return one_app(txn, Query::app_by_id, {id}); }

Result<std::optional<Application>> app_by_name(Txn& txn, const TenantId& tenant, std::string_view name) {
  return one_app(txn, Query::app_by_name, {tenant, name});
}

Result<std::vector<Application>> apps(Txn& txn, const TenantId& tenant) {
  return some_apps(txn, Query::apps, {tenant});
}

Result<bool> update_app(Txn& txn, const Application& app) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_app, {app.tenant, app.id, app.version, app.name, app.enabled,
                                         app.signatures.allow_v1, app.signatures.allow_sha1, app.sealed_secret,
                                         text_of_lines(app.redirect_uris)}));
  return changed == 1;
}

Result<void> put_policy(Txn& txn, const TenantId& tenant, const StoredPolicy& policy) {
  TRY(txn.change(Query::put_policy, {tenant, name_of(policy.scope), policy.owner, policy.text}));
  return {};
}

Result<std::vector<StoredPolicy>> policies_for(Txn& txn, const TenantId& tenant, const AppId& app, const UserId& user) {
  std::vector<StoredPolicy> out;
  TRY(txn.rows(Query::policies_for, {tenant, app, user},
               [&](const Row& row) { out.push_back(policy_of_row(row)); }));
  return out;
}

Result<std::optional<StoredPolicy>> policy_of(Txn& txn, const TenantId& tenant, PolicyScope scope,
                                              std::string_view owner) {
  std::optional<StoredPolicy> out;
  TRY(txn.rows(Query::policy_of, {tenant, name_of(scope), owner}, [&](const Row& row) { out = policy_of_row(row); }));
  return out;
}

}  // namespace countersign::store
