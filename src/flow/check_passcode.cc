#include "flow/check_passcode.h"

#include <algorithm>
#include <memory>

#include "core/factor/factor.h"
#include "flow/open_visit.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"
#include "flow/subscribe.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

// One enrolment that took the code, and its next state.
struct Match {
  Enrolment enrolment;
  Bytes sealed_next;
};

// What one round found out and is about to write.
struct Verdict {
  Situation situation;
  std::optional<Match> match;
  record::AuthEvent event;
  std::optional<store::HistoryRow> row;
  std::optional<store::StoredAttempt> kept;
  Remembered remembered;
  std::optional<VisitEnding> ending;        // of the visit, by a success
  std::optional<store::StoredVisit> visit;  // that says the failure
  Standing standing;
  bool counts = false;  // a wrong code: towards the lock
};

// What the log calls the factor that a typed code proved.
std::string_view logged_factor(const Enrolment& enrolment) {
  if (enrolment.kind == "bypass") return "bypass_code";
  return enrolment.phone.empty() ? "hardware_token" : "duo_mobile_passcode";
}

bool contains(const std::vector<EnrolmentId>& ids, const EnrolmentId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The usable enrolments that the code may be of.
std::vector<Enrolment> candidates(const Situation& situation, const std::vector<EnrolmentId>& usable,
                                  const PasscodeRequest& request) {
  std::vector<Enrolment> out;
  for (const Enrolment& enrolment : situation.enrolments) {
    const factor::Kind* kind = factor::kind(enrolment.kind);
    if (!kind || !kind->verify || !contains(usable, enrolment.id)) continue;
    if (request.only && !contains(*request.only, enrolment.id)) continue;
    out.push_back(enrolment);
  }
  return out;
}

struct Judge {
  const Ports& ports;
  const PasscodeRequest& request;
  Verdict& verdict;

  void end(signin::State state, std::string_view reason) {
    verdict.standing.state = state;
    verdict.standing.reason = reason;
    verdict.event.reason = reason;
    verdict.event.result = signin::log_result(state);
  }

  Result<void> operator()(const policy::Allow& allow) {
    end(signin::State::allowed, allow.reason);
    return {};
  }
  Result<void> operator()(const policy::Deny& deny) {
    end(signin::State::denied, deny.reason);
    return {};
  }
  Result<void> operator()(const policy::Enroll&) {
    end(signin::State::denied, "deny_unenrolled_user");
    return {};
  }
  Result<void> operator()(const policy::Require&) {
    if (verdict.match) {
      end(signin::State::allowed, "valid_passcode");
      verdict.event.factor = logged_factor(verdict.match->enrolment);
      name_device(verdict.event, verdict.situation, verdict.match->enrolment);
      if (!request.visit) {  // a visit remembers its browser in its own way
        verdict.remembered =
            TRY(remember(ports, request.app, verdict.situation.user->id, verdict.event.txid, verdict.situation.policy));
        verdict.standing.remember_token = verdict.remembered.token;
      }
    } else {
      end(signin::State::denied, "invalid_passcode");
      verdict.event.factor = "passcode";
      verdict.counts = true;
    }
    return {};
  }
};

// The finished attempt, for a client that polls for what it has already decided.
signin::Attempt kept_attempt(const Ports& ports, const Verdict& verdict, const Application& app) {
  signin::Attempt attempt;
  attempt.tenant = app.tenant;
  attempt.id = verdict.event.txid;
  attempt.app = app.id;
  if (verdict.situation.user) attempt.user = verdict.situation.user->id;
  attempt.state = verdict.standing.state;
  attempt.reason = verdict.standing.reason;
  attempt.factor = verdict.event.factor;
  attempt.created = ports.clock.now();
  attempt.expires = attempt.created + ports.settings.attempt_kept;
  return attempt;
}

// What the visit becomes: ended by a success, told of a failure.
Result<void> judge_visit(const Ports& ports, const VisitStep& step, Verdict& verdict) {
  auto open = TRY(read_visit(ports, step.id));
  if (!open || open->visit.state != signin::VisitState::open) return Error{Errc::refused, "the visit has ended"};
  open->visit.remember = step.remember;
  if (verdict.event.result == "success") {
    verdict.ending = TRY(end_visit(ports, *open, verdict.event));
  } else {
    open->visit.problem = verdict.event.reason;
    verdict.visit = TRY(seal_visit(ports, open->visit, open->row.version));
  }
  return {};
}

Result<void> look(const Ports& ports, const PasscodeRequest& request, Verdict& verdict) {
  verdict.situation = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return look_up(ports, txn, request.app, request.user, request.access, Secret());
  }));
  verdict.event = event_of(ports, request.app, verdict.situation, request.access);
  return {};
}

