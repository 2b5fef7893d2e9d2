// Proofs within a session, and factors that are added.
#include "flow/portal_changes.h"

#include <algorithm>

#include "core/factor/bypass.h"
#include "flow/change_portal.h"
#include "flow/enrol.h"
#include "flow/lineage.h"
#include "flow/passkeys.h"
#include "flow/stored_attempt.h"
#include "store/protection.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr seconds kActivationLifetime{600};
constexpr std::size_t kNextMax = 128;

// Passkeys and phones that people make themselves; a limit nobody meets who means well.
bool has_enough(const OpenPortal& open) {
  const auto passkeys = std::count_if(open.situation.enrolments.begin(), open.situation.enrolments.end(),
                                      [](const Enrolment& e) { return e.phone.empty(); });
  return static_cast<std::size_t>(passkeys) + open.situation.phones.size() >= kFactorsMax;
}

// A name may be left out here.
bool is_name(std::string_view text) { return text.empty() || is_factor_name(text); }

void end_ceremony(signin::PortalSession& session) {
  session.ceremony = signin::Ceremony::none;
  session.challenge.clear();
  session.next.clear();
}

// The answer was refused: its challenge has counted.
PortalPlan try_again(const Ports& ports, const OpenPortal& open, const Error& why) {
  ports.tell("passkey.refused", why.what);
  PortalPlan out = nothing_but(open, PortalOutcome::passkey_refused);
  out.session.challenge = new_challenge(ports);
  return out;
}

Result<void> tell(const Ports& ports, const OpenPortal& open, PortalPlan& plan, std::string_view what) {
  plan.notice = TRY(seal_notice(
      ports, *open.situation.user,
      {NoticeKind::factor_added, std::string(what) + " If that was not you, tell your help desk at once."}));
  return {};
}

}  // namespace

// ---- Proof ----

void portal_ask_proof(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::session,
      [&ports](const OpenPortal& open, const PortalForm& asked) -> Result<PortalPlan> {
        if (strongest(open.situation) != factor::Strength::phishing_resistant) {
          return nothing_but(open, PortalOutcome::sign_in_again);
        }
        PortalPlan plan = nothing_but(open, PortalOutcome::prove);
        plan.session.ceremony = signin::Ceremony::prove;
        plan.session.challenge = new_challenge(ports);
        plan.session.next = asked.id.size() <= kNextMax ? asked.id : std::string();
        return plan;
      },
      std::move(done));
}

namespace {

Result<PortalPlan> plan_proof(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  if (open.session.ceremony != signin::Ceremony::prove) return nothing_but(open, PortalOutcome::look_again);
  const auto ceremony = TRY(portal_ceremony(ports, open.row.tenant, open.session.challenge, open.situation.policy));
  Result<ProvenPasskey> proven = prove_passkey(ports, ceremony, open.situation, form.response);
  if (!proven && proven.error().code == Errc::unavailable) return proven.error();
  if (!proven) return try_again(ports, open, proven.error());
  const Instant now = ports.clock.now();
  PortalPlan plan = nothing_but(open, PortalOutcome::done);
  plan.out.next = open.session.next;
  end_ceremony(plan.session);
  plan.session.proof = factor::Strength::phishing_resistant;
  plan.session.proved = now;
  plan.write = [now, user = *open.situation.user, proven = *std::move(proven)](store::Txn& txn) -> Result<void> {
    if (!TRY(store::advance_enrolment(txn, proven.enrolment, proven.sealed_next, now))) return lost();
    return user.protected_at ? store::note_passkey_shown(txn, user.tenant, user.id, now) : Result<void>();
  };
  return plan;
}

}  // namespace

void portal_prove(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::session,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_proof(ports, open, shown); },
      std::move(done));
}

// ---- Passkeys ----

void portal_begin_passkey(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::fresh,
      [&ports](const OpenPortal& open, const PortalForm&) -> Result<PortalPlan> {
        if (has_enough(open)) return nothing_but(open, PortalOutcome::enough);
        PortalPlan plan = nothing_but(open, PortalOutcome::done);
        plan.session.ceremony = signin::Ceremony::create;
        plan.session.challenge = new_challenge(ports);
        return plan;
      },
      std::move(done));
}

