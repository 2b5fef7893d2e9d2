#include <algorithm>
#include <atomic>
#include <memory>

#include "flow/attempt_events.h"
#include "flow/push.h"
#include "flow/run_again.h"
#include "flow/subscribe.h"
#include "flow/visit.h"
#include "store/attempts.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

// Writes an ending and tells everyone who waits.
void finish_case(const Ports& ports, Ending made, Done<Standing> finish) {
  auto ending = std::make_shared<Ending>(std::move(made));  // lives until the commit is durable
  ports.store.write([&ports, ending](store::Txn& txn) { return write_ending(ports, txn, *ending); },
                    [&ports, ending, finish = std::move(finish)](Result<void> written) {
                      if (!written) return finish(std::move(written).error());
                      count_sign_in(ports, signin::log_result(ending->attempt.state));
                      ports.wake(attempt_key(ending->attempt.id));
                      if (!ending->attempt.phone.empty()) ports.wake(phone_key(ending->attempt.phone));
                      if (!ending->attempt.visit.empty()) ports.wake(visit_key(ending->attempt.visit));
                      const bool noted = ending->protection || (ending->visit && ending->visit->notice);
                      if (noted) ports.wake(kOutboxKey);
                      finish(standing_of(ports, ending->attempt, ending->policy));
                    });
}

// The attempt as this application may see it.
Result<OpenCase> case_of(const Ports& ports, const Application& app, const AttemptId& id) {
  auto found = TRY(read_case(ports, app.tenant, id));
  if (!found || found->attempt.app != app.id) return Error{Errc::not_found, "txid"};
  return *std::move(found);
}

}  // namespace

void attempt_standing(const Ports& ports, const Application& app, const AttemptId& id, Done<Standing> done) {
  run_again<Standing>(
      [&ports, app, id](Done<Standing> finish) {
        const Result<OpenCase> open = case_of(ports, app, id);
        if (!open) return finish(open.error());
        if (open->attempt.state != signin::State::open || ports.clock.now() < open->attempt.expires) {
          return finish(standing_of(ports, open->attempt, open->situation.policy));
        }
        Result<Ending> ending = end_case(ports, *open, signin::Expired{}, "");
        if (!ending) return finish(std::move(ending).error());
        finish_case(ports, *std::move(ending), std::move(finish));
      },
      std::move(done));
}

namespace {

Error waits_no_more() { return {Errc::refused, "the request waits no more"}; }

// The attempt while it waits for its phone.
Result<OpenCase> waiting_case(const Ports& ports, const TenantId& tenant, const AttemptId& id) {
  auto found = TRY(read_case(ports, tenant, id));
  const bool waits = found && found->attempt.state == signin::State::open && ports.clock.now() < found->attempt.expires;
  if (!waits) return waits_no_more();
  return *std::move(found);
}

}  // namespace

void extend_push(const Ports& ports, const TenantId& tenant, const AttemptId& id, Done<Standing> done) {
  run_again<Standing>(
      [&ports, tenant, id](Done<Standing> finish) {
        const Result<OpenCase> open = waiting_case(ports, tenant, id);
        if (!open) return finish(open.error());
        const Result<signin::Attempt> next = signin::step(
            open->attempt, signin::Extended{open->attempt.expires + ports.settings.push_lifetime}, ports.clock.now());
        if (!next) return finish(waits_no_more());
        Result<store::StoredAttempt> sealed = seal_attempt(ports, *next, open->row.version);
        if (!sealed) return finish(std::move(sealed).error());
        auto row = std::make_shared<store::StoredAttempt>(*std::move(sealed));  // lives until the commit is durable
        ports.store.write([&ports, row](store::Txn& txn) { return put_attempt(ports, txn, *row); },
                          [&ports, row, next = *next, policy = open->situation.policy,
                           finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            ports.wake(phone_key(next.phone));
                            finish(standing_of(ports, next, policy));
                          });
      },
      std::move(done));
}

void cancel_push(const Ports& ports, const TenantId& tenant, const AttemptId& id, Done<Standing> done) {
  run_again<Standing>(
      [&ports, tenant, id](Done<Standing> finish) {
        const Result<OpenCase> open = waiting_case(ports, tenant, id);
        if (!open) return finish(open.error());
        Result<Ending> ending = end_case(ports, *open, signin::Cancelled{}, "");
        if (!ending) return finish(std::move(ending).error());
        finish_case(ports, *std::move(ending), std::move(finish));
      },
      std::move(done));
}

Result<std::vector<PendingRequest>> pending_requests(const Ports& ports, const Phone& phone) {
  std::string username;  // where the client gave no other to show
  const auto rows = TRY(store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<store::StoredAttempt>> {
    std::vector<store::StoredAttempt> open = TRY(store::open_attempts_of_phone(txn, phone.tenant, phone.id));
    if (open.empty()) return open;
    if (const auto user = TRY(store::user_by_id(txn, phone.tenant, phone.user))) username = user->username;
    return open;
  }));
  std::vector<PendingRequest> out;
  for (const store::StoredAttempt& row : rows) {
    const signin::Attempt attempt = TRY(open_attempt(ports, row));
    if (ports.clock.now() >= attempt.expires) continue;
    PendingRequest request;
    request.id = attempt.id;
    request.application = attempt.app_name;
    request.type = attempt.type.empty() ? "Login" : attempt.type;
    request.username = attempt.display_username.empty() ? username : attempt.display_username;
    request.address = attempt.access.ip;
    request.browser = attempt.access.browser;
    request.os = attempt.access.os;
    request.pushinfo = attempt.pushinfo;
    request.digits = attempt.number == signin::Number::shown ? attempt.digits : 0;
    request.created = attempt.created;
    request.expires = attempt.expires;
    out.push_back(std::move(request));
  }
  return out;
}

