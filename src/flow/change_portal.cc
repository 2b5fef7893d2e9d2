#include "flow/change_portal.h"

#include <algorithm>
#include <memory>

#include "core/codec/json_write.h"
#include "core/crypto/equal.h"
#include "flow/ledger.h"
#include "flow/passkeys.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"
#include "flow/subscribe.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kOnceLength = 16;
constexpr std::size_t kNextMax = 128;

// What the round found out and is about to write.
struct Round {
  OpenPortal open;
  PortalPlan plan;
  store::Session row;
  std::optional<ledger::Event> noted;
};

PortalPlan ask_proof(const Ports& ports, const OpenPortal& open, const PortalForm& form) {
  PortalPlan out = nothing_but(open, PortalOutcome::prove);
  out.session.ceremony = signin::Ceremony::prove;
  out.session.challenge = new_challenge(ports);
  out.session.next = form.id.size() <= kNextMax ? form.id : std::string();
  return out;
}

// nullopt: the gate is open.
std::optional<PortalPlan> stopped(const Ports& ports, const OpenPortal& open, const PortalForm& form, Gate gate) {
  if (!crypto::equal(open.session.once, form.once)) return nothing_but(open, PortalOutcome::look_again);
  if (gate == Gate::session) return std::nullopt;
  switch (freshness(open, ports.clock.now())) {
    case Freshness::fresh: return std::nullopt;
    case Freshness::passkey: return ask_proof(ports, open, form);
    case Freshness::sign_in_again: return nothing_but(open, PortalOutcome::sign_in_again);
    case Freshness::is_protected: return nothing_but(open, PortalOutcome::is_protected);
  }
  std::abort();
}

// Whether there is anything to store: a form that was not taken changes nothing.
bool writes(const PortalPlan& plan) {
  switch (plan.out.outcome) {
    case PortalOutcome::done:
    case PortalOutcome::prove:
    case PortalOutcome::passkey_refused: return true;
    case PortalOutcome::sign_in_again:
    case PortalOutcome::is_protected:
    case PortalOutcome::look_again:
    case PortalOutcome::last_factor:
    case PortalOutcome::bad_name:
    case PortalOutcome::enough: return false;
  }
  std::abort();
}

Result<Round> prepare(const Ports& ports, const PortalRequest& request, Gate gate, const PlanChange& plan) {
  Round out;
  out.open = TRY(read_portal(ports, request.caller));
  std::optional<PortalPlan> stop = stopped(ports, out.open, request.form, gate);
  out.plan = stop ? *std::move(stop) : TRY(plan(out.open, request.form));
  if (!writes(out.plan)) return out;
  out.plan.session.once = random_text(ports.random, kOnceLength, kIdAlphabet);
  out.row = TRY(seal_session(ports, out.open.row, out.plan.session));
  if (out.plan.activity) {
    ledger::Event noted = begin_event(ports, ledger::EventType::config_change, out.open.row.tenant,
                                      own_reader(request.caller, out.open).actor);
    noted.object = "sign_in_methods";
    noted.rows = {row_set(*out.plan.activity)};
    noted.count = 1;
    out.noted = std::move(noted);
  }
  return out;
}

// A session that was killed since it was read changes nothing any more.
Result<void> still_alive(store::Txn& txn, const store::Session& session) {
  const auto grant = TRY(store::grant_of(txn, session_name(session)));
  return grant && grant->killed ? lost() : Result<void>();
}

// conflict: what was read is no longer so.
Result<void> write_down(const Ports& ports, store::Txn& txn, const Round& round) {
  const User& user = *round.open.situation.user;
  const PortalPlan& plan = round.plan;
  TRY(still_open(ports, txn, user, round.open.situation.policy));
  TRY(still_alive(txn, round.row));
  if (!TRY(store::update_session(txn, round.row))) return lost();
  if (plan.serial == PortalPlan::Serial::yes && !TRY(store::update_user(txn, user))) return lost();
  if (plan.write) TRY(plan.write(txn));
  if (plan.notice) TRY(note(ports, txn, *plan.notice));
  if (plan.activity) TRY(store::append_history(txn, *plan.activity));
  return round.noted ? record(txn, {*round.noted}) : Result<void>();
}

}  // namespace

PortalPlan nothing_but(const OpenPortal& open, PortalOutcome outcome) {
  PortalPlan out;
  out.session = open.session;
  out.out.outcome = outcome;
  return out;
}

bool is_factor_name(std::string_view text) {
  const auto characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return static_cast<std::size_t>(characters) <= kFactorNameMax && check_name(text, "a name");
}

std::string portal_detail(std::string_view key, std::string_view value) {
  codec::JsonWriter w;
  w.begin_object().key(key).string(value).end_object();
  return w.take();
}

Result<PortalPlan> plan_of(const Ports& ports, const OpenPortal& open, std::string action, std::string details) {
  const User& user = *open.situation.user;
  PortalPlan out = nothing_but(open, PortalOutcome::done);
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = user.tenant;
  event.at = ports.clock.now();
  event.action = std::move(action);
  event.details = std::move(details);
  event.actor_type = event.target_type = "user";
  event.actor_key = event.target_key = user.id.text();
  event.actor_name = event.target_name = user.username;
  out.activity = TRY(seal_event(ports, event));
  return out;
}

void change_portal(const Ports& ports, PortalRequest request, Gate gate, PlanChange plan, Done<PortalDone> done) {
  auto asked = std::make_shared<const PortalRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<PortalDone>(
      [&ports, asked, gate, plan = std::move(plan)](Done<PortalDone> finish) {
        Result<Round> prepared = prepare(ports, *asked, gate, plan);
        if (!prepared) return finish(std::move(prepared).error());
        if (!writes(prepared->plan)) return finish(std::move(prepared->plan.out));
        auto round = std::make_shared<Round>(*std::move(prepared));  // lives until the commit is durable
        ports.store.write([&ports, round](store::Txn& txn) { return write_down(ports, txn, *round); },
                          [&ports, round, finish = std::move(finish)](Result<void> written) {
                            if (!written) return finish(std::move(written).error());
                            if (round->plan.notice) ports.wake(kOutboxKey);
                            finish(std::move(round->plan.out));
                          });
      },
      std::move(done));
}

}  // namespace countersign::flow
