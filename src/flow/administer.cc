#include "flow/administer.h"

#include <algorithm>

#include "core/codec/json_write.h"
#include "core/codec/utf8.h"
#include "core/record/auth_event.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/run_again.h"
#include "flow/sign_in.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kNameMax = 255;
constexpr std::string_view kSecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

keys::Place secret_place(const TenantId& tenant, const AppId& id) {
  return {.tenant = tenant, .table = "apps", .column = "secret_key", .row = id.text()};
}

// 40 of 62 characters: 238 bits.
Secret new_secret_key(Random& random) { return Secret(random_text(random, kSecretKeyLength, kSecretAlphabet)); }

Result<void> check_given_keys(const AppDraft& draft) {
  if (!draft.key.empty() && (draft.key.text().size() != kIdLength || !draft.key.text().starts_with(AppTag::kPrefix))) {
    return Error{Errc::malformed, "an integration key has 20 characters and begins with DI"};
  }
  const std::string_view secret = draft.secret_key.reveal();
  const bool plain = std::all_of(secret.begin(), secret.end(),
                                 [](char c) { return kSecretAlphabet.find(c) != std::string_view::npos; });
  if (!secret.empty() && (secret.size() != kSecretKeyLength || !plain)) {
    return Error{Errc::malformed, "a secret key has 40 letters and digits"};
  }
  return {};
}

std::string app_details(const Application& app) {
  codec::JsonWriter w;
  w.begin_object().key("name").string(app.name).key("type").string(name(app.type));
  w.key("enabled").boolean(app.enabled).key("allow_signature_v1").boolean(app.signatures.allow_v1);
  w.key("allow_sha1").boolean(app.signatures.allow_sha1).end_object();
  return w.take();
}

Change app_change(const Application& app, std::string action) {
  return {.tenant = app.tenant, .action = std::move(action), .target_type = "integration",
          .target_key = app.id.text(), .target_name = app.name, .details = app_details(app)};
}

Result<policy::Policy> read_policy(store::Txn& txn, const PolicyTarget& target) {
  const std::optional<store::StoredPolicy> stored =
      TRY(store::policy_of(txn, target.tenant, target.scope, target.owner));
  if (!stored) return policy::Policy();
  return policy::decode(stored->text);
}

}  // namespace

Result<store::HistoryRow> activity_of(const Administration& by, const Change& change) {
  record::ActivityEvent event;
  event.id = EventId::make(by.ports.random);
  event.tenant = change.tenant;
  event.at = by.ports.clock.now();
  event.action = change.action;
  event.details = change.details;
  event.actor_type = by.actor.type;
  event.actor_key = by.actor.key;
  event.actor_name = by.actor.name;
  event.target_type = change.target_type;
  event.target_key = change.target_key;
  event.target_name = change.target_name;
  return seal_event(by.ports, event);
}

Result<void> commit(const Administration& by, const Change& change, const store::Flow& flow) {
  const store::HistoryRow row = TRY(activity_of(by, change));
  ledger::Event noted = begin_event(by.ports, ledger::EventType::config_change, change.tenant, ledger_actor(by.actor));
  noted.object = change.action;
  noted.rows = {row_set(row)};
  noted.count = 1;
  return write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    TRY(flow(txn));
    TRY(store::append_history(txn, row));
    return record(txn, {noted});
  });
}

ledger::Actor ledger_actor(const Actor& actor) {
  ledger::Actor out;
  out.kind = actor.type == "system" ? "operator" : actor.type;
  out.id = actor.key;
  out.credential = actor.credential;
  return out;
}

Result<void> check_name(std::string_view name, std::string_view what) {
  const bool control = std::any_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > kNameMax || control || !codec::valid_text(name)) {
    return Error{Errc::malformed, std::string(what) + " must be 1 to 255 bytes of UTF-8 without control characters"};
  }
  return {};
}

Result<Tenant> find_tenant(const Ports& ports, std::string_view id_or_name) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Tenant> {
    std::optional<Tenant> found;
    if (const auto id = TenantId::parse(id_or_name)) found = TRY(store::tenant_by_id(txn, *id));
    if (!found && codec::valid_text(id_or_name)) found = TRY(store::tenant_by_name(txn, id_or_name));
    if (!found) return Error{Errc::not_found, "no such tenant; `countersign tenant list` shows them"};
    return *std::move(found);
  });
}

Result<std::vector<Tenant>> list_tenants(const Ports& ports) {
  return store::read(ports.store, [](store::Txn& txn) { return store::tenants(txn); });
}

Result<Tenant> create_tenant(const Administration& by, std::string name, const TenantId& parent) {
  TRY(check_name(name, "a tenant's name"));
  Tenant tenant;
  tenant.id = TenantId::make(by.ports.random);
  tenant.parent = parent;
  tenant.name = std::move(name);
  tenant.created = by.ports.clock.now();
  const Change change{.tenant = tenant.id, .action = "account_create", .target_type = "account",
                      .target_key = tenant.id.text(), .target_name = tenant.name};
  const Result<void> done = commit(by, change, [&](store::Txn& txn) { return store::insert_tenant(txn, tenant); });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "a tenant of this name exists already; choose another name"};
  }
  if (!done) return done.error();
  return tenant;
}

