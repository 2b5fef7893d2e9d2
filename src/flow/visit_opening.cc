// From the application's request to what the browser sees first.
#include <memory>

#include "core/codec/user_agent.h"
#include "core/record/stored_event.h"
#include "flow/application_visit.h"
#include "flow/notices.h"
#include "flow/open_visit.h"
#include "flow/passkeys.h"
#include "flow/run_again.h"
#include "flow/subscribe.h"
#include "flow/visit.h"
#include "flow/way_back.h"
#include "store/protection.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kReferenceLength = 8;
constexpr int kToldMax = 50;  // users of one browser who hear that it was copied

Result<signin::Visit> new_visit(const Ports& ports, const VisitRequest& request) {
  const std::string canonical = TRY(canonical_username(request.username));
  const auto user = TRY(store::read(
      ports.store, [&](store::Txn& txn) { return store::user_by_name(txn, request.app.tenant, canonical); }));
  signin::Visit visit;
  visit.tenant = request.app.tenant;
  visit.id = VisitId::make(ports.random);
  visit.app = request.app.id;
  if (user) {
    visit.user = user->id;
  } else {
    visit.planned_user = UserId::make(ports.random);
  }
  visit.username = request.username;
  visit.back = request.back;
  visit.challenge = new_challenge(ports);
  visit.reference = random_text(ports.random, kReferenceLength, kIdAlphabet);
  visit.created = ports.clock.now();
  visit.expires = visit.created + signin::kVisitLifetime;
  return visit;
}

}  // namespace

void begin_visit(const Ports& ports, VisitRequest request, Done<VisitId> done) {
  const Result<signin::Visit> visit = new_visit(ports, request);
  if (!visit) return done(visit.error());
  Result<store::StoredVisit> sealed = seal_visit(ports, *visit, 0);
  if (!sealed) return done(std::move(sealed).error());
  auto row = std::make_shared<store::StoredVisit>(*std::move(sealed));  // lives until the commit is durable
  ports.store.write([&ports, row](store::Txn& txn) { return put_visit(ports, txn, *row); },
                    [row, done = std::move(done)](Result<void> written) {
                      if (!written) return done(std::move(written).error());
                      done(row->id);
                    });
}

std::string visit_key(const VisitId& visit) { return "visit/" + visit.text(); }

std::string browser_cookie_name(const TenantId& tenant) { return "__Host-browser-" + tenant.text(); }

std::string browser_message(const VisitId& visit) { return "countersign browser v1\n" + visit.text(); }

Result<TenantId> tenant_of_visit(const Ports& ports, const VisitId& visit) {
  const auto row = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::visit_by_id(txn, visit); }));
  if (!row || ports.clock.now() >= row->expires) return no_visit();
  return row->tenant;
}

Result<VisitVersion> visit_version(const Ports& ports, const Caller& caller) {
  const OpenVisit open = TRY(read_visit(ports, caller));
  const std::string key = open.visit.binding ? phone_key(open.visit.binding->phone) : visit_key(caller.visit);
  return VisitVersion{open.row.version, open.visit.state, open.push_version, open.situation.enrolments.size(), key};
}

