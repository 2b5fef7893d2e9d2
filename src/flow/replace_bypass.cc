#include "flow/replace_bypass.h"

#include <memory>
#include <utility>

#include "core/factor/bypass.h"
#include "flow/enrol.h"
#include "flow/lineage.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

struct Plan {
  Enrolment enrolment;
  store::HistoryRow event;
  AppId app;
  ReplacedBypass out;
};

Result<User> find_user(const Ports& ports, const ReplaceBypass& request) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<User> {
    std::optional<User> user;
    if (const auto* id = std::get_if<UserId>(&request.user)) {
      user = TRY(store::user_by_id(txn, request.app.tenant, *id));
    } else {
      const std::string canonical = TRY(canonical_username(std::get<std::string>(request.user)));
      user = TRY(store::user_by_name(txn, request.app.tenant, canonical));
    }
    if (!user) return Error{Errc::not_found, "no such user"};
    return *std::move(user);
  });
}

Result<Plan> make_plan(const Ports& ports, const ReplaceBypass& request) {
  const User user = TRY(find_user(ports, request));
  Plan plan;
  factor::bypass::Parameters parameters;
  parameters.count = request.count;
  if (request.valid) plan.out.expires = parameters.expires = ports.clock.now() + *request.valid;
  factor::bypass::Issued issued = TRY(factor::bypass::issue(parameters, ports.random));
  plan.out.codes = std::move(issued.codes);
  plan.enrolment = new_enrolment(ports, user.tenant, user.id, factor::bypass::kKind.name);
  TRY(seal_state(ports, plan.enrolment, issued.state));
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = user.tenant;
  event.at = ports.clock.now();
  event.action = "bypass_create";
  event.details = "{\"count\":" + std::to_string(request.count) + "}";
  event.actor_type = "api";
  event.actor_key = request.app.id.text();
  event.actor_name = request.app.name;
  event.target_type = "user";
  event.target_key = user.id.text();
  event.target_name = user.username;
  plan.event = TRY(seal_event(ports, event));
  plan.app = request.app.id;
  return plan;
}

}  // namespace

void replace_bypass(const Ports& ports, ReplaceBypass request, Done<ReplacedBypass> done) {
  Result<Plan> made = make_plan(ports, request);
  if (!made) return done(std::move(made).error());
  auto plan = std::make_shared<Plan>(*std::move(made));  // lives until the commit is durable
  ports.store.write(
      [plan](store::Txn& txn) -> Result<void> {
        const Enrolment& made_now = plan->enrolment;
        TRY(store::delete_enrolments(txn, made_now.tenant, made_now.user, made_now.kind));
        TRY(store::insert_enrolment(txn, made_now));
        TRY(note_factor(txn, made_now, plan->app.text()));
        return store::append_history(txn, plan->event);
      },
      [plan, done = std::move(done)](Result<void> written) {
        if (!written) return done(std::move(written).error());
        done(std::move(plan->out));
      });
}

}  // namespace countersign::flow
