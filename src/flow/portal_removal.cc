// What people take away, rename or report in the device portal.
#include <algorithm>
#include <memory>

#include "core/crypto/equal.h"
#include "flow/administer_factors.h"
#include "flow/change_portal.h"
#include "flow/protect.h"
#include "flow/recent_sign_ins.h"
#include "flow/stored_attempt.h"
#include "flow/subscribe.h"
#include "store/passkeys.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

bool is_passkey(const Enrolment& enrolment) {
  const factor::Kind* const kind = factor::kind(enrolment.kind);
  return kind && kind->strength == factor::Strength::phishing_resistant;
}

// A factor of this user, as its id says: a passkey, a token, or a phone with all that is on it.
struct Target {
  const Enrolment* enrolment = nullptr;
  const Phone* phone = nullptr;
};

std::optional<Target> find_target(const OpenPortal& open, std::string_view id) {
  for (const Enrolment& e : open.situation.enrolments) {
    if (e.id.text() == id && (is_passkey(e) || is_token(e))) return Target{&e, nullptr};
  }
  for (const Phone& phone : open.situation.phones) {
    if (phone.id.text() == id) return Target{nullptr, &phone};
  }
  return std::nullopt;
}

// Whether something to sign in with is left among `enrolments` without the one of this id.
bool leaves_any(const Situation& situation, const std::vector<Enrolment>& enrolments, std::string_view id) {
  return std::any_of(enrolments.begin(), enrolments.end(), [&](const Enrolment& e) {
    return e.id.text() != id && e.phone.text() != id && lasts(situation, e);
  });
}

Result<void> remove(store::Txn& txn, const std::optional<Enrolment>& enrolment, const std::optional<Phone>& phone) {
  if (phone) return TRY(store::delete_phone(txn, phone->tenant, phone->id)) ? Result<void>() : lost();
  TRY(store::delete_credential_of(txn, enrolment->tenant, enrolment->id));
  return TRY(store::delete_enrolment(txn, enrolment->tenant, enrolment->id)) ? Result<void>() : lost();
}

struct Words {
  std::string_view action, notice;
};

Words words_of(const Target& target) {
  if (target.phone) return {"phone_delete", "One of your phones was removed from your account."};
  if (is_passkey(*target.enrolment)) {
    return {"webauthncredential_delete", "A passkey was removed from your account."};
  }
  return {"hardtoken_delete", "A token was removed from your account."};
}

Result<PortalPlan> plan_removal(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  const std::optional<Target> target = find_target(open, form.id);
  if (!target) return nothing_but(open, PortalOutcome::look_again);
  if (!leaves_any(open.situation, open.situation.enrolments, form.id)) {
    return nothing_but(open, PortalOutcome::last_factor);
  }
  const Words words = words_of(*target);
  PortalPlan plan = TRY(plan_of(ports, open, std::string(words.action), portal_detail("id", form.id)));
  plan.notice = TRY(seal_notice(
      ports, *open.situation.user,
      {NoticeKind::factor_removed, std::string(words.notice) + " If that was not you, tell your help desk at once."}));
  plan.serial = PortalPlan::Serial::yes;
  const auto enrolment = target->enrolment ? std::optional(*target->enrolment) : std::nullopt;
  const auto phone = target->phone ? std::optional(*target->phone) : std::nullopt;
  plan.write = [situation = open.situation, enrolment, phone, id = form.id](store::Txn& txn) -> Result<void> {
    // Read again behind the user's row: another session may have taken the other one.
    const auto now = TRY(store::enrolments_of(txn, situation.user->tenant, situation.user->id));
    if (!leaves_any(situation, now, id)) return lost();
    return remove(txn, enrolment, phone);
  };
  return plan;
}

Result<PortalPlan> plan_name(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  const std::optional<Target> target = find_target(open, form.id);
  const bool can_be = target && (target->phone || is_passkey(*target->enrolment));  // a token has its serial
  if (!can_be) return nothing_but(open, PortalOutcome::look_again);
  if (open.situation.user->protected_at) return nothing_but(open, PortalOutcome::is_protected);
  if (!is_factor_name(form.name)) return nothing_but(open, PortalOutcome::bad_name);
  const std::string action = target->phone ? "phone_update" : "webauthncredential_rename";
  PortalPlan plan = TRY(plan_of(ports, open, action, portal_detail("id", form.id)));
  if (target->phone) {
    plan.write = [phone = *target->phone, name = form.name](store::Txn& txn) mutable -> Result<void> {
      phone.name = name;
      return TRY(store::update_phone(txn, phone)) ? Result<void>() : lost();
    };
  } else {
    plan.write = [read = *target->enrolment, name = form.name](store::Txn& txn) -> Result<void> {
      return TRY(store::relabel_enrolment(txn, read, name)) ? Result<void>() : lost();
    };
  }
  return plan;
}

