#include "flow/visit_binding.h"

#include <memory>

#include "flow/enrol.h"
#include "flow/lineage.h"
#include "flow/passkeys.h"
#include "flow/run_again.h"
#include "store/attempts.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

Error does_not_fit() { return {Errc::refused, "the visit binds nothing now"}; }

// The visit while policy wants its user to enrol.
Result<OpenVisit> binding_visit(const Ports& ports, const Caller& caller) {
  OpenVisit open = TRY(read_visit(ports, caller));
  const bool binds =
      open.visit.state == signin::VisitState::open && std::holds_alternative<policy::Enroll>(open.situation.decision);
  if (!binds) return does_not_fit();
  return open;
}

// Whom the factor is bound to; somebody unknown becomes a user with it.
struct Owner {
  User user;
  std::optional<store::HistoryRow> created;
};

Result<store::HistoryRow> creation_event(const Ports& ports, const OpenVisit& open, const User& user) {
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = user.tenant;
  event.at = ports.clock.now();
  event.action = "user_create";
  event.details = "{}";
  event.actor_type = "api";
  event.actor_key = open.app.id.text();
  event.actor_name = open.app.name;
  event.target_type = "user";
  event.target_key = user.id.text();
  event.target_name = user.username;
  return seal_event(ports, event);
}

Result<Owner> owner_of(const Ports& ports, const OpenVisit& open) {
  Owner out;
  if (open.situation.user) {
    out.user = *open.situation.user;
    return out;
  }
  out.user.tenant = open.visit.tenant;
  out.user.id = open.visit.planned_user;
  out.user.username = open.visit.username;
  out.user.created = ports.clock.now();
  out.created = TRY(creation_event(ports, open, out.user));
  return out;
}

// A first sign-in proves nothing but that the application sent it: what is bound in it descends from the application.
Result<void> note_visit(store::Txn& txn, const store::StoredVisit& visit) {
  return store::insert_grant(txn, {.id = visit.id.text(), .parent = visit.app.text(), .kind = std::string(kMadeVisit),
                                   .tenant = visit.tenant, .made = visit.created});
}

Result<void> write_owner(store::Txn& txn, const Owner& owner) {
  if (!owner.created) return {};
  TRY(store::insert_user(txn, owner.user));
  return store::append_history(txn, *owner.created);
}

// An enrolment as Duo logs it.
Result<store::HistoryRow> enrolment_event(const Ports& ports, const OpenVisit& open, const User& user) {
  record::AuthEvent event = event_of(ports, open.app, open.situation, open.visit.access);
  event.event_type = "enrollment";
  event.result = "success";
  event.reason = "";
  event.user_key = user.id.text();
  event.factor = "webauthn";
  return seal_event(ports, event);
}

// Everything a bound passkey writes.
struct PasskeyPlan {
  Owner owner;
  NewPasskey passkey;
  store::StoredVisit visit;
  store::HistoryRow event;
};

Result<PasskeyPlan> plan_passkey(const Ports& ports, OpenVisit open, std::string_view response) {
  PasskeyPlan plan;
  plan.owner = TRY(owner_of(ports, open));
  const auto ceremony = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return ceremony_of(ports, txn, open.visit.tenant, open.visit.challenge, open.situation.policy);
  }));
  plan.passkey = TRY(register_passkey(ports, ceremony, plan.owner.user, open.situation.policy, response));
  plan.event = TRY(enrolment_event(ports, open, plan.owner.user));
  open.visit.user = plan.owner.user.id;
  open.visit.planned_user = UserId();
  open.visit.challenge = new_challenge(ports);
  open.visit.problem.clear();
  plan.visit = TRY(seal_visit(ports, open.visit, open.row.version));
  return plan;
}

// The ceremony's challenge counts once, also when its answer was refused.
void refuse_passkey(const Ports& ports, std::shared_ptr<const Caller> caller, OpenVisit open, Done<View> finish) {
  open.visit.challenge = new_challenge(ports);
  open.visit.problem = "passkey_failed";
  Result<store::StoredVisit> row = seal_visit(ports, open.visit, open.row.version);
  if (!row) return finish(std::move(row).error());
  store_and_show(ports, std::move(caller), *std::move(row), std::move(finish));
}

}  // namespace

Result<std::string> passkey_request(const Ports& ports, const OpenVisit& open) {
  const auto ceremony = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return ceremony_of(ports, txn, open.visit.tenant, open.visit.challenge, open.situation.policy);
  }));
  return passkey_request_json(ports, ceremony, open.situation);
}