namespace {

// Why policy, as it stands now, does not let this user in with this device; empty: it does.
std::string_view objection(const policy::Decision& decision, const Enrolment& device) {
  if (const auto* deny = std::get_if<policy::Deny>(&decision)) return deny->reason;
  if (const auto* require = std::get_if<policy::Require>(&decision)) {
    const bool usable = std::find(require->usable.begin(), require->usable.end(), device.id) != require->usable.end();
    return usable ? "" : "denied_by_policy";
  }
  return std::holds_alternative<policy::Enroll>(decision) ? "denied_by_policy" : "";
}

// The event a phone's answer is. The number it should have typed never leaves this function.
Result<signin::Event> event_of_answer(const Ports& ports, const Answer& answer, const OpenCase& open,
                                      const Enrolment& device) {
  switch (answer.decision) {
    case factor::push::Decision::approve: {
      const std::string_view reason = objection(open.situation.decision, device);
      if (!reason.empty()) return signin::Event(signin::Refused{reason});
      signin::Approved approved;
      approved.typed = answer.number;
      approved.expected =
          TRY(ports.keys.push_number(open.attempt.tenant, open.attempt.id, std::max(open.attempt.digits, 3)));
      return signin::Event(std::move(approved));
    }
    case factor::push::Decision::deny: return signin::Event(signin::Denied{false});
    case factor::push::Decision::fraud: return signin::Event(signin::Denied{true});
  }
  return Error{Errc::malformed, "decision"};
}

// nullopt: it was answered already. No error: a conflict would be taken for a write that came between, and run again.
Result<std::optional<Ending>> judge_answer(const Ports& ports, const Answer& answer) {
  const auto open = TRY(read_case(ports, answer.phone.tenant, answer.attempt));
  if (!open || open->attempt.phone != answer.phone.id) return Error{Errc::not_found, "no such request"};
  const Enrolment* device = nullptr;
  for (const Enrolment& e : open->situation.enrolments) {
    if (e.kind == "push" && e.phone == answer.phone.id) device = &e;
  }
  if (!device) return Error{Errc::not_found, "no such request"};
  const std::string message = factor::push::answer_message(answer.attempt.text(), answer.number, answer.decision);
  if (!TRY(ports.keys.verify_device_signature(*device, message, answer.signature))) {
    return Error{Errc::refused, "the signature is not this device's"};
  }
  if (open->attempt.state != signin::State::open) return std::optional<Ending>();
  if (ports.clock.now() >= open->attempt.expires) {
    return std::optional(TRY(end_case(ports, *open, signin::Expired{}, "")));
  }
  const signin::Event event = TRY(event_of_answer(ports, answer, *open, *device));
  return std::optional(TRY(end_case(ports, *open, event, answer.address)));
}

}  // namespace

void answer_push(const Ports& ports, Answer answer, Done<Standing> done) {
  using Outcome = std::optional<Standing>;
  auto given = std::make_shared<Answer>(std::move(answer));  // lives through the rounds
  run_again<Outcome>(
      [&ports, given](Done<Outcome> finish) {
        Result<std::optional<Ending>> ending = judge_answer(ports, *given);
        if (!ending) return finish(std::move(ending).error());
        if (!*ending) return finish(Outcome());
        finish_case(ports, **std::move(ending), [finish = std::move(finish)](Result<Standing> standing) {
          finish(standing ? Result<Outcome>(*std::move(standing)) : Result<Outcome>(std::move(standing).error()));
        });
      },
      [done = std::move(done)](Result<Outcome> outcome) {
        if (!outcome) return done(std::move(outcome).error());
        if (!*outcome) return done(Error{Errc::conflict, "answered already"});
        done(**std::move(outcome));
      });
}

void expire_attempts(const Ports& ports, Done<int> done) {
  constexpr int kBatch = 100;
  const auto rows = store::read(
      ports.store, [&](store::Txn& txn) { return store::run_out_attempts(txn, ports.clock.now(), kBatch); });
  if (!rows) return done(rows.error());
  if (rows->empty()) return done(0);
  auto left = std::make_shared<std::atomic<int>>(static_cast<int>(rows->size()));  // shared by the completions
  const int count = static_cast<int>(rows->size());
  for (const store::StoredAttempt& row : *rows) {
    const Result<std::optional<OpenCase>> open = read_case(ports, row.tenant, row.id);
    const auto one_done = [left, count, done](const Result<Standing>&) {
      if (--*left == 0) done(count);
    };
    if (!open || !*open) {
      one_done(Error{Errc::not_found, ""});
      continue;
    }
    Result<Ending> ending = end_case(ports, **open, signin::Expired{}, "");
    if (!ending) {
      one_done(std::move(ending).error());
      continue;
    }
    finish_case(ports, *std::move(ending), one_done);
  }
}

}  // namespace countersign::flow