Result<PortalPlan> plan_forgetting(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  const Result<BrowserId> browser = BrowserId::parse(form.id);
  if (!browser) return nothing_but(open, PortalOutcome::look_again);
  const auto known = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return store::known_on_browser(txn, open.row.tenant, open.row.user, *browser);
  }));
  if (known.empty()) return nothing_but(open, PortalOutcome::look_again);
  PortalPlan plan = TRY(plan_of(ports, open, "browser_forget", portal_detail("browser", form.id)));
  plan.write = [tenant = open.row.tenant, user = open.row.user, id = *browser](store::Txn& txn) -> Result<void> {
    TRY(store::forget_known_browser(txn, tenant, user, id));
    return {};
  };
  return plan;
}

}  // namespace

void portal_remove(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::fresh,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_removal(ports, open, shown); },
      std::move(done));
}

void portal_rename(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::session,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_name(ports, open, shown); },
      std::move(done));
}

void portal_forget_browser(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  change_portal(
      ports, {std::move(caller), std::move(form)}, Gate::session,
      [&ports](const OpenPortal& open, const PortalForm& shown) { return plan_forgetting(ports, open, shown); },
      std::move(done));
}

// ---- "This was not me" ----

namespace {

// nullopt: no such sign-in among those of this user.
Result<std::optional<Protection>> plan_report(const Ports& ports, const OpenPortal& open, const PortalForm& form,
                                              const std::vector<record::AuthEvent>& sign_ins) {
  for (const record::AuthEvent& event : sign_ins) {
    if (event.id.text() != form.id) continue;
    Evidence evidence;
    evidence.kind = "not_me_portal";
    evidence.app.tenant = open.row.tenant;
    evidence.app.id = AppId::trusted(event.app_key);
    evidence.app.name = event.app_name;
    evidence.attempt = event.txid;
    evidence.access = event.access_device;
    evidence.user = open.row.user;
    evidence.username = open.situation.user->username;
    return std::optional(TRY(plan_protection(ports, evidence)));
  }
  return std::optional<Protection>();
}

void report(const Ports& ports, Result<std::optional<Protection>> planned, Done<PortalDone> done) {
  if (!planned) return done(std::move(planned).error());
  if (!*planned) return done(PortalDone{PortalOutcome::look_again, {}, {}});
  auto protection = std::make_shared<Protection>(**std::move(planned));  // lives until the commit is durable
  ports.store.write([&ports, protection](store::Txn& txn) { return write_protection(ports, txn, *protection); },
                    [&ports, protection, done = std::move(done)](Result<void> written) {
                      if (!written) return done(std::move(written).error());
                      ports.wake(kOutboxKey);
                      done(PortalDone());
                    });
}

}  // namespace

// Sessions of the user go with it, so it is no change of this one; a second report finds no session.
void portal_not_me(const Ports& ports, PortalCaller caller, PortalForm form, Done<PortalDone> done) {
  Result<OpenPortal> open = read_portal(ports, caller);
  if (!open) return done(std::move(open).error());
  if (!crypto::equal(open->session.once, form.once)) return done(PortalDone{PortalOutcome::look_again, {}, {}});
  Reader reader = own_reader(caller, *open);
  reader.purpose = "not_me";
  const TenantId tenant = open->row.tenant;
  const UserId user = open->row.user;
  recent_sign_ins(ports, reader, tenant, user,
                  [&ports, open = std::make_shared<OpenPortal>(*std::move(open)), form = std::move(form),
                   done = std::move(done)](Result<std::vector<record::AuthEvent>> found) mutable {
                    if (!found) return done(std::move(found).error());
                    report(ports, plan_report(ports, *open, form, *found), std::move(done));
                  });
}

}  // namespace countersign::flow
