// Into the device portal: by a visit that ends here, or by a passkey.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "core/codec/hex.h"
#include "core/crypto/equal.h"
#include "core/record/stored_event.h"
#include "flow/lineage.h"
#include "flow/open_portal.h"
#include "flow/open_visit.h"
#include "flow/passkeys.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"
#include "store/protection.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

Error not_let_in(std::string what) { return {Errc::refused, std::move(what)}; }

// How strong what the log calls this factor is; nullopt: it proves nobody.
std::optional<factor::Strength> strength_of(std::string_view logged) {
  if (logged == "webauthn") return factor::Strength::phishing_resistant;
  static constexpr std::array<std::string_view, 5> kPossession = {"duo_push", "verified_duo_push", "hardware_token",
                                                                  "duo_mobile_passcode", "bypass_code"};
  const bool proves = std::find(kPossession.begin(), kPossession.end(), logged) != kPossession.end();
  return proves ? std::optional(factor::Strength::possession) : std::nullopt;
}

// A visit that visit_to_portal turned here: an application always has a name for us, and sends a state.
bool leads_here(const Ports& ports, const signin::Visit& visit) {
  return visit.back.uri == portal_entry_uri(ports, visit.tenant) && visit.back.state.empty() &&
         visit.back.issuer.empty();
}

// A session, and what it rests on.
Result<void> begin_session(store::Txn& txn, const store::Session& session, const std::string& parent) {
  TRY(store::insert_session(txn, session));
  return store::insert_grant(txn, {.id = session_name(session), .parent = parent, .kind = std::string(kMadeSession),
                                   .tenant = session.tenant, .made = session.created});
}

struct Entry {
  store::StoredVisit visit;
  std::string proof;  // the device that proved the factor
  NewPortalSession session;
  Bytes before;
};

Result<Entry> plan_entry(const Ports& ports, const PortalCaller& caller, std::string_view code) {
  const VisitId id = TRY(visit_of_code(ports, code));
  const Caller browser{id, Secret(caller.browser.reveal()), caller.address, caller.user_agent};
  Result<OpenVisit> open = read_visit(ports, browser);
  if (!open && open.error().code == Errc::not_found) return not_let_in("code: over, or of another browser");
  if (!open) return open.error();
  const signin::Visit& visit = open->visit;
  if (visit.tenant != caller.tenant || !leads_here(ports, visit)) return not_let_in("code: not for the portal");
  const signin::Visit redeemed = TRY(signin::redeem(visit, ports.clock.now()));
  record::AuthEvent event;
  event.tenant = visit.tenant;
  event.id = visit.event_id;
  TRY(record::decode(visit.event, event));
  const std::optional<factor::Strength> proof = strength_of(event.factor);
  if (!proof || visit.user.empty()) return not_let_in("the sign-in took no factor");
  Entry out;
  out.visit = TRY(seal_visit(ports, redeemed, open->row.version));
  out.proof = event.auth_device.key.empty() ? visit.user.text() : event.auth_device.key;
  out.session = TRY(new_portal_session(ports, visit.tenant, visit.user, *proof));
  out.before = TRY(session_before(ports, caller));
  return out;
}

}  // namespace

std::string portal_entry_uri(const Ports& ports, const TenantId& tenant) {
  return ports.settings.public_url + "/portal/" + tenant.text() + "/enter";
}

void visit_to_portal(const Ports& ports, Caller caller, Done<View> done) {
  auto asked = std::make_shared<const Caller>(std::move(caller));  // lives through the rounds and the commit
  run_again<View>(
      [&ports, asked](Done<View> finish) {
        Result<OpenVisit> open = read_visit(ports, *asked);
        if (!open) return finish(std::move(open).error());
        const bool asks = open->visit.state == signin::VisitState::open &&
                          std::holds_alternative<policy::Require>(open->situation.decision);
        if (!asks) return finish(Error{Errc::refused, "the visit asks for no factor"});
        open->visit.back = {portal_entry_uri(ports, open->visit.tenant), "", "", "code", ""};
        Result<store::StoredVisit> row = seal_visit(ports, open->visit, open->row.version);
        if (!row) return finish(std::move(row).error());
        store_and_show(ports, asked, *std::move(row), std::move(finish));
      },
      std::move(done));
}

