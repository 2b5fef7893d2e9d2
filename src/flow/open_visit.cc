#include "flow/open_visit.h"

#include <algorithm>

#include "core/factor/factor.h"
#include "core/record/stored_event.h"
#include "flow/notices.h"
#include "flow/run_again.h"
#include "flow/visit_binding.h"
#include "flow/way_back.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

bool is_passkey(const Enrolment& enrolment) {
  const factor::Kind* kind = factor::kind(enrolment.kind);
  return kind && kind->strength == factor::Strength::phishing_resistant;
}

bool contains(const std::vector<EnrolmentId>& ids, const EnrolmentId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Looks the user up as this browser's: remembered where policy and the browser's key say so.
Result<void> decide_for_browser(const Ports& ports, store::Txn& txn, OpenVisit& open) {
  const signin::Visit& visit = open.visit;
  const UserRef ref = visit.user.empty() ? UserRef(visit.username) : UserRef(visit.user);
  open.situation = TRY(look_up(ports, txn, open.app, ref, visit.access, Secret()));
  if (!open.situation.user || visit.browser.empty()) return {};
  open.browser = TRY(store::browser_by_id(txn, visit.tenant, visit.browser));
  const auto known = TRY(store::known_on_browser(txn, visit.tenant, open.situation.user->id, visit.browser));
  open.familiarity = familiarity(open.browser, known, visit.browser_key);
  const bool remembered =
      open.familiarity == Familiarity::known && std::any_of(known.begin(), known.end(), [&](const auto& k) {
        return k.app == visit.app && k.remembered_until && ports.clock.now() < *k.remembered_until;
      });
  if (remembered) decide_remembered(ports, open.situation, visit.access);
  return {};
}

Result<OpenVisit> fill(const Ports& ports, store::Txn& txn, store::StoredVisit row) {
  OpenVisit open;
  open.visit = TRY(open_visit(ports, row));
  open.row = std::move(row);
  auto app = TRY(store::app_by_id(txn, open.visit.app));
  if (!app || app->tenant != open.visit.tenant) return no_visit();
  open.app = *std::move(app);
  const auto tenant = TRY(store::tenant_by_id(txn, open.visit.tenant));
  if (!tenant) return no_visit();
  open.tenant_name = tenant->name;
  TRY(decide_for_browser(ports, txn, open));
  if (open.visit.push.empty()) return open;
  const auto attempt = TRY(store::attempt_by_id(txn, open.visit.tenant, open.visit.push));
  if (attempt) {
    open.push = TRY(open_attempt(ports, *attempt));
    open.push_version = attempt->version;
  }
  return open;
}

// Whether the caller is the browser that opened the visit: by the cookie of then, or by the one it has now.
Result<bool> is_its_browser(const Ports& ports, store::Txn& txn, const signin::Visit& visit, const Secret& cookie) {
  const Shown shown = TRY(shown_browser(ports, txn, visit.tenant, cookie));
  if (shown.worth == Shown::Worth::none || shown.id != visit.browser) return false;
  if (shown.secret_digest == visit.cookie_digest) return true;
  return shown.worth == Shown::Worth::current || shown.worth == Shown::Worth::previous;
}

}  // namespace

Error no_visit() { return {Errc::not_found, "no such visit for this browser"}; }

Result<OpenVisit> read_visit(const Ports& ports, const Caller& caller) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<OpenVisit> {
    auto row = TRY(store::visit_by_id(txn, caller.visit));
    if (!row || ports.clock.now() >= row->expires) return no_visit();
    OpenVisit open = TRY(fill(ports, txn, *std::move(row)));
    if (open.visit.browser.empty()) return no_visit();
    if (!TRY(is_its_browser(ports, txn, open.visit, caller.cookie))) return no_visit();
    return open;
  });
}

