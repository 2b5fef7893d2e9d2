#include "flow/protect.h"

#include "core/codec/json_write.h"
#include "store/attempts.h"
#include "store/users.h"
#include "store/visits.h"

namespace countersign::flow {
namespace {

keys::Place place_of(const TenantId& tenant, const IncidentId& id) {
  return {tenant, "incidents", "evidence", id.text()};
}

std::string evidence_json(const Evidence& evidence, Instant now) {
  codec::JsonWriter w;
  w.begin_object().key("at").integer(unix_s(now));
  w.key("user").string(evidence.username).key("attempt").string(evidence.attempt.text());
  w.key("application").string(evidence.app.name).key("application_key").string(evidence.app.id.text());
  w.key("address").string(evidence.access.ip).key("hostname").string(evidence.access.hostname);
  w.key("browser").string(evidence.access.browser).key("browser_version").string(evidence.access.browser_version);
  w.key("os").string(evidence.access.os).key("os_version").string(evidence.access.os_version);
  w.end_object();
  return w.take();
}

Result<store::StoredIncident> new_incident(const Ports& ports, const Evidence& evidence) {
  store::StoredIncident out;
  out.tenant = evidence.app.tenant;
  out.id = IncidentId::make(ports.random);
  out.kind = evidence.kind;
  out.user = evidence.user;
  out.opened = ports.clock.now();
  out.sealed_evidence = TRY(ports.keys.seal(place_of(out.tenant, out.id), Secret(evidence_json(evidence, out.opened))));
  return out;
}

Result<store::HistoryRow> activity_of(const Ports& ports, const store::StoredIncident& incident,
                                      const std::string& username) {
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = incident.tenant;
  event.at = incident.opened;
  event.action = incident.user.empty() ? "incident_open" : "user_protect";
  codec::JsonWriter details;
  details.begin_object().key("incident").string(incident.id.text()).key("kind").string(incident.kind).end_object();
  event.details = details.take();
  event.actor_type = "system";
  event.actor_name = "prompt protection";
  event.target_type = "user";
  event.target_key = incident.user.text();
  event.target_name = username;
  return seal_event(ports, event);
}

}  // namespace

Result<Protection> plan_protection(const Ports& ports, const Evidence& evidence) {
  Protection out;
  out.tenant = evidence.app.tenant;
  out.user = evidence.user;
  out.incident = TRY(new_incident(ports, evidence));
  out.activity = TRY(activity_of(ports, out.incident, evidence.username));
  User user;
  user.tenant = out.tenant;
  user.id = out.user;
  out.notice = TRY(seal_notice(ports, user,
                               {NoticeKind::attack_stopped,
                                "A sign-in that was not you has been stopped. Your account is protected: only "
                                "passkeys work until an administrator lifts it."}));
  return out;
}

namespace {

// A link to set up an authenticator may be in other hands: it leads nowhere once its phone is gone.
Result<void> forget_unfinished(store::Txn& txn, const Protection& protection, Instant since) {
  for (const Phone& phone : TRY(store::phones_of(txn, protection.tenant, protection.user))) {
    const bool unfinished = !phone.activated && phone.masked.empty() && phone.created > since;
    if (unfinished) TRY(store::delete_phone(txn, phone.tenant, phone.id));
  }
  return {};
}

}  // namespace

Result<void> write_protection(const Ports& ports, store::Txn& txn, const Protection& protection) {
  const Instant now = ports.clock.now();
  TRY(store::protect_user(txn, protection.tenant, protection.user, now));
  TRY(store::delete_sessions_of(txn, protection.tenant, protection.user));
  TRY(store::forget_remembered(txn, protection.tenant, protection.user));
  TRY(store::forget_known_browsers_since(txn, protection.tenant, protection.user, now - kSuspectedBack));
  TRY(forget_unfinished(txn, protection, now - kSuspectedBack));
  TRY(store::insert_incident(txn, protection.incident));
  TRY(note(ports, txn, protection.notice));
  return store::append_history(txn, protection.activity);
}

Result<Alarm> plan_alarm(const Ports& ports, const Evidence& evidence) {
  Alarm out;
  out.incident = TRY(new_incident(ports, evidence));
  out.incident.user = UserId();
  out.activity = TRY(activity_of(ports, out.incident, evidence.username));
  return out;
}

Result<void> write_alarm(store::Txn& txn, const Alarm& alarm) {
  TRY(store::insert_incident(txn, alarm.incident));
  return store::append_history(txn, alarm.activity);
}

Result<Incident> open_incident(const Ports& ports, const store::StoredIncident& row) {
  const Secret evidence = TRY(ports.keys.unseal(place_of(row.tenant, row.id), row.sealed_evidence));
  return Incident{row.id, row.kind, row.user, row.opened, row.closed, std::string(evidence.reveal())};
}

}  // namespace countersign::flow
