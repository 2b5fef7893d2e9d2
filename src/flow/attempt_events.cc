#include "flow/attempt_events.h"

#include <algorithm>

#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {

Result<std::optional<OpenCase>> read_case(const Ports& ports, const TenantId& tenant, const AttemptId& id) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::optional<OpenCase>> {
    auto row = TRY(store::attempt_by_id(txn, tenant, id));
    if (!row) return std::optional<OpenCase>();
    auto app = TRY(store::app_by_id(txn, row->app));
    if (!app || app->tenant != tenant) return std::optional<OpenCase>();
    OpenCase out;
    out.app = *std::move(app);
    out.row = *std::move(row);
    out.attempt = TRY(open_attempt(ports, out.row));
    if (!out.row.user.empty()) {
      out.situation = TRY(look_up(ports, txn, out.app, UserRef(out.row.user), out.attempt.access, Secret()));
    }
    return std::optional(std::move(out));
  });
}

Result<Ending> end_case(const Ports& ports, const OpenCase& open, const signin::Event& event,
                        const std::string& device_address) {
  Ending out;
  out.policy = open.situation.policy;
  out.attempt = TRY(signin::step(open.attempt, event, ports.clock.now()));
  out.attempt.expires = ports.clock.now() + ports.settings.attempt_kept;
  record::AuthEvent log = event_of(ports, open.app, open.situation, open.attempt.access);
  log.txid = open.attempt.id;
  log.id = EventId::trusted(log.txid.text());
  log.factor = out.attempt.factor;
  log.reason = out.attempt.reason;
  log.result = signin::log_result(out.attempt.state);
  for (const Enrolment& e : open.situation.enrolments) {
    if (e.kind == "push" && e.phone == open.attempt.phone) name_device(log, open.situation, e);
  }
  log.auth_device.ip = device_address;
  out.event = TRY(seal_event(ports, log));
  out.row = TRY(seal_attempt(ports, out.attempt, open.row.version));
  if (out.attempt.state == signin::State::allowed) {
    out.cleared = open.situation.user;
    out.remembered = TRY(remember(ports, open.app, open.attempt.user, open.attempt.id, out.policy));
  }
  return out;
}

Result<void> write_ending(const Ports& ports, store::Txn& txn, const Ending& ending) {
  TRY(put_attempt(ports, txn, ending.row));
  if (ending.cleared) {
    TRY(still_open(ports, txn, *ending.cleared, ending.policy));
    if (ending.cleared->failures.count > 0) {
      TRY(store::clear_failures(txn, ending.cleared->tenant, ending.cleared->id));
    }
    if (!ending.remembered.token.empty()) TRY(store::insert_remembered(txn, ending.remembered.row));
  }
  return store::append_history(txn, ending.event);
}

Result<Standing> standing_of(const Ports& ports, const signin::Attempt& attempt, const policy::Effective& policy) {
  Standing out;
  out.state = attempt.state;
  out.reason = attempt.reason;
  out.attempt = attempt.id;
  if (attempt.state == signin::State::open || attempt.state == signin::State::prepared) {
    const auto left = std::chrono::ceil<seconds>(attempt.expires - ports.clock.now());
    out.seconds_left = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    if (attempt.number == signin::Number::shown) {
      out.number = TRY(ports.keys.push_number(attempt.tenant, attempt.id, attempt.digits));
    }
  }
  if (attempt.state == signin::State::allowed && policy.remembered_devices_days > 0) {
    out.remember_token = TRY(remember_token(ports, attempt.id));
  }
  return out;
}

}  // namespace countersign::flow