namespace {

// What opening a visit writes besides the visit itself.
struct Opening {
  store::StoredVisit row;
  std::string new_cookie;                   // of a browser that was not known to us
  std::optional<store::Browser> confirmed;  // its newest cookie has arrived
  std::optional<BrowserId> stolen;          // two browsers have its cookie: forgotten
  std::vector<store::StoredNotice> told;    // who has signed in from it
  std::optional<store::HistoryRow> activity;
};

Result<store::HistoryRow> reuse_event(const Ports& ports, const signin::Visit& visit) {
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = visit.tenant;
  event.at = ports.clock.now();
  event.action = "browser_cookie_reused";
  event.details = "{}";
  event.actor_type = "system";
  event.actor_name = "prompt";
  event.target_type = "user";
  event.target_key = visit.user.text();
  event.target_name = visit.username;
  return seal_event(ports, event);
}

// Whoever has signed in from that browser hears that its cookie is in two places.
Result<std::vector<store::StoredNotice>> reuse_notices(const Ports& ports, const TenantId& tenant,
                                                       const BrowserId& browser) {
  const auto users = TRY(store::read(
      ports.store, [&](store::Txn& txn) { return store::users_of_browser(txn, tenant, browser, kToldMax); }));
  std::vector<store::StoredNotice> out;
  for (const UserId& id : users) {
    User user;
    user.tenant = tenant;
    user.id = id;
    out.push_back(TRY(seal_notice(
        ports, user,
        {NoticeKind::cookie_copied,
         "A browser you have signed in with was copied: two have shown its cookie, and neither is known to us any "
         "more. Have that computer looked through before you sign in with it again."})));
  }
  return out;
}

void name_access_device(signin::Visit& visit, const Caller& caller) {
  const codec::UserAgent agent = codec::read_user_agent(caller.user_agent);
  visit.access.ip = caller.address;
  visit.access.browser = agent.browser;
  visit.access.browser_version = agent.browser_version;
  visit.access.os = agent.os;
  visit.access.os_version = agent.os_version;
}

// Binds a visit that nobody has opened yet to the browser that does; nullopt: it was opened before.
Result<std::optional<Opening>> plan_opening(const Ports& ports, const Caller& caller) {
  Shown shown;
  const auto row = TRY(store::read(ports.store, [&](store::Txn& txn) -> Result<std::optional<store::StoredVisit>> {
    auto found = TRY(store::visit_by_id(txn, caller.visit));
    if (found) shown = TRY(shown_browser(ports, txn, found->tenant, caller.cookie));
    return found;
  }));
  if (!row || ports.clock.now() >= row->expires) return no_visit();
  signin::Visit visit = TRY(open_visit(ports, *row));
  if (!visit.browser.empty()) return std::optional<Opening>();
  Opening out;
  name_access_device(visit, caller);
  switch (shown.worth) {
    case Shown::Worth::reused:
      out.stolen = shown.id;
      out.activity = TRY(reuse_event(ports, visit));
      out.told = TRY(reuse_notices(ports, visit.tenant, shown.id));
      [[fallthrough]];  // and it is a new browser from now on
    case Shown::Worth::none:
      visit.browser = BrowserId::make(ports.random);
      out.new_cookie = TRY(first_cookie(ports, visit.tenant, visit.browser));
      visit.cookie_digest = TRY(cookie_digest(ports, Secret(out.new_cookie)));
      break;
    case Shown::Worth::current:
      if (!shown.row->previous_digest.empty()) {
        out.confirmed = shown.row;
        out.confirmed->previous_digest.clear();
      }
      [[fallthrough]];
    case Shown::Worth::unproven:
    case Shown::Worth::previous:
      visit.browser = shown.id;
      visit.cookie_digest = shown.secret_digest;
      break;
  }
  out.row = TRY(seal_visit(ports, visit, row->version));
  return std::optional(std::move(out));
}

Result<void> write_opening(const Ports& ports, store::Txn& txn, const Opening& opening) {
  TRY(put_visit(ports, txn, opening.row));
  if (opening.confirmed && !TRY(store::update_browser(txn, *opening.confirmed))) return lost();
  if (opening.stolen) TRY(store::delete_browser(txn, opening.row.tenant, *opening.stolen));
  if (opening.activity) TRY(store::append_history(txn, *opening.activity));
  for (const store::StoredNotice& notice : opening.told) TRY(note(ports, txn, notice));
  return {};
}

void tell_of_reuse(const Ports& ports) {
  ports.tell("browser.cookie_reused", "two browsers have shown the same cookie; it is known no more");
  ports.wake(kOutboxKey);
}

// The caller as the browser will name itself from its next request on.
std::shared_ptr<const Caller> with_cookie(const Caller& caller, const std::string& cookie) {
  return std::make_shared<const Caller>(
      Caller{caller.visit, Secret(cookie), caller.address, caller.user_agent});  // shared by the rounds
}

}  // namespace

void look_at_visit(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));  // lives through the rounds and the commit
  run_again<View>(
      [&ports, asked](Done<View> finish) {
        Result<std::optional<Opening>> planned = plan_opening(ports, *asked);
        if (!planned) return finish(std::move(planned).error());
        if (!*planned) return show_visit(ports, asked, std::move(finish));
        auto opening = std::make_shared<Opening>(**std::move(planned));  // lives until the commit is durable
        ports.store.write([&ports, opening](store::Txn& txn) { return write_opening(ports, txn, *opening); },
                          [&ports, opening, asked, finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            if (opening->stolen) tell_of_reuse(ports);
                            if (opening->new_cookie.empty()) return show_visit(ports, asked, finish);
                            show_visit(ports, with_cookie(*asked, opening->new_cookie),
                                       [opening, finish](Result<View> view) {
                                         if (view && view->set_cookie.empty()) view->set_cookie = opening->new_cookie;
                                         finish(std::move(view));
                                       });
                          });
      },
      std::move(done));
}

void prove_browser(const Ports& ports, Caller caller, Bytes public_key, Bytes signature, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));
  run_again<View>(
      [&ports, asked, public_key, signature](Done<View> finish) {
        const Result<OpenVisit> open = read_visit(ports, *asked);
        if (!open) return finish(open.error());
        const auto key = crypto::Es256PublicKey::from_point(public_key);
        if (!key) return finish(key.error());
        if (!key->verify(bytes_of(browser_message(asked->visit)), signature)) {
          return finish(Error{Errc::refused, "the signature is not that key's"});
        }
        signin::Visit visit = open->visit;
        if (visit.browser_key == public_key) return finish(view_of(ports, *open));
        if (!visit.browser_key.empty()) return finish(Error{Errc::refused, "the browser showed another key before"});
        visit.browser_key = public_key;
        Result<store::StoredVisit> row = seal_visit(ports, visit, open->row.version);
        if (!row) return finish(std::move(row).error());
        store_and_show(ports, asked, *std::move(row), std::move(finish));
      },
      std::move(done));
}

}  // namespace countersign::flow
