#include "flow/preauth.h"

#include <algorithm>
#include <memory>

#include "core/factor/factor.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"

namespace countersign::flow {
namespace {

bool usable(const policy::Require& require, const Enrolment& enrolment) {
  return std::find(require.usable.begin(), require.usable.end(), enrolment.id) != require.usable.end();
}

Device phone_device(const Phone& phone, const Situation& situation, const policy::Require& require) {
  Device device;
  device.id = phone.id.text();
  device.masked = phone.masked;
  device.name = phone.name;
  for (const Enrolment& e : situation.enrolments) {
    if (e.phone != phone.id || !usable(require, e)) continue;
    if (e.kind == "push") {
      device.capabilities.insert(device.capabilities.begin(), {"auto", "push"});
    } else {
      device.capabilities.push_back("mobile_otp");
    }
  }
  return device;
}

// Phones with something usable on them, then tokens of their own; bypass codes are no device.
std::vector<Device> devices_of(const Situation& situation, const policy::Require& require) {
  std::vector<Device> out;
  for (const Phone& phone : situation.phones) {
    Device device = phone_device(phone, situation, require);
    if (!device.capabilities.empty()) out.push_back(std::move(device));
  }
  for (const Enrolment& e : situation.enrolments) {
    if (!e.phone.empty() || e.kind == "bypass" || !usable(require, e)) continue;
    Device device;
    device.id = e.id.text();
    device.token = true;
    device.name = e.label;
    out.push_back(std::move(device));
  }
  return out;
}

bool can_push(const std::vector<Device>& devices) {
  return std::any_of(devices.begin(), devices.end(), [](const Device& d) {
    return std::find(d.capabilities.begin(), d.capabilities.end(), "push") != d.capabilities.end();
  });
}

struct Verdict {
  Situation situation;
  Preauth out;
  std::optional<store::HistoryRow> row;           // of a final answer
  std::string_view result;                        // likewise
  std::optional<store::StoredAttempt> prepared;   // of a Verified Push to come
};

struct Judge {
  const Ports& ports;
  const PreauthRequest& request;
  Verdict& verdict;

  Result<void> record(std::string_view reason, std::string_view result, std::string_view factor) {
    record::AuthEvent event = event_of(ports, request.app, verdict.situation, request.access);
    event.reason = reason;
    event.result = result;
    event.factor = factor;
    verdict.out.reason = reason;
    verdict.result = result;
    verdict.row = TRY(seal_event(ports, event));
    return {};
  }

  Result<void> operator()(const policy::Allow& allow) {
    verdict.out.result = PreauthResult::allow;
    const bool is_factor = allow.reason == "remembered_device" || allow.reason == "trusted_network";
    return record(allow.reason, "success", is_factor ? allow.reason : "not_available");
  }
  Result<void> operator()(const policy::Deny& deny) {
    verdict.out.result = PreauthResult::deny;
    return record(deny.reason, "denied", "not_available");
  }
  Result<void> operator()(const policy::Enroll&) {
    verdict.out.result = PreauthResult::enroll;
    verdict.out.enroll_portal_url = ports.settings.public_url + "/enroll";
    return {};
  }
  Result<void> operator()(const policy::Require& require) {
    verdict.out.result = PreauthResult::auth;
    verdict.out.devices = devices_of(verdict.situation, require);
    if (request.verified_push == VerifiedPush::unsupported || !can_push(verdict.out.devices)) return {};
    signin::Attempt attempt;
    attempt.tenant = request.app.tenant;
    attempt.id = AttemptId::make(ports.random);
    attempt.app = request.app.id;
    attempt.user = verdict.situation.user->id;
    attempt.state = signin::State::prepared;
    attempt.digits = verdict.situation.policy.verified_push_digits;
    attempt.factor = "verified_duo_push";
    attempt.app_name = request.app.name;
    attempt.access = request.access;
    attempt.created = ports.clock.now();
    attempt.expires = attempt.created + ports.settings.push_lifetime;
    verdict.prepared = TRY(seal_attempt(ports, attempt, 0));
    verdict.out.prepared = attempt.id;
    verdict.out.number = TRY(ports.keys.push_number(attempt.tenant, attempt.id, attempt.digits));
    verdict.out.seconds_left = static_cast<int>(ports.settings.push_lifetime.count());
    return {};
  }
};

Result<Verdict> judge(const Ports& ports, const PreauthRequest& request) {
  Verdict verdict;
  verdict.situation = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return look_up(ports, txn, request.app, request.user, request.access, request.remember_token);
  }));
  TRY(std::visit(Judge{ports, request, verdict}, verdict.situation.decision));
  return verdict;
}

}  // namespace

void preauth(const Ports& ports, PreauthRequest request, Done<Preauth> done) {
  Result<Verdict> judged = judge(ports, request);
  if (!judged) return done(std::move(judged).error());
  if (!judged->row && !judged->prepared) return done(std::move(judged->out));
  auto verdict = std::make_shared<Verdict>(*std::move(judged));  // lives until the commit is durable
  ports.store.write(
      [&ports, verdict](store::Txn& txn) -> Result<void> {
        if (verdict->prepared) TRY(put_attempt(ports, txn, *verdict->prepared));
        if (verdict->row) TRY(store::append_history(txn, *verdict->row));
        return {};
      },
      [&ports, verdict, done = std::move(done)](Result<void> written) {
        if (!written) return done(std::move(written).error());
        if (verdict->row) count_sign_in(ports, verdict->result);
        done(std::move(verdict->out));
      });
}

}  // namespace countersign::flow