void enter_portal(const Ports& ports, PortalCaller caller, std::string code, Done<PortalEntered> done) {
  auto asked = std::make_shared<const PortalCaller>(std::move(caller));
  run_again<PortalEntered>(
      [&ports, asked, code](Done<PortalEntered> finish) {
        Result<Entry> planned = plan_entry(ports, *asked, code);
        if (!planned) return finish(std::move(planned).error());
        auto entry = std::make_shared<Entry>(*std::move(planned));  // lives until the commit is durable
        ports.store.write(
            [&ports, entry](store::Txn& txn) -> Result<void> {
              TRY(put_visit(ports, txn, entry->visit));
              if (!entry->before.empty()) TRY(store::delete_session(txn, entry->session.row.tenant, entry->before));
              return begin_session(txn, entry->session.row, entry->proof);
            },
            [entry, finish = std::move(finish)](Result<void> written) {
              if (!written) return finish(std::move(written).error());
              finish(PortalEntered{std::move(entry->session.cookie)});
            });
      },
      std::move(done));
}

// ---- By a passkey ----

namespace {

constexpr std::size_t kDoorNonce = 16, kDoorMac = 16;

// "<ms since 1970>.<nonce>.<mac>": the challenge follows from it by our keys, so that showing the page stores nothing.
Result<std::string> door_mac(const Ports& ports, const TenantId& tenant, std::string_view said) {
  const std::string text = tenant.text() + "/" + std::string(said);
  const Bytes mac = TRY(ports.keys.token_digest("portal-door", Secret(std::string_view(text))));
  return codec::to_hex(ByteView(mac).first(kDoorMac));
}

Result<Bytes> door_challenge(const Ports& ports, const TenantId& tenant, const Secret& door) {
  return ports.keys.token_digest("portal-challenge", Secret(tenant.text() + "/" + std::string(door.reveal())));
}

Result<Bytes> door_spent(const Ports& ports, const TenantId& tenant, const Secret& door) {
  return ports.keys.token_digest("portal-door-spent", Secret(tenant.text() + "/" + std::string(door.reveal())));
}

// When the door was opened.   refused: not by us, too long ago, or by a clock that was ahead.
Result<Instant> check_door(const Ports& ports, const TenantId& tenant, const Secret& door) {
  const std::string_view text = door.reveal();
  const std::size_t first = text.find('.'), second = text.rfind('.');
  if (text.size() > 128 || first == std::string_view::npos || first == second) return not_let_in("no door");
  const std::string mac = TRY(door_mac(ports, tenant, text.substr(0, second)));
  if (!crypto::equal(mac, text.substr(second + 1))) return not_let_in("not our door");
  std::int64_t ms = 0;
  std::from_chars(text.data(), text.data() + first, ms);
  const Instant opened = from_unix_ms(ms), now = ports.clock.now();
  if (opened > now + signin::kClockSkew || now >= opened + signin::kDoorLifetime) return not_let_in("an old door");
  return opened;
}

struct SignIn {
  Bytes spent;
  Instant spent_until{};
  Situation situation;
  std::optional<ProvenPasskey> proven;
  record::AuthEvent event;
  store::HistoryRow row;
  std::optional<NewPortalSession> session;  // of a success
  Bytes before;
};

// Whose passkey answers: the one whose id it hands us, if the credential is his.
Result<Situation> who_answers(const Ports& ports, const PortalCaller& caller,
                              const factor::webauthn::AuthenticationResponse& read) {
  if (!read.user_handle) return not_let_in("no user handle");
  const Result<UserId> user = UserId::parse(text_of(*read.user_handle));
  if (!user) return not_let_in("the user handle is none of ours");
  const Bytes digest = TRY(credential_digest(ports, read.id));
  Result<Situation> found = store::read(ports.store, [&](store::Txn& txn) -> Result<Situation> {
    const auto row = TRY(store::credential_by_digest(txn, caller.tenant, digest));
    if (!row || row->user != *user) return not_let_in("no such passkey here");
    return look_up_for_portal(ports, txn, caller.tenant, *user, caller.address);
  });
  if (!found && found.error().code == Errc::not_found) return not_let_in("the passkey's user is gone");
  return found;
}

Result<SignIn> judge(const Ports& ports, const PortalCaller& caller, const Secret& door, std::string_view response) {
  SignIn out;
  const Instant opened = TRY(check_door(ports, caller.tenant, door));
  const auto read = factor::webauthn::read_authentication(response);
  if (!read) return not_let_in(read.error().what);
  out.situation = TRY(who_answers(ports, caller, *read));
  out.spent = TRY(door_spent(ports, caller.tenant, door));
  out.spent_until = opened + signin::kDoorLifetime + signin::kClockSkew;
  out.event = event_of(ports, portal_app(caller.tenant), out.situation, portal_access(caller));
  out.event.factor = "webauthn";
  out.event.result = "denied";
  if (const auto* deny = std::get_if<policy::Deny>(&out.situation.decision)) {
    out.event.reason = deny->reason;
  } else {
    const Bytes challenge = TRY(door_challenge(ports, caller.tenant, door));
    const auto ceremony = TRY(portal_ceremony(ports, caller.tenant, challenge, out.situation.policy));
    Result<ProvenPasskey> proven = prove_passkey(ports, ceremony, out.situation, response);
    if (!proven && proven.error().code == Errc::unavailable) return proven.error();
    if (!proven) ports.tell("passkey.refused", proven.error().what);
    if (proven) out.proven = *std::move(proven);
    out.event.reason = out.proven ? "user_approved" : "invalid_device";
  }
  if (out.proven) {
    out.event.result = "success";
    name_device(out.event, out.situation, out.proven->enrolment);
    out.session =
        TRY(new_portal_session(ports, caller.tenant, out.situation.user->id, factor::Strength::phishing_resistant));
    out.before = TRY(session_before(ports, caller));
  }
  out.row = TRY(seal_event(ports, out.event));
  return out;
}

// A unique index says that it was spent: final, not a reason to look again.
Result<void> spend_door(store::Txn& txn, const SignIn& sign_in) {
  const Result<void> spent =
      store::spend_token(txn, sign_in.situation.user->tenant, sign_in.spent, sign_in.spent_until);
  if (!spent && spent.error().code == Errc::conflict) return not_let_in("the challenge was used before");
  return spent;
}

Result<void> write_down(const Ports& ports, store::Txn& txn, const SignIn& sign_in) {
  TRY(spend_door(txn, sign_in));
  if (sign_in.session) {
    const User& user = *sign_in.situation.user;
    const Instant now = ports.clock.now();
    TRY(still_open(ports, txn, user, sign_in.situation.policy));
    if (!TRY(store::advance_enrolment(txn, sign_in.proven->enrolment, sign_in.proven->sealed_next, now))) return lost();
    if (user.protected_at) TRY(store::note_passkey_shown(txn, user.tenant, user.id, now));
    if (!sign_in.before.empty()) TRY(store::delete_session(txn, user.tenant, sign_in.before));
    TRY(begin_session(txn, sign_in.session->row, sign_in.proven->enrolment.id.text()));
  }
  return store::append_history(txn, sign_in.row);
}

struct Asked {
  PortalCaller caller;
  Secret door;
  std::string response;
};

}  // namespace

