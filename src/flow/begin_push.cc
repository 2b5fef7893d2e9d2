#include <algorithm>
#include <memory>

#include "flow/attempt_events.h"
#include "flow/open_visit.h"
#include "flow/push.h"
#include "flow/run_again.h"
#include "flow/subscribe.h"

namespace countersign::flow {
namespace {

// What one round is about to write.
struct Plan {
  std::optional<Ending> replaced;           // the open attempt whose place the new one takes
  std::optional<store::StoredAttempt> row;  // the new attempt
  std::optional<store::HistoryRow> event;   // of an answer known at once
  std::optional<store::StoredVisit> visit;  // the prompt's, that shows the number
  std::vector<store::StoredFatigue> budgets;
  std::optional<Alarm> alarm;       // the source became a campaign
  std::vector<store::StoredNotice> warnings;  // and those whom it prompted are told
  Source source = Source::unknown;  // known or unknown
  signin::Notify notify = signin::Notify::no;
  Phone told;  // whom a notification goes to
  PhoneId phone;
  Standing standing;
};

// The visit that shows this request, changed by `change` and sealed anew. Nothing without a visit.
Result<std::optional<store::StoredVisit>> changed_visit(const Ports& ports, const PushRequest& request,
                                                        const std::function<void(signin::Visit&)>& change) {
  if (!request.visit) return std::optional<store::StoredVisit>();
  auto open = TRY(read_visit(ports, request.visit->id));
  if (!open || open->visit.state != signin::VisitState::open) return Error{Errc::refused, "the visit has ended"};
  open->visit.remember = request.visit->remember;
  change(open->visit);
  return std::optional(TRY(seal_visit(ports, open->visit, open->row.version)));
}

// A refusal known before anything is sent; logged like any other.
Result<void> end_now(const Ports& ports, const PushRequest& request, const Situation& situation, signin::State state,
                     std::string_view reason, Plan& plan) {
  record::AuthEvent event = event_of(ports, request.app, situation, request.access);
  event.reason = reason;
  event.result = signin::log_result(state);
  if (state != signin::State::allowed) event.factor = "duo_push";
  plan.event = TRY(seal_event(ports, event));
  plan.standing.state = state;
  plan.standing.reason = reason;
  plan.standing.attempt = event.txid;
  plan.visit = TRY(changed_visit(ports, request, [&](signin::Visit& visit) { visit.problem = reason; }));
  // Kept, so that a client that polls finds the answer.
  signin::Attempt attempt;
  attempt.tenant = request.app.tenant;
  attempt.id = event.txid;
  attempt.app = request.app.id;
  if (situation.user) attempt.user = situation.user->id;
  attempt.state = state;
  attempt.reason = reason;
  attempt.factor = event.factor;
  attempt.created = ports.clock.now();
  attempt.expires = attempt.created + ports.settings.attempt_kept;
  plan.row = TRY(seal_attempt(ports, attempt, 0));
  return {};
}

// The phone to ask, among those with a usable push enrolment.   refused: there is none.
Result<PhoneId> choose_phone(const PushRequest& request, const Situation& situation,
                             const std::vector<EnrolmentId>& usable) {
  for (const Enrolment& e : situation.enrolments) {
    if (e.kind != "push" || std::find(usable.begin(), usable.end(), e.id) == usable.end()) continue;
    if (request.device == "auto" || request.device == e.phone.text()) return e.phone;
  }
  return Error{Errc::refused, "no capable device"};
}

// The open attempt that stands in the way, ended: run out, or replaced by a request of the same place.
// exhausted: it belongs to somebody who signs in elsewhere.
Result<std::optional<Ending>> make_room(const Ports& ports, const PushRequest& request, const Situation& situation,
                                        Source source) {
  const auto row = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return store::open_attempt_of(txn, request.app.tenant, situation.user->id);
  }));
  if (!row) return std::optional<Ending>();
  const auto open = TRY(read_case(ports, row->tenant, row->id));
  if (!open) return std::optional<Ending>();
  if (ports.clock.now() >= open->attempt.expires) {
    return std::optional(TRY(end_case(ports, *open, signin::Expired{}, "")));
  }
  const bool same_place = open->attempt.app == request.app.id && open->attempt.access.ip == request.access.ip;
  // What its owner has started comes before what nobody was told of, also where both share an address.
  const bool announced = open->attempt.notify == signin::Notify::yes;
  const bool gives_way = source == Source::known ? same_place || !announced : same_place && !announced;
  if (!gives_way) return Error{Errc::exhausted, "another sign-in of this user waits for an answer"};
  return std::optional(TRY(end_case(ports, *open, signin::Cancelled{}, "")));
}

