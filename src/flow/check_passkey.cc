#include "flow/check_passkey.h"

#include <memory>

#include "flow/open_visit.h"
#include "flow/passkeys.h"
#include "flow/protect.h"
#include "flow/run_again.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

// What one round found out and is about to write.
struct Verdict {
  OpenVisit open;
  std::optional<ProvenPasskey> proven;
  record::AuthEvent event;
  std::optional<store::HistoryRow> row;
  std::optional<VisitEnding> ending;             // of a success
  std::optional<store::StoredVisit> challenged;  // of a failure: with a new challenge
  Standing standing;
};

Result<void> judge_success(const Ports& ports, Verdict& verdict) {
  verdict.event.factor = "webauthn";
  verdict.event.reason = "user_approved";
  verdict.event.result = "success";
  name_device(verdict.event, verdict.open.situation, verdict.proven->enrolment);
  verdict.standing.state = signin::State::allowed;
  verdict.ending = TRY(end_visit(ports, verdict.open, verdict.event));
  return {};
}

Result<void> judge_failure(const Ports& ports, Verdict& verdict, const Error& why) {
  ports.tell("passkey.refused", why.what);
  verdict.event.factor = "webauthn";
  verdict.event.reason = "invalid_device";
  verdict.event.result = "denied";
  verdict.standing.state = signin::State::denied;
  signin::Visit visit = verdict.open.visit;
  visit.challenge = new_challenge(ports);
  visit.failed.assign(1, "passkey");
  visit.problem = "passkey_failed";
  verdict.challenged = TRY(seal_visit(ports, visit, verdict.open.row.version));
  return {};
}

Result<Verdict> judge(const Ports& ports, const PasskeyRequest& request) {
  Verdict verdict;
  auto open = TRY(read_visit(ports, request.visit.id));
  if (!open || ports.clock.now() >= open->visit.expires) return no_visit();
  const bool asks = open->visit.state == signin::VisitState::open &&
                    std::holds_alternative<policy::Require>(open->situation.decision);
  if (!asks) return Error{Errc::refused, "the visit asks for no passkey"};
  verdict.open = *std::move(open);
  verdict.open.visit.remember = request.visit.remember;
  const signin::Visit& visit = verdict.open.visit;
  verdict.event = event_of(ports, verdict.open.app, verdict.open.situation, visit.access);
  const auto ceremony = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return ceremony_of(ports, txn, visit.tenant, visit.challenge, verdict.open.situation.policy);
  }));
  Result<ProvenPasskey> proven = prove_passkey(ports, ceremony, verdict.open.situation, request.response);
  if (!proven && proven.error().code == Errc::unavailable) return proven.error();
  if (proven) {
    verdict.proven = *std::move(proven);
    TRY(judge_success(ports, verdict));
  } else {
    TRY(judge_failure(ports, verdict, proven.error()));
  }
  verdict.standing.reason = verdict.event.reason;
  verdict.standing.attempt = verdict.event.txid;
  verdict.row = TRY(seal_event(ports, verdict.event));
  return verdict;
}

// Everything a check changes. conflict: what was read is no longer so.
Result<void> write_down(const Ports& ports, store::Txn& txn, const Verdict& verdict) {
  const Situation& situation = verdict.open.situation;
  const User& user = *situation.user;
  TRY(still_open(ports, txn, user, situation.policy));
  if (verdict.proven) {
    const auto& [enrolment, sealed_next, user_verified] = *verdict.proven;
    if (!TRY(store::advance_enrolment(txn, enrolment, sealed_next, ports.clock.now()))) return lost();
    if (user.failures.count > 0) TRY(store::clear_failures(txn, user.tenant, user.id));
    if (user.protected_at) TRY(store::note_passkey_shown(txn, user.tenant, user.id, ports.clock.now()));
    TRY(write_visit_ending(ports, txn, *verdict.ending));
  } else {
    TRY(store::add_failure(txn, user.tenant, user.id, situation.policy.lockout_threshold, ports.clock.now()));
    TRY(put_visit(ports, txn, *verdict.challenged));
  }
  return store::append_history(txn, *verdict.row);
}

}  // namespace

void check_passkey(const Ports& ports, PasskeyRequest request, Done<Standing> done) {
  auto asked = std::make_shared<PasskeyRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<Standing>(
      [&ports, asked](Done<Standing> finish) {
        Result<Verdict> judged = judge(ports, *asked);
        if (!judged) return finish(std::move(judged).error());
        auto verdict = std::make_shared<Verdict>(*std::move(judged));  // lives until the commit is durable
        ports.store.write([&ports, verdict](store::Txn& txn) { return write_down(ports, txn, *verdict); },
                          [&ports, verdict, finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            count_sign_in(ports, verdict->event.result);
                            finish(std::move(verdict->standing));
                          });
      },
      std::move(done));
}

}  // namespace countersign::flow
