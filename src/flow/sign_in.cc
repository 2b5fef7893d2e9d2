#include "flow/sign_in.h"

#include <algorithm>

#include "core/codec/hex.h"
#include "core/record/stored_event.h"
#include "flow/stored_attempt.h"
#include "store/attempts.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

Result<std::optional<User>> find_user(store::Txn& txn, const TenantId& tenant, const UserRef& ref) {
  if (const auto* id = std::get_if<UserId>(&ref)) {
    auto user = TRY(store::user_by_id(txn, tenant, *id));
    if (!user) return Error{Errc::not_found, "no user has this user_id"};
    return user;
  }
  const std::string canonical = TRY(canonical_username(std::get<std::string>(ref)));
  return store::user_by_name(txn, tenant, canonical);
}

// The policies that apply, each in its place: a scope that has none must not be filled by the next.
Result<policy::Effective> effective_policy(store::Txn& txn, const Application& app, const UserId& user) {
  policy::Policy of_app, of_tenant;
  std::vector<policy::Policy> of_groups;
  for (const store::StoredPolicy& stored : TRY(store::policies_for(txn, app.tenant, app.id, user))) {
    policy::Policy read = TRY(policy::decode(stored.text));
    switch (stored.scope) {
      case store::PolicyScope::app: of_app = std::move(read); break;
      case store::PolicyScope::group: of_groups.push_back(std::move(read)); break;
      case store::PolicyScope::tenant: of_tenant = std::move(read); break;
    }
  }
  return policy::merge(of_app, of_groups, of_tenant);
}

Result<bool> is_remembered(const Ports& ports, store::Txn& txn, const Application& app, const User& user,
                           const Secret& token) {
  if (token.empty()) return false;
  const Bytes digest = TRY(ports.keys.token_digest(kRememberPurpose, token));
  const auto device = TRY(store::remembered_by_digest(txn, app.tenant, digest));
  return device && device->user == user.id && device->app == app.id && ports.clock.now() < device->expires;
}

enum class Recollection { none, remembered };

void decide(const Ports& ports, Situation& situation, const record::AccessDevice& access, Recollection recollection) {
  policy::Context context;
  if (situation.user) context.user = &*situation.user;
  context.enrolments = &situation.enrolments;
  context.address = access.ip;
  context.remembered = recollection == Recollection::remembered;
  situation.decision = policy::decide(situation.policy, context, ports.clock.now());
}

}  // namespace

Result<Situation> look_up(const Ports& ports, store::Txn& txn, const Application& app, const UserRef& ref,
                          const record::AccessDevice& access, const Secret& remember_token) {
  Situation out;
  out.user = TRY(find_user(txn, app.tenant, ref));
  if (const auto* name = std::get_if<std::string>(&ref)) out.asked_name = *name;
  out.policy = TRY(effective_policy(txn, app, out.user ? out.user->id : UserId{}));
  bool remembered = false;
  if (out.user) {
    out.asked_name = out.user->username;
    out.enrolments = TRY(store::enrolments_of(txn, app.tenant, out.user->id));
    const bool on_phones =
        std::any_of(out.enrolments.begin(), out.enrolments.end(), [](const auto& e) { return !e.phone.empty(); });
    if (on_phones) out.phones = TRY(store::phones_of(txn, app.tenant, out.user->id));
    if (!out.user->groups.empty()) {
      for (Group& group : TRY(store::groups_of(txn, app.tenant, out.user->id))) {
        out.groups.push_back(std::move(group.name));
      }
    }
    remembered = TRY(is_remembered(ports, txn, app, *out.user, remember_token));
  }
  decide(ports, out, access, remembered ? Recollection::remembered : Recollection::none);
  return out;
}

void decide_remembered(const Ports& ports, Situation& situation, const record::AccessDevice& access) {
  decide(ports, situation, access, Recollection::remembered);
}

record::AuthEvent event_of(const Ports& ports, const Application& app, const Situation& situation,
                           const record::AccessDevice& access) {
  record::AuthEvent event;
  event.txid = AttemptId::make(ports.random);
  event.id = EventId::trusted(event.txid.text());
  event.tenant = app.tenant;
  event.at = ports.clock.now();
  event.factor = "not_available";
  event.user_name = situation.asked_name;
  if (situation.user) {
    event.user_key = situation.user->id.text();
    event.email = situation.user->email;
    event.groups = situation.groups;
  }
  event.app_key = app.id.text();
  event.app_name = app.name;
  event.access_device = access;
  return event;
}

void name_device(record::AuthEvent& event, const Situation& situation, const Enrolment& enrolment) {
  event.auth_device.key = enrolment.phone.empty() ? enrolment.id.text() : enrolment.phone.text();
  event.auth_device.name = enrolment.label;
  for (const Phone& phone : situation.phones) {
    if (phone.id != enrolment.phone) continue;
    event.auth_device.name = phone.masked.empty() ? phone.name : phone.masked;
  }
}

namespace {

template <class Event>
Result<store::HistoryRow> seal(const Ports& ports, const Event& event, store::Stream stream, std::string_view user) {
  const std::string text = record::encode(event);
  Unsealed row;
  row.tenant = event.tenant;
  row.stream = stream;
  row.day = record::day_of(event.at);
  row.id = event.id;
  row.text = text;
  row.user = user;
  return ports.history->seal(ports, row);
}

}  // namespace

Result<store::HistoryRow> seal_event(const Ports& ports, const record::AuthEvent& event) {
  return seal(ports, event, store::Stream::authentication, event.user_key);
}

Result<store::HistoryRow> seal_event(const Ports& ports, const record::ActivityEvent& event) {
  const bool of_user = event.target_type == "user";
  return seal(ports, event, store::Stream::activity, of_user ? std::string_view(event.target_key) : std::string_view());
}

Result<void> still_open(const Ports& ports, store::Txn& txn, const User& user, const policy::Effective& policy) {
  const auto gate = TRY(store::user_gate(txn, user.tenant, user.id));
  const bool open = gate && gate->status == user.status && gate->protected_at == user.protected_at &&
                    !policy::locked(gate->failures, policy, ports.clock.now());
  return open ? Result<void>() : Result<void>(lost());
}

Result<Remembered> remember(const Ports& ports, const Application& app, const UserId& user, const AttemptId& attempt,
                            const policy::Effective& policy) {
  Remembered out;
  if (policy.remembered_devices_days == 0) return out;
  out.token = TRY(remember_token(ports, attempt));
  out.row.tenant = app.tenant;
  out.row.digest = TRY(ports.keys.token_digest(kRememberPurpose, Secret(out.token)));
  out.row.user = user;
  out.row.app = app.id;
  out.row.expires = ports.clock.now() + std::chrono::hours(24 * policy.remembered_devices_days);
  return out;
}

Result<std::string> remember_token(const Ports& ports, const AttemptId& attempt) {
  return codec::to_hex(TRY(ports.keys.token_digest("remember-token", Secret(attempt.text()))));
}

}  // namespace countersign::flow