Result<std::optional<OpenVisit>> read_visit(const Ports& ports, const VisitId& id) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::optional<OpenVisit>> {
    auto row = TRY(store::visit_by_id(txn, id));
    if (!row) return std::optional<OpenVisit>();
    return std::optional(TRY(fill(ports, txn, *std::move(row))));
  });
}

namespace {

// Which of the usable enrolments this visit may lead to.
struct Choice {
  bool passkey = false;
  std::vector<const Enrolment*> pushes;
  std::vector<EnrolmentId> typed;
};

Choice choice_of(const OpenVisit& open) {
  Choice out;
  const auto* require = std::get_if<policy::Require>(&open.situation.decision);
  if (!require) return out;
  std::vector<EnrolmentId> recovery;
  for (const Enrolment& e : open.situation.enrolments) {
    if (!contains(require->usable, e.id)) continue;
    const factor::Kind* kind = factor::kind(e.kind);
    if (is_passkey(e)) out.passkey = true;
    if (e.kind == "push") out.pushes.push_back(&e);
    if (kind && kind->verify) out.typed.push_back(e.id);
    if (e.kind == "bypass") recovery.push_back(e.id);
  }
  const auto& failed = open.visit.failed;
  const bool passkey_failed = std::find(failed.begin(), failed.end(), "passkey") != failed.end();
  if (out.passkey && (passkey_failed || open.familiarity != Familiarity::known)) {
    out.pushes.clear();
    out.typed = std::move(recovery);
  }
  return out;
}

std::string phone_name(const OpenVisit& open, const PhoneId& id) {
  for (const Phone& phone : open.situation.phones) {
    if (phone.id != id) continue;
    if (!phone.name.empty()) return phone.name;
    return phone.masked.empty() ? phone.platform : phone.masked;
  }
  return {};
}

Result<std::string> back_url(const Ports& ports, const signin::Visit& visit) {
  const std::string code = TRY(code_of(ports, visit.id));
  return way_back(visit.back, {{visit.back.code_name, code}});
}

// Why the last request led nowhere, in the log's words. Who left it for another way knows.
std::string push_problem(const Ports& ports, const OpenVisit& open) {
  if (!open.push || open.push->state == signin::State::cancelled) return {};
  if (signin::final(open.push->state)) return open.push->reason;
  return ports.clock.now() < open.push->expires ? "" : "no_response";
}

Result<Choose> choose_of(const Ports& ports, const OpenVisit& open) {
  Choose out;
  std::vector<Method> methods = ways(open);
  out.first = methods.front();
  out.others.assign(std::make_move_iterator(methods.begin() + 1), std::make_move_iterator(methods.end()));
  if (out.first.way == Way::passkey) out.passkey_options = TRY(passkey_request(ports, open));
  out.problem = push_problem(ports, open);
  if (!open.visit.problem.empty()) out.problem = open.visit.problem;
  out.remember_days = open.situation.policy.remembered_devices_days;
  return out;
}

Result<Waiting> waiting_of(const Ports& ports, const OpenVisit& open) {
  const signin::Attempt& push = *open.push;
  const Standing standing = TRY(standing_of(ports, push, open.situation.policy));
  Waiting out;
  out.number = standing.number;
  out.phone = phone_name(open, push.phone);
  out.seconds_left = standing.seconds_left;
  out.total_seconds = std::max(static_cast<int>(ports.settings.push_lifetime.count()), out.seconds_left);
  out.notified = push.notify == signin::Notify::yes ? Waiting::Notified::yes : Waiting::Notified::no;
  out.more = push.extensions < signin::kExtensionsMax ? Waiting::More::possible : Waiting::More::spent;
  for (Method& method : ways(open)) {
    if (method.phone != push.phone || method.way != Way::push) out.others.push_back(std::move(method));
  }
  return out;
}

bool waits(const Ports& ports, const OpenVisit& open) {
  return open.push && open.push->state == signin::State::open && ports.clock.now() < open.push->expires;
}

Refused refused_of(const signin::Visit& visit, std::string_view reason) {
  Refused out;
  out.reason = reason;
  out.reference = visit.reference;
  out.back_url = way_back(visit.back, {{"error", "access_denied"}, {"error_description", "The sign-in was refused."}});
  return out;
}

Result<decltype(View::shows)> shows(const Ports& ports, const OpenVisit& open) {
  switch (open.visit.state) {
    case signin::VisitState::allowed: return decltype(View::shows)(GoBack{TRY(back_url(ports, open.visit))});
    case signin::VisitState::redeemed: return decltype(View::shows)(refused_of(open.visit, "already_signed_in"));
    case signin::VisitState::denied: return decltype(View::shows)(refused_of(open.visit, open.visit.reason));
    case signin::VisitState::open: break;
  }
  if (std::holds_alternative<policy::Enroll>(open.situation.decision)) {
    if (open.visit.binding) return decltype(View::shows)(TRY(bind_phone_view(ports, open)));
    return decltype(View::shows)(BindFirst{TRY(passkey_creation(ports, open))});
  }
  if (waits(ports, open)) return decltype(View::shows)(TRY(waiting_of(ports, open)));
  if (ways(open).empty()) return decltype(View::shows)(refused_of(open.visit, "factor_restricted"));
  return decltype(View::shows)(TRY(choose_of(ports, open)));
}

// A browser that should show its key: known by one, or about to become known.
std::string proof_wanted(const OpenVisit& open) {
  if (open.visit.state != signin::VisitState::open || !open.visit.browser_key.empty()) return {};
  return browser_message(open.visit.id);
}

}  // namespace

