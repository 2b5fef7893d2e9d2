#include "flow/break_glass.h"

#include <algorithm>
#include <array>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "flow/canaries.h"
#include "flow/glass_events.h"
#include "flow/guards.h"
#include "flow/kill.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/run_again.h"
#include "store/ledger.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kVerifier = "countersign-glass/v1";
constexpr std::string_view kPrincipal = "glass";
constexpr std::string_view kTries = "tries_hour", kLiftTries = "lift_tries_hour";
constexpr std::chrono::hours kTryWindow{1};

// 32 random bytes need no salt and no slow hash.
Bytes verifier_of(const Secret& key) {
  return crypto::hash(crypto::HashKind::sha256, std::array<ByteView, 2>{bytes_of(kVerifier), key.reveal_bytes()});
}

// What counts now, and what will.
std::optional<store::GlassSeal> counting(const std::vector<store::GlassSeal>& seals, Instant now) {
  const auto found = std::ranges::find_if(seals, [&](const store::GlassSeal& seal) { return seal.from <= now; });
  return found == seals.end() ? std::nullopt : std::optional(*found);
}

ledger::Event event_of(const Administration& by, std::string_view object) {
  ledger::Event event = begin_event(by.ports, ledger::EventType::break_glass, TenantId(), ledger_actor(by.actor));
  event.object = object;
  return event;
}

// Counted before it is judged, whatever comes of it, on all nodes together.
Result<void> take_try(const Administration& by, std::string_view tries, ledger::Event event) {
  const Instant now = by.ports.clock.now();
  bool spent_all = false;
  TRY(write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    const auto before = TRY(store::spent_by(txn, kPrincipal, tries));
    store::Spent after{std::string(kPrincipal), std::string(tries), now, 0};
    if (before && now < before->since + kTryWindow) after = *before;
    spent_all = after.used >= kGlassTriesAnHour;
    if (!spent_all) {
      ++after.used;
      return store::put_spent(txn, after, before);
    }
    event.outcome = ledger::Outcome::capped;
    return record(txn, {event});
  }));
  return spent_all ? Result<void>(Error{Errc::exhausted, "five tries an hour are all there are; wait"})
                   : Result<void>();
}

Error refuse(const Administration& by, ledger::Event event, Error why) {
  event.outcome = ledger::Outcome::denied;
  const Result<void> recorded = record_now(by.ports, event);
  return recorded ? why : recorded.error();
}

bool fits(const std::vector<crypto::Share>& shares, const store::GlassSeal& seal) {
  const Result<Secret> key = crypto::combine(shares);
  return key && crypto::equal(verifier_of(*key), seal.verifier);
}

Result<ledger::Event> asked(const Administration& by, const GlassRequest& request, std::string_view object) {
  TRY(check_name(request.reason, "a reason"));
  TRY(check_name(request.case_reference, "a case"));
  ledger::Event event = event_of(by, object);
  event.case_reference = request.case_reference;
  event.detail = request.reason;
  return event;
}

// That these are two shares of the seal that counts.
Result<void> prove(const Administration& by, std::string_view tries, const ledger::Event& event,
                   const std::vector<crypto::Share>& shares) {
  TRY(take_try(by, tries, event));
  const auto seal = counting(TRY(store::read(by.ports.store, store::glass_seals)), by.ports.clock.now());
  if (!seal) return refuse(by, event, {Errc::not_found, "there is no seal; `countersign glass seal` makes one"});
  if (fits(shares, *seal)) return {};
  return refuse(by, event, {Errc::refused, "these are not two shares of the seal that counts"});
}

// As an opening that is over at once. false: it was not killed.
Result<bool> write_lift(const Administration& by, store::Txn& txn, store::GlassOpening& lift, ledger::Event event) {
  if (!TRY(store::lift_kill(txn, lift.credential))) return false;
  const auto last = TRY(store::last_glass_opening(txn));
  if (last && !last->closed && TRY(store::close_glass(txn, last->number, std::max(lift.opened, last->opened)))) {
    ledger::Event closed = event_of(by, "close");
    closed.query = glass_query(last->number, TenantId());
    closed.detail = "a kill was lifted";
    TRY(record(txn, {closed}));
  }
  lift.number = last ? last->number + 1 : 1;
  TRY(store::insert_glass_opening(txn, lift));
  TRY(store::close_glass(txn, lift.number, lift.closes));
  TRY(forget_canaries(txn, event.actor));
  event.query = glass_query(lift.number, TenantId());
  TRY(record(txn, {event}));
  return true;
}

}  // namespace

Result<SealedGlass> seal_glass(const Administration& by) {
  const Ports& ports = by.ports;
  const Instant now = ports.clock.now();
  const Secret key{ByteView(random_bytes(ports.random, crypto::kSharedSecretSize))};
  SealedGlass out;
  out.shares = TRY(crypto::split(ports.random, key));
  store::GlassSeal seal{verifier_of(key), now, now};
  TRY(write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::glass_seals(txn)).empty()) seal.from = now + kGlassSealDelay;
    TRY(store::insert_glass_seal(txn, seal));
    return record(txn, {event_of(by, "seal")});
  }));
  out.from = seal.from;
  if (out.from > now) {
    ports.tell(kAlarm, "another seal of break glass was made; in 72 hours it counts, and the old one no more");
  }
  return out;
}