Result<Application> find_app(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id_or_name) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Application> {
    std::optional<Application> found;
    if (const auto id = AppId::parse(id_or_name)) found = TRY(store::app_by_id(txn, *id));
    if (found && tenant && found->tenant != *tenant) found.reset();
    if (!found && tenant && codec::valid_text(id_or_name)) found = TRY(store::app_by_name(txn, *tenant, id_or_name));
    if (!found) {
      return Error{Errc::not_found, tenant ? "the tenant has no such application"
                                           : "no such application; give its integration key, or a name with --tenant"};
    }
    return *std::move(found);
  });
}

Result<std::vector<Application>> list_apps(const Ports& ports, const TenantId& tenant) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::apps(txn, tenant); });
}

namespace {

Result<void> check_redirect_uris(const std::vector<std::string>& uris) {
  if (uris.size() > kRedirectUrisMax) return Error{Errc::malformed, "an application has at most 20 redirect URIs"};
  for (const std::string& uri : uris) TRY(check_redirect_uri(uri));
  return {};
}

}  // namespace

Result<CreatedApp> create_app(const Administration& by, AppDraft draft) {
  TRY(check_name(draft.name, "an application's name"));
  TRY(check_given_keys(draft));
  TRY(check_redirect_uris(draft.redirect_uris));
  CreatedApp out;
  out.secret_key = draft.secret_key.empty() ? new_secret_key(by.ports.random) : std::move(draft.secret_key);
  Application& app = out.app;
  app.tenant = draft.tenant;
  app.id = draft.key.empty() ? AppId::make(by.ports.random) : draft.key;
  app.type = draft.type;
  app.name = std::move(draft.name);
  app.signatures = draft.signatures;
  app.redirect_uris = std::move(draft.redirect_uris);
  app.created = by.ports.clock.now();
  app.sealed_secret = TRY(by.ports.keys.seal(secret_place(app.tenant, app.id), out.secret_key));
  const store::Grant made{.id = app.id.text(), .parent = by.actor.credential, .kind = std::string(kMadeApplication),
                          .tenant = app.tenant, .made = app.created};
  const Result<void> done = commit(by, app_change(app, "integration_create"), [&](store::Txn& txn) -> Result<void> {
    TRY(store::insert_app(txn, app));
    return store::insert_grant(txn, made);
  });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "this integration key is taken; leave --integration-key out to have one made"};
  }
  if (!done) return done.error();
  return out;
}

Result<ChangedApp> change_app(const Administration& by, Application app, AppChange change) {
  if (change.name) {
    TRY(check_name(*change.name, "an application's name"));
    app.name = *std::move(change.name);
  }
  if (change.enabled) app.enabled = *change.enabled;
  if (change.allow_v1) app.signatures.allow_v1 = *change.allow_v1;
  if (change.allow_sha1) app.signatures.allow_sha1 = *change.allow_sha1;
  if (change.redirect_uris) {
    TRY(check_redirect_uris(*change.redirect_uris));
    app.redirect_uris = *std::move(change.redirect_uris);
  }
  ChangedApp out;
  if (change.new_secret == NewSecret::yes) {
    out.secret_key = new_secret_key(by.ports.random);
    app.sealed_secret = TRY(by.ports.keys.seal(secret_place(app.tenant, app.id), out.secret_key));
  }
  const bool enables = change.enabled && *change.enabled;
  TRY(commit(by, app_change(app, "integration_update"), [&](store::Txn& txn) -> Result<void> {
    const auto grant = TRY(store::grant_of(txn, app.id.text()));
    if (enables && grant && grant->killed) {
      return Error{Errc::refused, "this application was killed; make another one in its place"};
    }
    if (!TRY(store::update_app(txn, app))) return Error{Errc::conflict, "changed by somebody else; try again"};
    return {};
  }));
  if (by.ports.apps) by.ports.apps->changed();
  out.app = std::move(app);
  return out;
}

Result<Secret> app_secret(const Ports& ports, const Application& app) {
  return ports.keys.unseal(secret_place(app.tenant, app.id), app.sealed_secret);
}

Result<policy::Policy> set_policy(const Administration& by, const PolicyTarget& target,
                                  const std::vector<std::pair<std::string, std::string>>& settings) {
  policy::Policy probe;  // every key and value is checked before anything is written
  codec::JsonWriter w;
  w.begin_object();
  for (const auto& [key, value] : settings) {
    TRY(policy::set(probe, key, value));
    w.key(key).string(value);
  }
  const Change change{.tenant = target.tenant, .action = "policy_update", .target_type = "policy",
                      .target_key = target.owner, .target_name = target.name, .details = w.end_object().take()};
  policy::Policy out;
  TRY(commit(by, change, [&](store::Txn& txn) -> Result<void> {
    out = TRY(read_policy(txn, target));
    for (const auto& [key, value] : settings) TRY(policy::set(out, key, value));
    return store::put_policy(txn, target.tenant, {target.scope, target.owner, policy::encode(out)});
  }));
  return out;
}

Result<policy::Policy> policy_at(const Ports& ports, const PolicyTarget& target) {
  return store::read(ports.store, [&](store::Txn& txn) { return read_policy(txn, target); });
}

Result<policy::Effective> effective_policy(const Ports& ports, const TenantId& tenant, const AppId& app) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<policy::Effective> {
    const PolicyTarget of_app{tenant, store::PolicyScope::app, app.text(), ""};
    const PolicyTarget of_tenant{tenant, store::PolicyScope::tenant, tenant.text(), ""};
    const policy::Policy app_policy = TRY(read_policy(txn, of_app));
    return policy::merge(app_policy, {}, TRY(read_policy(txn, of_tenant)));
  });
}

}  // namespace countersign::flow