std::vector<Method> ways(const OpenVisit& open) {
  const Choice choice = choice_of(open);
  std::vector<Method> out;
  if (choice.passkey) out.push_back({Way::passkey, {}, {}});
  for (const Enrolment* push : choice.pushes) out.push_back({Way::push, push->phone, phone_name(open, push->phone)});
  if (!choice.typed.empty()) out.push_back({Way::passcode, {}, {}});
  return out;
}

std::vector<EnrolmentId> typeable(const OpenVisit& open) { return choice_of(open).typed; }

Result<View> view_of(const Ports& ports, const OpenVisit& open) {
  View view;
  view.tenant = open.visit.tenant;
  view.tenant_name = open.tenant_name;
  view.app_name = open.app.name;
  view.username = open.visit.username;
  view.shows = TRY(shows(ports, open));
  view.prove_browser = proof_wanted(open);
  view.back_origin = back_origin(open.visit.back);
  if (open.visit.state == signin::VisitState::open) {
    view.cancel_url = way_back(open.visit.back, {{"error", "access_denied"}, {"error_description", "Cancelled."}});
  }
  const bool succeeded = open.visit.state == signin::VisitState::allowed;
  if (succeeded) view.set_cookie = TRY(next_cookie(ports, open.visit));
  view.visit_seconds_left =
      static_cast<int>(std::chrono::duration_cast<seconds>(open.visit.expires - ports.clock.now()).count());
  return view;
}

namespace {

// A weaker method tells all of the user's devices (security §4.2.9).
Result<std::optional<store::StoredNotice>> notice_of_weaker(const Ports& ports, const OpenVisit& open,
                                                            const record::AuthEvent& event) {
  const auto& enrolments = open.situation.enrolments;
  const bool weaker = event.factor != "webauthn" && event.factor != "remembered_device";
  if (!weaker || std::none_of(enrolments.begin(), enrolments.end(), is_passkey)) {
    return std::optional<store::StoredNotice>();
  }
  return std::optional(TRY(seal_notice(ports, *open.situation.user,
                                       {NoticeKind::weaker_method,
                                        "Somebody signed in as you without your passkey. If that was not you, tell "
                                        "your help desk at once."})));
}

}  // namespace