// Once it is known whether the code is right.
Result<void> judge(const Ports& ports, const PasscodeRequest& request, Verdict& verdict) {
  TRY(std::visit(Judge{ports, request, verdict}, verdict.situation.decision));
  verdict.standing.attempt = verdict.event.txid;
  verdict.row = TRY(seal_event(ports, verdict.event));
  if (request.visit) TRY(judge_visit(ports, *request.visit, verdict));
  if (request.keep == Keep::yes) {
    verdict.kept = TRY(seal_attempt(ports, kept_attempt(ports, verdict, request.app), 0));
  }
  return {};
}

// Everything a check changes. conflict: what was read is no longer so.
Result<void> write_down(const Ports& ports, store::Txn& txn, const Verdict& verdict) {
  if (verdict.match || verdict.counts) {
    const User& user = *verdict.situation.user;
    TRY(still_open(ports, txn, user, verdict.situation.policy));
    if (verdict.counts) {
      if (user.failures.locked_at) TRY(store::clear_failures(txn, user.tenant, user.id));  // a lock that has run out
      TRY(store::add_failure(txn, user.tenant, user.id, verdict.situation.policy.lockout_threshold, ports.clock.now()));
    } else {
      const auto& [enrolment, sealed_next] = *verdict.match;
      const bool first = TRY(store::advance_enrolment(txn, enrolment, sealed_next, ports.clock.now()));
      if (!first) return lost();
      if (user.failures.count > 0) TRY(store::clear_failures(txn, user.tenant, user.id));
      if (!verdict.remembered.token.empty()) TRY(store::insert_remembered(txn, verdict.remembered.row));
    }
  }
  if (verdict.kept) TRY(put_attempt(ports, txn, *verdict.kept));
  if (verdict.ending) TRY(write_visit_ending(ports, txn, *verdict.ending));
  if (verdict.visit) TRY(put_visit(ports, txn, *verdict.visit));
  return store::append_history(txn, *verdict.row);
}

// What is shared by the steps of a round, until its commit is durable.
struct Round {
  const Ports& ports;
  std::shared_ptr<PasscodeRequest> request;
  Done<Standing> finish;
  Verdict verdict{};
  std::vector<Enrolment> candidates{};
};
using RoundPtr = std::shared_ptr<Round>;

void conclude(const RoundPtr& round) {
  const Result<void> judged = judge(round->ports, *round->request, round->verdict);
  if (!judged) return round->finish(judged.error());
  round->ports.store.write([round](store::Txn& txn) { return write_down(round->ports, txn, round->verdict); },
                           [round](Result<void> written) {
                             if (!written) return round->finish(std::move(written).error());
                             Verdict& verdict = round->verdict;
                             count_sign_in(round->ports, verdict.event.result);
                             if (verdict.ending && verdict.ending->notice) round->ports.wake(kOutboxKey);
                             round->finish(std::move(verdict.standing));
                           });
}

void begin(const RoundPtr& round) {
  const Result<void> seen = look(round->ports, *round->request, round->verdict);
  if (!seen) return round->finish(seen.error());
  const auto* require = std::get_if<policy::Require>(&round->verdict.situation.decision);
  if (require) round->candidates = candidates(round->verdict.situation, require->usable, *round->request);
  if (round->candidates.empty()) return conclude(round);
  round->ports.keys.match_passcode_soon(
      round->candidates, round->request->passcode, round->ports.clock.now(),
      [round](Result<keys::PasscodeMatch> found) {
        // Only keys that are away are an error; else no enrolment took the code.
        if (!found && found.error().code == Errc::unavailable) return round->finish(found.error());
        if (found) {
          round->verdict.match = Match{std::move(round->candidates[found->which]), std::move(found->sealed_next)};
        }
        conclude(round);
      });
}

}  // namespace

void check_passcode(const Ports& ports, PasscodeRequest request, Done<Standing> done) {
  auto asked = std::make_shared<PasscodeRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<Standing>(
      [&ports, asked](Done<Standing> finish) {
        begin(std::make_shared<Round>(Round{ports, asked, std::move(finish)}));
      },
      std::move(done));
}

}  // namespace countersign::flow
