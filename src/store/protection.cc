#include "store/protection.h"

namespace countersign::store {
namespace {

StoredIncident incident_of(const Row& row) {
  const ByteView evidence = row.bytes(6);
  return StoredIncident{.tenant = row.id<TenantId>(0),
                        .id = row.id<IncidentId>(1),
                        .kind = std::string(row.text(2)),
                        .user = row.id<UserId>(3),
                        .opened = row.instant(4),
                        .closed = row.maybe_instant(5),
                        .sealed_evidence = Bytes(evidence.begin(), evidence.end()),
                        .version = row.integer(7)};
}

}  // namespace

Result<std::optional<StoredFatigue>> fatigue_of(Txn& txn, const TenantId& tenant, std::string_view owner) {
  std::optional<StoredFatigue> out;
  TRY(txn.rows(Query::fatigue_of, {tenant, owner}, [&](const Row& row) {
    out = StoredFatigue{.tenant = row.id<TenantId>(0),
                        .owner = std::string(row.text(1)),
                        .state = std::string(row.text(2)),
                        .touched = row.instant(3),
                        .version = row.integer(4)};
  }));
  return out;
}

Result<bool> put_fatigue(Txn& txn, const StoredFatigue& fatigue) {
  if (fatigue.version == 0) {
    const std::int64_t inserted =
        TRY(txn.change(Query::insert_fatigue, {fatigue.tenant, fatigue.owner, fatigue.state, fatigue.touched}));
    return inserted == 1;
  }
  const std::int64_t changed = TRY(txn.change(
      Query::update_fatigue, {fatigue.tenant, fatigue.owner, fatigue.version, fatigue.state, fatigue.touched}));
  return changed == 1;
}

Result<std::int64_t> delete_fatigue_before(Txn& txn, Instant touched_before, int limit) {
  return txn.change(Query::delete_fatigue_before, {touched_before, limit});
}

Result<Protection> protection_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  std::optional<Protection> out;
  TRY(txn.rows(Query::protection_of, {tenant, user}, [&](const Row& row) {
    out = Protection{.since = row.maybe_instant(0), .passkey_shown = row.maybe_instant(1)};
  }));
  if (!out) return Error{Errc::not_found, "no such user"};
  return *out;
}

Result<void> protect_user(Txn& txn, const TenantId& tenant, const UserId& user, Instant now) {
  TRY(txn.change(Query::protect_user, {tenant, user, now}));
  return {};
}

Result<void> unprotect_user(Txn& txn, const TenantId& tenant, const UserId& user) {
  TRY(txn.change(Query::unprotect_user, {tenant, user}));
  return {};
}

Result<void> note_passkey_shown(Txn& txn, const TenantId& tenant, const UserId& user, Instant now) {
  TRY(txn.change(Query::note_passkey_shown, {tenant, user, now}));
  return {};
}

Result<void> insert_incident(Txn& txn, const StoredIncident& incident) {
  TRY(txn.change(Query::insert_incident,
                 {incident.tenant, incident.id, incident.kind, incident.user, incident.opened, incident.closed,
                  incident.sealed_evidence, incident.version}));
  return {};
}

Result<std::optional<StoredIncident>> incident_by_id(Txn& txn, const TenantId& tenant, const IncidentId& id) {
  std::optional<StoredIncident> out;
  TRY(txn.rows(Query::incident_by_id, {tenant, id}, [&](const Row& row) { out = incident_of(row); }));
  return out;
}

Result<std::vector<StoredIncident>> incidents_page(Txn& txn, const TenantId& tenant, Instant opened_before, int limit) {
  std::vector<StoredIncident> out;
  TRY(txn.rows(Query::incidents_page, {tenant, opened_before, limit},
               [&](const Row& row) { out.push_back(incident_of(row)); }));
  return out;
}

Result<bool> close_incident(Txn& txn, const StoredIncident& incident) {
  if (!incident.closed) return Error{Errc::malformed, "an incident is closed at some time"};
  const std::int64_t changed = TRY(
      txn.change(Query::close_incident, {incident.tenant, incident.id, incident.version, *incident.closed}));
  return changed == 1;
}

}  // namespace countersign::store