namespace {

Result<PortalPlan> plan_passkey(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  if (open.session.ceremony != signin::Ceremony::create) return nothing_but(open, PortalOutcome::look_again);
  if (!is_name(form.name)) return nothing_but(open, PortalOutcome::bad_name);
  if (has_enough(open)) return nothing_but(open, PortalOutcome::enough);
  const User& user = *open.situation.user;
  const policy::Effective& policy = open.situation.policy;
  const auto ceremony = TRY(portal_ceremony(ports, open.row.tenant, open.session.challenge, policy));
  Result<NewPasskey> made = register_passkey(ports, ceremony, user, policy, form.response);
  if (!made && made.error().code == Errc::unavailable) return made.error();
  if (!made) return try_again(ports, open, made.error());
  made->enrolment.label = form.name;
  const auto taken = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return store::credential_by_digest(txn, user.tenant, made->credential.digest);
  }));
  if (taken) return try_again(ports, open, Error{Errc::refused, "step 26: the credential is registered already"});
  const std::string& id = made->enrolment.id.text();
  PortalPlan plan = TRY(plan_of(ports, open, "webauthncredential_create", portal_detail("webauthnkey", id)));
  TRY(tell(ports, open, plan, "A passkey was added to your account."));
  end_ceremony(plan.session);
  plan.write = [passkey = *std::move(made), session = session_name(open.row)](store::Txn& txn) -> Result<void> {
    TRY(write_passkey(txn, passkey));
    return note_factor(txn, passkey.enrolment, session);
  };
  return plan;
}

}  // namespace

void portal_add_passkey(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::fresh,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_passkey(ports, open, shown); },
      std::move(done));
}

// ---- Authenticators ----

namespace {

// The phone that was to be set up before and never was.
const Phone* unfinished(const OpenPortal& open) {
  for (const Phone& phone : open.situation.phones) {
    if (open.session.binding && phone.id == open.session.binding->phone && !phone.activated) return &phone;
  }
  return nullptr;
}

Result<PortalPlan> plan_phone(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  if (!is_name(form.name)) return nothing_but(open, PortalOutcome::bad_name);
  if (unfinished(open)) return nothing_but(open, PortalOutcome::done);  // its code is shown again
  if (has_enough(open)) return nothing_but(open, PortalOutcome::enough);
  PhoneForActivation made = TRY(phone_for_activation(ports, *open.situation.user, kActivationLifetime));
  made.phone.name = form.name;
  const std::string& id = made.phone.id.text();
  PortalPlan plan = TRY(plan_of(ports, open, "phone_activation_code_create", portal_detail("phone_id", id)));
  plan.session.binding = signin::Binding{made.phone.id, made.code};
  plan.write = [made = std::move(made), session = session_name(open.row)](store::Txn& txn) -> Result<void> {
    TRY(store::insert_phone(txn, made.phone));
    TRY(note_phone(txn, made.phone, session));
    return store::insert_activation(txn, made.activation);
  };
  return plan;
}

Result<PortalPlan> plan_drop(const OpenPortal& open) {
  PortalPlan plan = nothing_but(open, PortalOutcome::done);
  plan.session.binding.reset();
  const Phone* const phone = unfinished(open);
  if (!phone) return plan;
  plan.write = [read = *phone](store::Txn& txn) -> Result<void> {
    if (!TRY(store::update_phone(txn, read))) return lost();  // bound in this moment: it stays
    TRY(store::delete_phone(txn, read.tenant, read.id));
    return {};
  };
  return plan;
}

}  // namespace

void portal_add_phone(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::fresh,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_phone(ports, open, shown); },
      std::move(done));
}

void portal_drop_phone(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::session,
      [](const OpenPortal& open, const PortalForm&) { return plan_drop(open); }, std::move(done));
}

// ---- Recovery codes ----

namespace {

Result<PortalPlan> plan_codes(const Ports& ports, const OpenPortal& open) {
  const factor::Kind& kind = factor::bypass::kKind;
  if (!open.situation.policy.allows(kind.policy)) return nothing_but(open, PortalOutcome::look_again);
  factor::bypass::Parameters parameters;
  parameters.count = kRecoveryCodes;
  factor::bypass::Issued issued = TRY(factor::bypass::issue(parameters, ports.random));
  Enrolment made = new_enrolment(ports, open.row.tenant, open.row.user, kind.name);
  TRY(seal_state(ports, made, issued.state));
  PortalPlan plan = TRY(plan_of(ports, open, "bypass_create", "{\"count\":" + std::to_string(kRecoveryCodes) + "}"));
  TRY(tell(ports, open, plan, "New recovery codes were made for your account; the old ones do not work any more."));
  plan.out.codes = std::move(issued.codes);
  plan.write = [made = std::move(made), session = session_name(open.row)](store::Txn& txn) -> Result<void> {
    TRY(store::delete_enrolments(txn, made.tenant, made.user, made.kind));
    TRY(store::insert_enrolment(txn, made));
    return note_factor(txn, made, session);
  };
  return plan;
}

}  // namespace

void portal_recovery_codes(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::fresh,
      [&ports](const OpenPortal& open, const PortalForm&) { return plan_codes(ports, open); }, std::move(done));
}

}  // namespace countersign::flow