Result<VisitEnding> end_visit(const Ports& ports, const OpenVisit& open, const record::AuthEvent& event) {
  VisitEnding out;
  const Instant now = ports.clock.now();
  if (event.result != "success") {
    const signin::Visit denied = TRY(signin::deny(open.visit, event.reason, open.visit.reference, now));
    out.row = TRY(seal_visit(ports, denied, open.row.version));
    return out;
  }
  const signin::Visit allowed = TRY(signin::allow(open.visit, event, now));
  out.row = TRY(seal_visit(ports, allowed, open.row.version));
  // Nobody is known by a sign-in that needed no proof.
  const bool proved = event.factor != "not_available" && event.factor != "trusted_network";
  if (proved && !allowed.browser.empty() && !allowed.user.empty()) {
    out.recognition = TRY(recognise(ports, allowed, open.browser, open.situation.policy.remembered_devices_days));
    out.notice = TRY(notice_of_weaker(ports, open, event));
  }
  return out;
}

Result<void> write_visit_ending(const Ports& ports, store::Txn& txn, const VisitEnding& ending) {
  TRY(put_visit(ports, txn, ending.row));
  if (ending.recognition) TRY(write_recognition(txn, *ending.recognition));
  if (ending.notice) TRY(note(ports, txn, *ending.notice));
  return {};
}

namespace {

Result<View> look_again(const Ports& ports, const Caller& caller) {
  return view_of(ports, TRY(read_visit(ports, caller)));
}

// A decision that needs nobody's factor ends the visit as it is opened.
struct Settled {
  VisitEnding ending;
  store::HistoryRow event;
  std::string result;
};

Result<std::optional<Settled>> settle(const Ports& ports, const OpenVisit& open) {
  if (open.visit.state != signin::VisitState::open) return std::optional<Settled>();
  const auto* allow = std::get_if<policy::Allow>(&open.situation.decision);
  const auto* deny = std::get_if<policy::Deny>(&open.situation.decision);
  if (!allow && !deny) return std::optional<Settled>();
  record::AuthEvent event = event_of(ports, open.app, open.situation, open.visit.access);
  event.reason = allow ? allow->reason : deny->reason;
  event.result = allow ? "success" : "denied";
  const bool is_factor = event.reason == "remembered_device" || event.reason == "trusted_network";
  if (allow && is_factor) event.factor = event.reason;
  Settled out{TRY(end_visit(ports, open, event)), TRY(seal_event(ports, event)), event.result};
  return std::optional(std::move(out));
}

}  // namespace

void show_visit(const Ports& ports, std::shared_ptr<const Caller> caller, Done<View> finish) {
  const Result<OpenVisit> open = read_visit(ports, *caller);
  if (!open) return finish(open.error());
  Result<std::optional<Settled>> settled = settle(ports, *open);
  if (!settled) return finish(std::move(settled).error());
  if (!*settled) return finish(view_of(ports, *open));
  auto written = std::make_shared<Settled>(**std::move(settled));  // lives until the commit is durable
  ports.store.write(
      [&ports, written](store::Txn& txn) -> Result<void> {
        TRY(write_visit_ending(ports, txn, written->ending));
        return store::append_history(txn, written->event);
      },
      [&ports, written, caller, finish = std::move(finish)](Result<void> done) {
        if (!done) return finish(std::move(done).error());
        count_sign_in(ports, written->result);
        ports.wake(visit_key(caller->visit));
        finish(look_again(ports, *caller));
      });
}

void store_and_show(const Ports& ports, std::shared_ptr<const Caller> caller, store::StoredVisit row, Done<View> done) {
  auto written = std::make_shared<store::StoredVisit>(std::move(row));  // lives until the commit is durable
  ports.store.write([&ports, written](store::Txn& txn) { return put_visit(ports, txn, *written); },
                    [&ports, caller = std::move(caller), done = std::move(done)](Result<void> stored) {
                      if (!stored) return done(std::move(stored).error());
                      ports.wake(visit_key(caller->visit));
                      show_visit(ports, caller, done);
                    });
}

}  // namespace countersign::flow
