// What the device portal shows.
#include <algorithm>
#include <memory>

#include "core/factor/bypass.h"
#include "flow/administer_factors.h"
#include "flow/browser.h"
#include "flow/open_portal.h"
#include "flow/passkeys.h"
#include "flow/recent_sign_ins.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"
#include "store/tenants.h"

namespace countersign::flow {
namespace {

constexpr seconds kTouchAfter{60};  // a look moves the session's end at most so often

std::optional<Instant> later(std::optional<Instant> a, std::optional<Instant> b) { return std::max(a, b); }

Result<PortalFactor> passkey_of(const Ports& ports, const Enrolment& enrolment) {
  const factor::webauthn::Credential credential = TRY(ports.keys.credential_of(enrolment));
  PortalFactor out;
  out.lives = credential.backup_eligible ? PortalFactor::Lives::synced : PortalFactor::Lives::device;
  return out;
}

Result<void> add_factors(const Ports& ports, const OpenPortal& open, PortalView& view) {
  for (const Enrolment& enrolment : open.situation.enrolments) {
    const factor::Kind* const kind = factor::kind(enrolment.kind);
    const bool passkey = kind && kind->strength == factor::Strength::phishing_resistant;
    if (!passkey && !is_token(enrolment)) continue;
    PortalFactor one = passkey ? TRY(passkey_of(ports, enrolment)) : PortalFactor();
    one.kind = passkey ? PortalFactor::Kind::passkey : PortalFactor::Kind::token;
    one.id = enrolment.id.text();
    one.name = enrolment.label;
    one.created = enrolment.created;
    one.last_used = enrolment.last_used;
    view.factors.push_back(std::move(one));
  }
  for (const Phone& phone : open.situation.phones) {
    if (!phone.activated && phone.masked.empty()) continue;  // being set up, or given up
    PortalFactor one;
    one.kind = PortalFactor::Kind::phone;
    one.id = phone.id.text();
    one.name = phone.name.empty() ? phone.masked : phone.name;
    one.created = phone.created;
    for (const Enrolment& e : open.situation.enrolments) {
      if (e.phone == phone.id) one.last_used = later(one.last_used, e.last_used);
    }
    view.factors.push_back(std::move(one));
  }
  return {};
}

// A factor without which nobody could sign in any more stays.
void mark_last(const OpenPortal& open, PortalView& view) {
  for (PortalFactor& one : view.factors) {
    const bool others =
        std::any_of(open.situation.enrolments.begin(), open.situation.enrolments.end(), [&](const Enrolment& e) {
          return e.id.text() != one.id && e.phone.text() != one.id && lasts(open.situation, e);
        });
    if (!others) one.removable = PortalFactor::Removable::last;
  }
}

Result<void> add_recovery(const Ports& ports, const OpenPortal& open, PortalView& view) {
  if (open.situation.policy.allows(factor::bypass::kKind.policy)) view.recovery.emplace();
  for (const Enrolment& e : open.situation.enrolments) {
    if (e.kind != factor::bypass::kKind.name) continue;
    const Secret state = TRY(ports.keys.unseal({e.tenant, "enrolments", "state", e.id.text()}, e.sealed_state));
    if (!view.recovery) view.recovery.emplace();
    view.recovery->left += TRY(factor::bypass::codes_left(state.reveal_bytes(), ports.clock.now()));
    view.recovery->made = e.created;
  }
  return {};
}

Result<std::vector<PortalBrowser>> browsers_of(const Ports& ports, const PortalCaller& caller, const UserId& user) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<PortalBrowser>> {
    std::vector<PortalBrowser> out;
    const Shown shown = TRY(shown_browser(ports, txn, caller.tenant, caller.browser));
    for (const store::KnownBrowser& known : TRY(store::known_browsers_of(txn, caller.tenant, user))) {
      if (out.empty() || out.back().id != known.browser) out.emplace_back().id = known.browser;
      PortalBrowser& one = out.back();
      const auto app = TRY(store::app_by_id(txn, known.app));
      if (app && app->tenant == caller.tenant) one.apps.push_back(app->name);
      one.last_used = std::max(one.last_used, known.last_used);
      one.remembered |= known.remembered_until && ports.clock.now() < *known.remembered_until;
      one.this_one = shown.worth != Shown::Worth::none && shown.id == known.browser;
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last_used > b.last_used; });
    return out;
  });
}