Result<store::GlassOpening> open_glass(const Administration& by, const GlassRequest& request) {
  ledger::Event event = TRY(asked(by, request, "open"));
  TRY(prove(by, kTries, event, request.shares));
  const Instant now = by.ports.clock.now();
  TRY(tend_glass(by.ports));  // what is over is closed
  store::GlassOpening opening{.credential = by.actor.credential,
                              .reason = request.reason,
                              .case_reference = request.case_reference,
                              .opened = now,
                              .closes = now + kGlassOpen,
                              .seen = now};
  const Result<void> opened = write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    const auto last = TRY(store::last_glass_opening(txn));
    if (last && !last->closed) return Error{Errc::refused, "the glass is open; it is not made longer"};
    opening.number = last ? last->number + 1 : 1;
    TRY(store::insert_glass_opening(txn, opening));
    event.query = glass_query(opening.number, TenantId());
    return record(txn, {event});
  });
  if (!opened && opened.error().code == Errc::refused) {
    return refuse(by, event, {Errc::conflict, std::string(opened.error().what)});
  }
  TRY(opened);
  by.ports.tell(kAlarm, "break glass was opened; an operator's budgets are lifted for an hour");
  return opening;
}

Result<store::GlassOpening> lift_kill(const Administration& by, const GlassRequest& request) {
  const Error alive{Errc::conflict, "this account was not killed"};
  const std::string& credential = by.actor.credential;
  const ledger::Event event = TRY(asked(by, request, "lift"));
  if (!credential.starts_with(kOperatorPrefix) || !TRY(is_killed(by.ports, credential))) return alive;
  TRY(prove(by, kLiftTries, event, request.shares));
  const Instant now = by.ports.clock.now();
  store::GlassOpening lift{.credential = credential,
                           .reason = request.reason,
                           .case_reference = request.case_reference,
                           .opened = now,
                           .closes = now,
                           .seen = now};
  bool lifted = false;
  TRY(write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    lifted = TRY(write_lift(by, txn, lift, event));
    return {};
  }));
  if (!lifted) return alive;  // another one was faster
  lift.closed = now;
  by.ports.tell(kAlarm, "two shares of break glass lifted the kill of an operator's account");
  return lift;
}

Result<store::GlassOpening> shut_glass(const Administration& by) {
  const Instant now = by.ports.clock.now();
  std::optional<store::GlassOpening> opening;
  TRY(write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    opening = TRY(store::last_glass_opening(txn));
    if (!opening || !is_open(*opening, now) || !TRY(store::close_glass(txn, opening->number, now))) {
      opening.reset();
      return {};
    }
    ledger::Event event = event_of(by, "close");
    event.query = glass_query(opening->number, TenantId());
    return record(txn, {event});
  }));
  if (!opening) return Error{Errc::conflict, "the glass is not open"};
  opening->closed = now;
  TRY(tend_glass(by.ports));
  return *opening;
}

Result<GlassStatus> glass_status(const Ports& ports) {
  const Instant now = ports.clock.now();
  return store::read(ports.store, [&](store::Txn& txn) -> Result<GlassStatus> {
    GlassStatus out;
    const std::vector<store::GlassSeal> seals = TRY(store::glass_seals(txn));
    if (const auto seal = counting(seals, now)) out.sealed = seal->from;
    if (!seals.empty() && seals.front().from > now) out.next_seal = seals.front().from;
    const auto last = TRY(store::last_glass_opening(txn));
    if (last && is_open(*last, now)) out.open = last;
    out.openings = last ? last->number : 0;
    return out;
  });
}

Result<std::optional<store::GlassOpening>> glass_over(const Ports& ports, store::Txn& txn, const ledger::Actor& actor) {
  std::optional<store::GlassOpening> none;
  if (actor.kind != "operator" || actor.credential.empty()) return none;
  const Instant now = ports.clock.now();
  const auto last = TRY(store::last_glass_opening(txn));
  if (!last || last->credential != actor.credential || !is_open(*last, now)) return none;
  TRY(store::see_glass(txn, last->number, now));
  return last;
}

Result<void> read_through_glass(const Ports& ports, store::Txn& txn, const store::GlassOpening& opening,
                                ledger::Event& reading) {
  reading.detail = glass_mark(opening.number);
  ledger::Event noted = begin_event(ports, ledger::EventType::break_glass, TenantId(), reading.actor);
  noted.object = "read";
  noted.case_reference = opening.case_reference;
  noted.query = glass_query(opening.number, reading.tenant);
  std::vector<ledger::Event> events = {noted};
  const store::GlassTenant tenant{reading.tenant, ports.clock.now()};
  if (TRY(store::note_glass_tenant(txn, opening.number, tenant))) {
    ledger::Event opened = begin_event(ports, ledger::EventType::break_glass, reading.tenant, reading.actor);
    opened.object = "open";
    opened.case_reference = opening.case_reference;
    opened.query = glass_query(opening.number, TenantId());
    opened.detail = opening.reason;
    events.push_back(std::move(opened));
  }
  return record(txn, events);
}

}  // namespace countersign::flow
