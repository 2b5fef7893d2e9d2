#include "flow/administer_protection.h"

#include <algorithm>

#include "core/codec/json_write.h"

namespace countersign::flow {
namespace {

constexpr int kPage = 200;

Change incident_change(const store::StoredIncident& incident, std::string action) {
  codec::JsonWriter w;
  w.begin_object().key("kind").string(incident.kind).end_object();
  return {.tenant = incident.tenant, .action = std::move(action), .target_type = "incident",
          .target_key = incident.id.text(), .target_name = incident.kind, .details = w.take()};
}

bool shown_in_time(const store::Protection& protection, Instant now) {
  const auto& shown = protection.passkey_shown;
  return shown && *shown >= *protection.since && now - *shown <= kPasskeyShownWithin;
}

}  // namespace

Result<void> each_incident(const Ports& ports, const TenantId& tenant,
                           const std::function<bool(const store::StoredIncident&)>& on_incident) {
  std::vector<IncidentId> seen;  // those of the oldest millisecond so far: the next page begins within it
  Instant before = ports.clock.now() + std::chrono::hours(24);
  for (;;) {
    const int limit = kPage + static_cast<int>(seen.size());
    const auto page = TRY(store::read(
        ports.store, [&](store::Txn& txn) { return store::incidents_page(txn, tenant, before, limit); }));
    for (const store::StoredIncident& incident : page) {
      if (std::find(seen.begin(), seen.end(), incident.id) != seen.end()) continue;
      if (!on_incident(incident)) return {};
    }
    if (page.size() < static_cast<std::size_t>(limit)) return {};
    const Instant oldest = page.back().opened;
    if (oldest + milliseconds(1) != before) seen.clear();
    for (const store::StoredIncident& incident : page) {
      if (incident.opened == oldest) seen.push_back(incident.id);
    }
    before = oldest + milliseconds(1);
  }
}

Result<store::StoredIncident> find_incident(const Ports& ports, const TenantId& tenant, std::string_view id) {
  const auto parsed = IncidentId::parse(id);
  std::optional<store::StoredIncident> found;
  if (parsed) {
    found = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::incident_by_id(txn, tenant, *parsed); }));
  }
  if (!found) return Error{Errc::not_found, "the tenant has no such incident"};
  return *std::move(found);
}

Result<Incident> read_incident(const Administration& by, const store::StoredIncident& incident) {
  TRY(commit(by, incident_change(incident, "incident_read"), [](store::Txn&) { return Result<void>(); }));
  return open_incident(by.ports, incident);
}

Result<store::StoredIncident> close_incident(const Administration& by, store::StoredIncident incident) {
  incident.closed = by.ports.clock.now();
  const auto done =
      commit(by, incident_change(incident, "incident_close"), [&](store::Txn& txn) -> Result<void> {
        if (!TRY(store::close_incident(txn, incident))) return Error{Errc::conflict, "closed"};
        return {};
      });
  if (!done && done.error().code == Errc::conflict) return Error{Errc::conflict, "the incident is closed already"};
  if (!done) return done.error();
  return incident;
}

Result<store::Protection> protection_of(const Ports& ports, const User& user) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::protection_of(txn, user.tenant, user.id); });
}

Result<void> unprotect_user(const Administration& by, const User& user, const std::string& without_passkey) {
  if (!without_passkey.empty()) TRY(check_name(without_passkey, "a reason"));
  codec::JsonWriter details;
  details.begin_object().key("passkey").string(without_passkey.empty() ? "shown" : "NOT SHOWN");
  if (!without_passkey.empty()) details.key("without_passkey").string(without_passkey);
  const Change change{.tenant = user.tenant,
                      .action = without_passkey.empty() ? "user_unprotect" : "user_unprotect_without_passkey",
                      .target_type = "user", .target_key = user.id.text(), .target_name = user.username,
                      .details = details.end_object().take()};
  return commit(by, change, [&](store::Txn& txn) -> Result<void> {
    const store::Protection now = TRY(store::protection_of(txn, user.tenant, user.id));
    if (!now.since) return Error{Errc::conflict, "this account is not protected"};
    if (without_passkey.empty() && !shown_in_time(now, by.ports.clock.now())) {
      return Error{Errc::refused,
                   "the owner has not shown a passkey since the account was protected, within the last 24 hours; have "
                   "him sign in with it first. Who has none any more: --without-passkey REASON, after making sure who "
                   "he is"};
    }
    return store::unprotect_user(txn, user.tenant, user.id);
  });
}

}  // namespace countersign::flow