Result<std::string> passkey_creation(const Ports& ports, const OpenVisit& open) {
  const auto ceremony = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return ceremony_of(ports, txn, open.visit.tenant, open.visit.challenge, open.situation.policy);
  }));
  const UserId user = open.situation.user ? open.situation.user->id : open.visit.planned_user;
  return passkey_creation_json(ports, ceremony, open.situation, {user, open.tenant_name});
}

Result<BindPhone> bind_phone_view(const Ports& ports, const OpenVisit& open) {
  BindPhone out;
  out.url = ports.settings.public_url + "/activate/" + open.visit.binding->activation_code;
  out.seconds_left =
      static_cast<int>(std::chrono::duration_cast<seconds>(open.visit.expires - ports.clock.now()).count());
  return out;
}

void visit_bind_passkey(const Ports& ports, Caller caller, std::string response, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));  // lives until the commit is durable
  run_again<View>(
      [&ports, asked, response](Done<View> finish) {
        const Result<OpenVisit> open = binding_visit(ports, *asked);
        if (!open) return finish(open.error());
        Result<PasskeyPlan> made = plan_passkey(ports, *open, response);
        if (!made) {
          if (made.error().code == Errc::unavailable) return finish(std::move(made).error());
          ports.tell("passkey.refused", made.error().what);
          return refuse_passkey(ports, asked, *open, std::move(finish));
        }
        auto plan = std::make_shared<PasskeyPlan>(*std::move(made));  // lives until the commit is durable
        ports.store.write(
            [&ports, plan](store::Txn& txn) -> Result<void> {
              TRY(write_owner(txn, plan->owner));
              TRY(write_passkey(txn, plan->passkey));
              TRY(note_visit(txn, plan->visit));
              TRY(note_factor(txn, plan->passkey.enrolment, plan->visit.id.text()));
              TRY(store::append_history(txn, plan->event));
              return put_visit(ports, txn, plan->visit);
            },
            [&ports, asked, finish = std::move(finish)](Result<void> written) {
              if (!written) return finish(std::move(written).error());
              show_visit(ports, asked, finish);
            });
      },
      std::move(done));
}

namespace {

// A phone to be activated, and the code that does it.
struct PhonePlan {
  Owner owner;
  PhoneForActivation phone;
  store::StoredVisit visit;
};

Result<PhonePlan> plan_phone(const Ports& ports, OpenVisit open) {
  PhonePlan plan;
  plan.owner = TRY(owner_of(ports, open));
  const auto left = std::chrono::duration_cast<seconds>(open.visit.expires - ports.clock.now());
  plan.phone = TRY(phone_for_activation(ports, plan.owner.user, left));
  open.visit.user = plan.owner.user.id;
  open.visit.planned_user = UserId();
  open.visit.binding = signin::Binding{plan.phone.phone.id, plan.phone.code};
  plan.visit = TRY(seal_visit(ports, open.visit, open.row.version));
  return plan;
}

}  // namespace

void visit_bind_phone(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  run_again<View>(
      [&ports, asked](Done<View> finish) {
        const Result<OpenVisit> open = binding_visit(ports, *asked);
        if (!open) return finish(open.error());
        if (open->visit.binding) return show_visit(ports, asked, std::move(finish));
        Result<PhonePlan> made = plan_phone(ports, *open);
        if (!made) return finish(std::move(made).error());
        auto plan = std::make_shared<PhonePlan>(*std::move(made));  // lives until the commit is durable
        ports.store.write(
            [&ports, plan](store::Txn& txn) -> Result<void> {
              TRY(write_owner(txn, plan->owner));
              TRY(store::insert_phone(txn, plan->phone.phone));
              TRY(note_visit(txn, plan->visit));
              TRY(note_phone(txn, plan->phone.phone, plan->visit.id.text()));
              TRY(store::insert_activation(txn, plan->phone.activation));
              return put_visit(ports, txn, plan->visit);
            },
            [&ports, asked, finish = std::move(finish)](Result<void> written) {
              if (!written) return finish(std::move(written).error());
              show_visit(ports, asked, finish);
            });
      },
      std::move(done));
}

void visit_unbind(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  run_again<View>(
      [&ports, asked](Done<View> finish) {
        const Result<OpenVisit> open = binding_visit(ports, *asked);
        if (!open) return finish(open.error());
        signin::Visit visit = open->visit;
        visit.binding.reset();
        Result<store::StoredVisit> row = seal_visit(ports, visit, open->row.version);
        if (!row) return finish(std::move(row).error());
        store_and_show(ports, asked, *std::move(row), std::move(finish));
      },
      std::move(done));
}

}  // namespace countersign::flow
