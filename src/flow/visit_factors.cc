// A factor shown at the prompt: a passkey, a typed code, a push.
#include <memory>

#include "flow/check_passcode.h"
#include "flow/check_passkey.h"
#include "flow/open_visit.h"
#include "flow/passkeys.h"
#include "flow/push.h"
#include "flow/run_again.h"
#include "flow/visit.h"

namespace countersign::flow {
namespace {

Error does_not_fit() { return {Errc::refused, "the visit shows something else by now"}; }

// The visit, open and asking for a factor.   conflict: it does not.
Result<OpenVisit> asking(const Ports& ports, const Caller& caller) {
  OpenVisit open = TRY(read_visit(ports, caller));
  const bool asks =
      open.visit.state == signin::VisitState::open && std::holds_alternative<policy::Require>(open.situation.decision);
  if (!asks) return does_not_fit();
  return open;
}

// What the factor's own use case answered: success or failure is written in the visit, so it is shown.
Done<Standing> then_show(const Ports& ports, std::shared_ptr<const Caller> caller, Done<View> done) {
  return [&ports, caller = std::move(caller), done = std::move(done)](Result<Standing> standing) {
    if (!standing) return done(std::move(standing).error());
    ports.wake(visit_key(caller->visit));
    show_visit(ports, caller, done);
  };
}

// A change of the visit alone, made anew from what is read while others change it too.
void change_visit(const Ports& ports, std::shared_ptr<const Caller> caller,
                  std::function<Result<signin::Visit>(const OpenVisit&)> change, Done<View> done) {
  run_again<View>(
      [&ports, caller, change](Done<View> finish) {
        const Result<OpenVisit> open = read_visit(ports, *caller);
        if (!open) return finish(open.error());
        const Result<signin::Visit> changed = change(*open);
        if (!changed) return finish(changed.error());
        Result<store::StoredVisit> row = seal_visit(ports, *changed, open->row.version);
        if (!row) return finish(std::move(row).error());
        store_and_show(ports, caller, *std::move(row), std::move(finish));
      },
      std::move(done));
}

UserRef user_of(const OpenVisit& open) { return open.situation.user->id; }

}  // namespace

void visit_passcode(const Ports& ports, Caller caller, Secret passcode, signin::Remember remember, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));  // lives until the commit is durable
  const Result<OpenVisit> open = asking(ports, *asked);
  if (!open) return done(open.error());
  PasscodeRequest request;
  request.app = open->app;
  request.user = user_of(*open);
  request.access = open->visit.access;
  request.passcode = std::move(passcode);
  request.visit = VisitStep{open->visit.id, remember};
  request.only = typeable(*open);
  check_passcode(ports, std::move(request), then_show(ports, asked, std::move(done)));
}

void visit_passkey(const Ports& ports, Caller caller, std::string response, signin::Remember remember,
                   Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  const Result<OpenVisit> open = asking(ports, *asked);
  if (!open) return done(open.error());
  check_passkey(ports, {VisitStep{open->visit.id, remember}, std::move(response)},
                then_show(ports, asked, std::move(done)));
}

void visit_passkey_failed(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  change_visit(
      ports, asked,
      [&ports](const OpenVisit& open) -> Result<signin::Visit> {
        if (open.visit.state != signin::VisitState::open) return does_not_fit();
        signin::Visit visit = open.visit;
        visit.failed.assign(1, "passkey");
        visit.problem = "passkey_failed";
        visit.challenge = new_challenge(ports);
        return visit;
      },
      std::move(done));
}

void visit_push(const Ports& ports, Caller caller, PhoneId phone, signin::Remember remember, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  const Result<OpenVisit> open = asking(ports, *asked);
  if (!open) return done(open.error());
  bool offered = false;
  for (const Method& method : ways(*open)) offered |= method.way == Way::push && method.phone == phone;
  if (!offered) return done(does_not_fit());
  PushRequest request;
  request.app = open->app;
  request.user = user_of(*open);
  request.access = open->visit.access;
  request.device = phone.text();
  request.visit = VisitStep{open->visit.id, remember};
  request.source = open->familiarity == Familiarity::known ? Source::known : Source::unknown;
  begin_push(ports, std::move(request), [&ports, asked, done = std::move(done)](Result<Standing> standing) {
    // Somebody else's request is open: said on the page, not as an error.
    if (!standing && standing.error().code == Errc::exhausted) {
      return change_visit(
          ports, asked,
          [](const OpenVisit& now) -> Result<signin::Visit> {
            signin::Visit visit = now.visit;
            visit.problem = "another_request";
            return visit;
          },
          done);
    }
    then_show(ports, asked, done)(std::move(standing));
  });
}

void visit_more_time(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  const Result<OpenVisit> open = asking(ports, *asked);
  if (!open) return done(open.error());
  if (!open->push) return done(does_not_fit());
  extend_push(ports, open->visit.tenant, open->push->id, then_show(ports, asked, std::move(done)));
}

void visit_other_way(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  const Result<OpenVisit> open = asking(ports, *asked);
  if (!open) return done(open.error());
  if (!open->push || signin::final(open->push->state)) return show_visit(ports, asked, std::move(done));
  cancel_push(ports, open->visit.tenant, open->push->id, then_show(ports, asked, std::move(done)));
}

}  // namespace countersign::flow
