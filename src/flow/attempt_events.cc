#include "flow/attempt_events.h"

#include <algorithm>

#include "flow/open_visit.h"
#include "store/history.h"
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

namespace {

// What the end of a request means for its user's budget; nullopt: nothing. A request that was never announced may end
// unanswered as often as an attacker likes.
std::optional<policy::Asked> asked(const signin::Attempt& ended) {
  const bool announced = ended.notify == signin::Notify::yes;
  switch (ended.state) {
    case signin::State::allowed: return policy::Asked::approved;
    case signin::State::denied:
      if (ended.reason == "user_mistake") return policy::Asked::wrong_number;
      return ended.reason == "user_cancelled" ? std::optional(policy::Asked::denied) : std::nullopt;
    case signin::State::timed_out:
    case signin::State::cancelled: return announced ? std::optional(policy::Asked::unanswered) : std::nullopt;
    case signin::State::fraud:
    case signin::State::prepared:
    case signin::State::open: return std::nullopt;
  }
  std::abort();
}

Result<std::vector<store::StoredFatigue>> budgets_after(const Ports& ports, const signin::Attempt& ended) {
  std::vector<store::StoredFatigue> out;
  const std::optional<policy::Asked> outcome = asked(ended);
  if (!outcome || ended.user.empty()) return out;
  auto user = TRY(user_budget(ports, ended.tenant, ended.user));
  const policy::UserBudget next = policy::after(user.budget, *outcome, ports.clock.now());
  if (!(next == user.budget)) {
    user.budget = next;
    out.push_back(changed(ports, user));
  }
  if (*outcome != policy::Asked::approved) return out;
  auto source = TRY(source_budget(ports, ended.tenant, ended.access.ip));
  if (!source || source->row.version == 0) return out;
  const policy::SourceBudget without = policy::without(source->budget, ended.user.text());
  if (without == source->budget) return out;
  source->budget = without;
  out.push_back(changed(ports, *source));
  return out;
}

// What follows for the user, the place and the prompt.
Result<void> consequences(const Ports& ports, const OpenCase& open, const record::AuthEvent& event, Ending& out) {
  const signin::Attempt& ended = out.attempt;
  out.budgets = TRY(budgets_after(ports, ended));
  const bool allowed = ended.state == signin::State::allowed, fraud = ended.state == signin::State::fraud;
  if (fraud && open.situation.user) {
    out.protection = TRY(plan_protection(
        ports, {"not_me", open.app, ended.id, ended.access, ended.user, open.situation.user->username}));
  }
  if (allowed && ended.visit.empty()) out.known_host = TRY(host_digest(ports, open.app, ended.access));
  if (ended.visit.empty() || (!allowed && !fraud)) return {};
  const auto visit = TRY(read_visit(ports, ended.visit));
  if (visit && visit->visit.state == signin::VisitState::open) out.visit = TRY(end_visit(ports, *visit, event));
  return {};
}

}  // namespace

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
    if (out.attempt.visit.empty()) {
      out.remembered = TRY(remember(ports, open.app, open.attempt.user, open.attempt.id, out.policy));
    }
  }
  TRY(consequences(ports, open, log, out));
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
  const signin::Attempt& attempt = ending.attempt;
  if (ending.visit) {
    TRY(write_visit_ending(ports, txn, *ending.visit));
  } else if (!attempt.visit.empty()) {
    TRY(store::note_change(txn, visit_key(attempt.visit), ports.clock.now()));
  }
  TRY(write_budgets(txn, ending.budgets));
  if (ending.protection) TRY(write_protection(ports, txn, *ending.protection));
  if (!ending.known_host.empty()) {
    TRY(store::put_known_host(txn, attempt.tenant, attempt.user, ending.known_host, ports.clock.now()));
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
  if (attempt.state == signin::State::allowed && attempt.visit.empty() && policy.remembered_devices_days > 0) {
    out.remember_token = TRY(remember_token(ports, attempt.id));
  }
  return out;
}

}  // namespace countersign::flow
