#include <algorithm>
#include <memory>

#include "flow/attempt_events.h"
#include "flow/push.h"
#include "flow/run_again.h"

namespace countersign::flow {
namespace {

// What one round is about to write.
struct Plan {
  std::optional<Ending> replaced;                 // the open attempt whose place the new one takes
  std::optional<store::StoredAttempt> row;        // the new attempt
  std::optional<store::HistoryRow> event;         // of an answer known at once
  PhoneId phone;
  Standing standing;
};

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
Result<std::optional<Ending>> make_room(const Ports& ports, const PushRequest& request, const Situation& situation) {
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
  if (!same_place) return Error{Errc::exhausted, "another sign-in of this user waits for an answer"};
  return std::optional(TRY(end_case(ports, *open, signin::Cancelled{}, "")));
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
                                                            const Situation& situation) {
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
    plan.replaced = TRY(make_room(ports, request, situation));
    auto [attempt, version] = TRY(start_from(ports, request, situation));
    attempt.type = request.type;
    attempt.display_username = request.display_username;
    attempt.pushinfo = request.pushinfo;
    const signin::Attempt sent = TRY(signin::step(
        attempt, signin::Sent{plan.phone, ports.clock.now() + ports.settings.push_lifetime}, ports.clock.now()));
    plan.row = TRY(seal_attempt(ports, sent, version));
    plan.standing = TRY(standing_of(ports, sent, situation.policy));
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

}  // namespace

void begin_push(const Ports& ports, PushRequest request, Done<Standing> done) {
  auto asked = std::make_shared<PushRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<Standing>(
      [&ports, asked](Done<Standing> finish) {
        Result<Plan> made = make_plan(ports, *asked);
        if (!made) return finish(std::move(made).error());
        auto plan = std::make_shared<Plan>(*std::move(made));  // lives until the commit is durable
        ports.store.write(
            [&ports, plan](store::Txn& txn) -> Result<void> {
              if (plan->replaced) TRY(write_ending(ports, txn, *plan->replaced));
              TRY(put_attempt(ports, txn, *plan->row));
              if (!plan->phone.empty()) TRY(store::note_change(txn, phone_key(plan->phone), ports.clock.now()));
              if (plan->event) TRY(store::append_history(txn, *plan->event));
              return {};
            },
            [&ports, plan, finish = std::move(finish)](Result<void> written) {
              if (!written) return finish(std::move(written).error());
              if (plan->event) count_sign_in(ports, signin::log_result(plan->standing.state));
              if (plan->replaced) count_sign_in(ports, signin::log_result(plan->replaced->attempt.state));
              if (plan->replaced) ports.wake(attempt_key(plan->replaced->attempt.id));
              if (!plan->phone.empty()) ports.wake(phone_key(plan->phone));
              finish(std::move(plan->standing));
            });
      },
      std::move(done));
}

}  // namespace countersign::flow