// Whether the request comes from where this user has signed in before.
Result<Source> source_of(const Ports& ports, const PushRequest& request, const Situation& situation) {
  if (situation.policy.push_unknown_device == policy::PushUnknownDevice::allow) return Source::known;
  if (request.source != Source::by_host) return request.source;
  const bool known = TRY(host_is_known(ports, request.app, situation.user->id, request.access));
  return known ? Source::known : Source::unknown;
}

// The user's budget, with the request that is being replaced counted already.
Result<policy::UserBudget> budget_now(const Ports& ports, const PushRequest& request, const Situation& situation,
                                      const Plan& plan) {
  const UserId& user = situation.user->id;
  if (plan.replaced) {
    for (const store::StoredFatigue& row : plan.replaced->budgets) {
      if (row.owner == user.text()) return policy::decode_user_budget(row.state);
    }
  }
  return TRY(user_budget(ports, request.app.tenant, user)).budget;
}

// Everybody who was prompted from there hears of it, before an attacker rings him (security §4.2.3).
Result<std::vector<store::StoredNotice>> warnings_of(const Ports& ports, const TenantId& tenant,
                                                     const policy::SourceBudget& source) {
  std::vector<store::StoredNotice> out;
  for (const auto& [id, at] : source.uses) {
    User user;
    user.tenant = tenant;
    user.id = UserId::trusted(id);
    out.push_back(TRY(seal_notice(
        ports, user,
        {NoticeKind::attack_stopped,
         "Somebody tried to sign in to many accounts from one place, and to yours. That place is blocked now. Approve "
         "nothing that you did not start, and tell nobody a number, whoever rings you."})));
  }
  return out;
}

// Says whether the phone is notified; a source that prompts many is blocked, and an alarm raised.
// False: it is blocked already.
Result<bool> spend_budgets(const Ports& ports, const PushRequest& request, const Situation& situation, Plan& plan) {
  const Instant now = ports.clock.now();
  if (plan.source == Source::known) {
    const bool may = policy::may_notify(TRY(budget_now(ports, request, situation, plan)), now);
    plan.notify = may ? signin::Notify::yes : signin::Notify::no;
    return true;
  }
  auto source = TRY(source_budget(ports, request.app.tenant, request.access.ip));
  if (!source) return true;
  if (policy::blocked(source->budget, now)) return false;
  source->budget = policy::after(source->budget, situation.user->id.text(), now);
  plan.budgets.push_back(changed(ports, *source));
  if (!policy::blocked(source->budget, now)) return true;
  plan.alarm = TRY(
      plan_alarm(ports, {"campaign", request.app, {}, request.access, situation.user->id, situation.user->username}));
  plan.warnings = TRY(warnings_of(ports, request.app.tenant, source->budget));
  ports.tell("push.campaign", "one network prompts many users; it is blocked");
  return true;
}

// A request from a place that is new to the user asks for more digits: an attacker may read them out to him.
int digits_of(const policy::Effective& policy, signin::Notify notify) {
  return notify == signin::Notify::yes ? policy.verified_push_digits : policy::kPushDigitsMax;
}

// Whether a number is asked for. A prepared attempt has one already: its client shows it.
signin::Number number_for(const PushRequest& request, const policy::Effective& policy) {
  if (!request.prepared.empty()) return signin::Number::shown;
  switch (request.screen) {
    case Screen::number: return signin::Number::shown;
    case Screen::perhaps:
      return policy.plain_push == policy::PlainPush::allow ? signin::Number::nowhere : signin::Number::shown;
    case Screen::nothing: return signin::Number::nowhere;
  }
  return signin::Number::shown;
}

// A new attempt, or the one that preauth prepared.   refused: the prepared one is not this user's, or not waiting.
Result<std::pair<signin::Attempt, std::int64_t>> start_from(const Ports& ports, const PushRequest& request,
                                                            const Situation& situation, signin::Notify notify) {
  if (!request.prepared.empty()) {
    const auto open = TRY(read_case(ports, request.app.tenant, request.prepared));
    const bool ours = open && open->attempt.app == request.app.id && open->attempt.user == situation.user->id &&
                      open->attempt.state == signin::State::prepared && ports.clock.now() < open->attempt.expires;
    if (!ours) return Error{Errc::refused, "txid"};
    return std::pair(open->attempt, open->row.version);
  }
  signin::Attempt attempt;
  attempt.tenant = request.app.tenant;
  attempt.id = AttemptId::make(ports.random);
  attempt.app = request.app.id;
  attempt.user = situation.user->id;
  attempt.number = number_for(request, situation.policy);
  const bool shown = attempt.number == signin::Number::shown;
  attempt.digits = shown ? situation.policy.verified_push_digits : 0;
  if (request.visit) {
    attempt.visit = request.visit->id;
    attempt.digits = digits_of(situation.policy, notify);
  }
  attempt.factor = shown ? "verified_duo_push" : "duo_push";
  attempt.app_name = request.app.name;
  attempt.access = request.access;
  attempt.created = ports.clock.now();
  attempt.expires = attempt.created + ports.settings.push_lifetime;
  return std::pair(std::move(attempt), std::int64_t{0});
}