Result<PortalDoor> portal_door(const Ports& ports, const TenantId& tenant) {
  const std::string nonce = codec::to_hex(random_bytes(ports.random, kDoorNonce));
  const std::string said = std::to_string(unix_ms(ports.clock.now())) + "." + nonce;
  PortalDoor out;
  out.cookie = Secret(said + "." + TRY(door_mac(ports, tenant, said)));
  const Bytes challenge = TRY(door_challenge(ports, tenant, out.cookie));
  out.options = factor::webauthn::request_options_json(TRY(portal_ceremony(ports, tenant, challenge, {})), {});
  return out;
}

void portal_sign_in(const Ports& ports, PortalCaller caller, Secret door, std::string response,
                    Done<PortalEntered> done) {
  auto asked = std::make_shared<const Asked>(Asked{std::move(caller), std::move(door), std::move(response)});
  run_again<PortalEntered>(
      [&ports, asked](Done<PortalEntered> finish) {
        Result<SignIn> judged = judge(ports, asked->caller, asked->door, asked->response);
        if (!judged) return finish(std::move(judged).error());
        auto sign_in = std::make_shared<SignIn>(*std::move(judged));  // lives until the commit is durable
        ports.store.write([&ports, sign_in](store::Txn& txn) { return write_down(ports, txn, *sign_in); },
                          [&ports, sign_in, finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            count_sign_in(ports, sign_in->event.result);
                            if (!sign_in->session) return finish(not_let_in(sign_in->event.reason));
                            finish(PortalEntered{std::move(sign_in->session->cookie)});
                          });
      },
      std::move(done));
}

Result<TenantId> only_tenant(const Ports& ports) {
  const auto first = TRY(store::read(ports.store, [](store::Txn& txn) { return store::first_tenants(txn, 2); }));
  return first.size() == 1 ? first.front() : TenantId();
}

void leave_portal(const Ports& ports, PortalCaller caller, Done<bool> done) {
  Result<Bytes> digest = session_before(ports, caller);
  if (!digest) return done(std::move(digest).error());
  if (digest->empty()) return done(false);
  store::write(
      ports.store,
      [tenant = caller.tenant, digest = *std::move(digest)](store::Txn& txn) {
        return store::delete_session(txn, tenant, digest);
      },
      std::move(done));
}

}  // namespace countersign::flow