Result<std::string> options_of(const Ports& ports, const OpenPortal& open) {
  const auto ceremony = TRY(portal_ceremony(ports, open.row.tenant, open.session.challenge, open.situation.policy));
  switch (open.session.ceremony) {
    case signin::Ceremony::none: return std::string();
    case signin::Ceremony::prove: return passkey_request_json(ports, ceremony, open.situation);
    case signin::Ceremony::create:
      return passkey_creation_json(ports, ceremony, open.situation, {open.row.user, open.tenant_name});
  }
  std::abort();
}

bool is_bound(const OpenPortal& open) {
  const auto& binding = open.session.binding;
  return binding && std::any_of(open.situation.phones.begin(), open.situation.phones.end(),
                                [&](const Phone& phone) { return phone.id == binding->phone && phone.activated; });
}

Result<PortalView> view_of(const Ports& ports, const PortalCaller& caller, const OpenPortal& open) {
  PortalView view;
  view.tenant_name = open.tenant_name;
  view.username = open.situation.user->username;
  view.once = open.session.once;
  view.freshness = freshness(open, ports.clock.now());
  TRY(add_factors(ports, open, view));
  mark_last(open, view);
  TRY(add_recovery(ports, open, view));
  view.browsers = TRY(browsers_of(ports, caller, open.row.user));
  for (PortalBrowser& browser : view.browsers) {
    if (!browser.this_one) continue;
    const record::AccessDevice here = portal_access(caller);
    browser.browser = here.browser;
    browser.os = here.os;
  }
  view.ceremony = open.session.ceremony;
  view.options = TRY(options_of(ports, open));
  view.next = open.session.next;
  if (open.session.binding && !is_bound(open)) {
    view.activation_url = ports.settings.public_url + "/activate/" + open.session.binding->activation_code;
    view.activating = open.session.binding->phone;
  }
  return view;
}

// Answers, and notes that the session was used where that is news.
void touch(const Ports& ports, const OpenPortal& open, std::shared_ptr<PortalView> shown, Done<PortalView> done) {
  const Instant end = signin::session_end(open.session, ports.clock.now());
  if (end < open.row.expires + kTouchAfter) return done(std::move(*shown));
  Result<store::Session> touched = seal_session(ports, open.row, open.session);
  if (!touched) return done(std::move(touched).error());
  // Whether somebody was faster does not matter: then the session was used just now.
  store::write(
      ports.store, [row = *std::move(touched)](store::Txn& txn) { return store::update_session(txn, row); },
      [shown = std::move(shown), done = std::move(done)](Result<bool> written) {
        if (!written) return done(std::move(written).error());
        done(std::move(*shown));
      });
}

}  // namespace

void look_at_portal(const Ports& ports, PortalCaller caller, Done<PortalView> done) {
  Result<OpenPortal> open = read_portal(ports, caller);
  if (!open) return done(std::move(open).error());
  Result<PortalView> view = view_of(ports, caller, *open);
  if (!view) return done(std::move(view).error());
  auto shown = std::make_shared<PortalView>(*std::move(view));  // lives until the ledger has what it shows
  const Reader reader = own_reader(caller, *open);
  const UserId user = open->row.user;
  recent_sign_ins(ports, reader, caller.tenant, user,
                  [&ports, open = std::make_shared<OpenPortal>(*std::move(open)), shown,
                   done = std::move(done)](Result<std::vector<record::AuthEvent>> found) mutable {
                    if (!found) return done(std::move(found).error());
                    shown->sign_ins = *std::move(found);
                    touch(ports, *open, std::move(shown), std::move(done));
                  });
}

Result<PortalWait> portal_wait(const Ports& ports, const PortalCaller& caller) {
  const OpenPortal open = TRY(read_portal(ports, caller));
  if (!open.session.binding) return PortalWait{"portal", true};
  return PortalWait{phone_key(open.session.binding->phone), is_bound(open)};
}

}  // namespace countersign::flow