struct Planner {
  const Ports& ports;
  const PushRequest& request;
  const Situation& situation;
  Plan& plan;

  Result<void> operator()(const policy::Allow& allow) {
    return end_now(ports, request, situation, signin::State::allowed, allow.reason, plan);
  }
  Result<void> operator()(const policy::Deny& deny) {
    return end_now(ports, request, situation, signin::State::denied, deny.reason, plan);
  }
  Result<void> operator()(const policy::Enroll&) {
    return end_now(ports, request, situation, signin::State::denied, "deny_unenrolled_user", plan);
  }
  Result<void> operator()(const policy::Require& require) {
    plan.phone = TRY(choose_phone(request, situation, require.usable));
    const bool plain = number_for(request, situation.policy) == signin::Number::nowhere;
    if (plain && situation.policy.plain_push == policy::PlainPush::deny) {
      return end_now(ports, request, situation, signin::State::denied, "denied_by_policy", plan);
    }
    plan.source = TRY(source_of(ports, request, situation));
    plan.replaced = TRY(make_room(ports, request, situation, plan.source));
    if (!TRY(spend_budgets(ports, request, situation, plan))) {
      return end_now(ports, request, situation, signin::State::denied, "anomalous_push", plan);
    }
    auto [attempt, version] = TRY(start_from(ports, request, situation, plan.notify));
    attempt.type = request.type;
    attempt.display_username = request.display_username;
    attempt.pushinfo = request.pushinfo;
    attempt.notify = plan.notify;
    for (const Phone& phone : situation.phones) {
      if (phone.id == plan.phone) plan.told = phone;
    }
    const signin::Attempt sent = TRY(signin::step(
        attempt, signin::Sent{plan.phone, ports.clock.now() + ports.settings.push_lifetime}, ports.clock.now()));
    plan.row = TRY(seal_attempt(ports, sent, version));
    plan.standing = TRY(standing_of(ports, sent, situation.policy));
    plan.visit = TRY(changed_visit(ports, request, [&](signin::Visit& visit) {
      visit.push = sent.id;
      visit.problem.clear();
    }));
    return {};
  }
};

Result<Plan> make_plan(const Ports& ports, const PushRequest& request) {
  Plan plan;
  const Situation situation = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return look_up(ports, txn, request.app, request.user, request.access, Secret());
  }));
  TRY(std::visit(Planner{ports, request, situation, plan}, situation.decision));
  return plan;
}

Result<void> write_plan(const Ports& ports, store::Txn& txn, const Plan& plan) {
  if (plan.replaced) TRY(write_ending(ports, txn, *plan.replaced));
  TRY(put_attempt(ports, txn, *plan.row));
  if (!plan.phone.empty()) TRY(store::note_change(txn, phone_key(plan.phone), ports.clock.now()));
  if (plan.notify == signin::Notify::yes) TRY(queue_look(ports, txn, plan.told));
  if (plan.visit) TRY(put_visit(ports, txn, *plan.visit));
  TRY(write_budgets(txn, plan.budgets));
  if (plan.alarm) TRY(write_alarm(txn, *plan.alarm));
  for (const store::StoredNotice& warning : plan.warnings) TRY(note(ports, txn, warning));
  if (plan.event) TRY(store::append_history(txn, *plan.event));
  return {};
}

void tell_everyone(const Ports& ports, const Plan& plan) {
  if (plan.event) count_sign_in(ports, signin::log_result(plan.standing.state));
  if (plan.replaced) {
    count_sign_in(ports, signin::log_result(plan.replaced->attempt.state));
    ports.wake(attempt_key(plan.replaced->attempt.id));
    if (!plan.replaced->attempt.visit.empty()) ports.wake(visit_key(plan.replaced->attempt.visit));
  }
  if (!plan.phone.empty()) ports.wake(phone_key(plan.phone));
  if (plan.notify == signin::Notify::yes || !plan.warnings.empty()) ports.wake(kOutboxKey);
}

}  // namespace

void begin_push(const Ports& ports, PushRequest request, Done<Standing> done) {
  auto asked = std::make_shared<PushRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<Standing>(
      [&ports, asked](Done<Standing> finish) {
        Result<Plan> made = make_plan(ports, *asked);
        if (!made) return finish(std::move(made).error());
        auto plan = std::make_shared<Plan>(*std::move(made));  // lives until the commit is durable
        ports.store.write([&ports, plan](store::Txn& txn) { return write_plan(ports, txn, *plan); },
                          [&ports, plan, finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            tell_everyone(ports, *plan);
                            finish(std::move(plan->standing));
                          });
      },
      std::move(done));
}

}  // namespace countersign::flow
