#include "flow/kill.h"

#include <algorithm>
#include <cstdlib>

#include "core/codec/json_write.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/run_again.h"
#include "flow/scope.h"
#include "flow/sign_in.h"
#include "store/breach.h"
#include "store/passkeys.h"
#include "store/users.h"
#include "store/visits.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kKindUser = "user";
constexpr std::size_t kValueMax = 256;

Error nothing_of_that_name() {
  return {Errc::not_found,
          "nothing of this kind has that name; `countersign incident scope` shows the names. Users and "
          "their sign-in methods are found with --tenant"};
}

// Where the root is none that was noted as made: what it is all the same.
Result<std::optional<Killed>> known_otherwise(store::Txn& txn, const KillQuery& query) {
  const std::string& id = query.value;
  if (const auto app = AppId::parse(id)) {
    const auto found = TRY(store::app_by_id(txn, *app));
    if (found) return std::optional(Killed{id, std::string(kMadeApplication), found->tenant});
  }
  if (const auto signer = TRY(store::signer_by_id(txn, id))) {
    return std::optional(Killed{id, std::string(kMadeSigner), signer->tenant});
  }
  if (id.starts_with(kOperatorPrefix) && id.size() > kOperatorPrefix.size()) {
    return std::optional(Killed{id, std::string(kOperatorCredential), TenantId()});
  }
  if (!query.tenant) return std::optional<Killed>();
  if (const auto factor = EnrolmentId::parse(id)) {
    const auto found = TRY(store::enrolment_by_id(txn, *query.tenant, *factor));
    if (found) return std::optional(Killed{id, std::string(kMadeFactor), *query.tenant});
  }
  if (const auto user = UserId::parse(id)) {
    const auto found = TRY(store::user_by_id(txn, *query.tenant, *user));
    if (found) return std::optional(Killed{id, std::string(kKindUser), *query.tenant});
  }
  return std::optional<Killed>();
}

bool fits(KillBy by, std::string_view kind) {
  switch (by) {
    case KillBy::credential: return true;
    case KillBy::session: return kind == kMadeSession;
    case KillBy::app: return kind == kMadeApplication;
    case KillBy::signer: return kind == kMadeSigner;
  }
  std::abort();
}

Result<Killed> root_of(store::Txn& txn, const KillQuery& query) {
  const auto grant = TRY(store::grant_of(txn, query.value));
  std::optional<Killed> out;
  if (grant && !grant->kind.empty()) {
    out = Killed{grant->id, grant->kind, grant->tenant, grant->killed.has_value()};
  } else {
    out = TRY(known_otherwise(txn, query));
    if (out) out->already = grant && grant->killed;
  }
  const bool elsewhere = out && query.tenant && out->tenant != *query.tenant;
  if (!out || elsewhere || !fits(query.by, out->kind)) return nothing_of_that_name();
  return *std::move(out);
}

Result<void> disable(store::Txn& txn, const Killed& one) {
  auto app = TRY(store::app_by_id(txn, AppId::trusted(one.id)));
  if (!app || !app->enabled) return {};
  app->enabled = false;
  if (!TRY(store::update_app(txn, *app))) return Error{Errc::conflict, "the application was changed meanwhile"};
  return {};
}

// What the thing itself loses, beside its grant.
Result<void> end(store::Txn& txn, const Killed& one, Instant now) {
  if (one.kind == kMadeApplication) return disable(txn, one);
  if (one.kind == kMadeFactor) {
    TRY(store::delete_credential_of(txn, one.tenant, EnrolmentId::trusted(one.id)));
    TRY(store::delete_enrolment(txn, one.tenant, EnrolmentId::trusted(one.id)));
    return {};
  }
  if (one.kind == kMadePhone) {
    TRY(store::delete_phone(txn, one.tenant, PhoneId::trusted(one.id)));
    return {};
  }
  if (one.kind == kMadeSigner) {
    TRY(store::kill_signer(txn, one.id, now));
    return {};
  }
  if (one.kind == kKindUser) return store::delete_sessions_of(txn, one.tenant, UserId::trusted(one.id));
  return {};  // a session, a visit, an export, the operator's: refused by its grant
}

Result<std::vector<Killed>> find_all(store::Txn& txn, const KillQuery& query, Instant now) {
  std::vector<Killed> out = {TRY(root_of(txn, query))};
  if (query.tree == Tree::no) return out;
  for (const store::Grant& grant : TRY(descendants_of(txn, query.value, now + std::chrono::hours(24)))) {
    const bool elsewhere = query.tenant && grant.tenant != *query.tenant;
    if (elsewhere || (query.since && grant.made < *query.since)) continue;
    out.push_back({grant.id, grant.kind, grant.tenant, grant.killed.has_value()});
  }
  return out;
}

// What is written down of one thing, beside its end.
struct Note {
  ledger::Event event;
  std::optional<store::HistoryRow> activity;  // of what belongs to a tenant
};

Result<Note> note_of(const Administration& by, const KillQuery& query, const Killed& one) {
  Note out;
  out.event = begin_event(by.ports, ledger::EventType::kill, one.tenant, ledger_actor(by.actor));
  out.event.object = one.kind;
  out.event.count = one.already ? 0 : 1;
  codec::JsonWriter w;
  w.begin_object().key("id").string(one.id).key("root").string(query.value).end_object();
  out.event.query = w.take();
  out.event.detail = query.reason;
  if (one.tenant.empty()) return out;
  record::ActivityEvent activity;
  activity.id = EventId::make(by.ports.random);
  activity.tenant = one.tenant;
  activity.at = by.ports.clock.now();
  activity.action = "credential_kill";
  codec::JsonWriter details;
  details.begin_object().key("kind").string(one.kind).key("reason").string(query.reason).end_object();
  activity.details = details.take();
  activity.actor_type = by.actor.type;
  activity.actor_key = by.actor.key;
  activity.actor_name = by.actor.name;
  activity.target_type = one.kind;
  activity.target_key = one.id;
  out.activity = TRY(seal_event(by.ports, activity));
  out.event.rows = {row_set(*out.activity)};
  return out;
}

// On the condition that nothing was made or killed since it was looked.
Result<void> write_down(store::Txn& txn, const Administration& by, const KillQuery& query,
                        const std::vector<Killed>& found, const std::vector<Note>& notes) {
  const Instant now = by.ports.clock.now();
  const std::vector<Killed> again = TRY(find_all(txn, query, now));
  const bool same = std::ranges::equal(
      again, found, [](const Killed& a, const Killed& b) { return a.id == b.id && a.already == b.already; });
  if (!same) return Error{Errc::conflict, "something was made or killed meanwhile"};
  std::vector<ledger::Event> events;
  for (const Killed& one : found) {
    if (one.already) continue;
    // A person outlives the credentials: his sessions end, and he may sign in again.
    if (one.kind != kKindUser) TRY(store::kill_grant(txn, one.id, now));
    TRY(end(txn, one, now));
  }
  for (const Note& note : notes) {
    if (note.activity) TRY(store::append_history(txn, *note.activity));
    events.push_back(note.event);
  }
  if (by.ports.apps) txn.after_commit([apps = by.ports.apps] { apps->changed(); });
  return record(txn, events);
}

Result<std::vector<Killed>> kill_once(const Administration& by, const KillQuery& query) {
  const std::vector<Killed> found =
      TRY(store::read(by.ports.store, [&](store::Txn& txn) { return find_all(txn, query, by.ports.clock.now()); }));
  std::vector<Note> notes;
  for (const Killed& one : found) {
    if (!one.already) notes.push_back(TRY(note_of(by, query, one)));
  }
  if (notes.empty()) notes.push_back(TRY(note_of(by, query, found.front())));  // it was asked for again
  const auto written = store::write_and_wait(by.ports.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(write_down(txn, by, query, found, notes));
    return true;
  });
  if (!written) return written.error();
  return found;
}

}  // namespace

Result<std::vector<Killed>> kill(const Administration& by, const KillQuery& query) {
  if (query.value.empty() || query.value.size() > kValueMax) return Error{Errc::malformed, "what is to be killed?"};
  if (!query.reason.empty()) TRY(check_name(query.reason, "a reason"));
  if (query.value == by.actor.credential) {
    return Error{Errc::refused, "this is the credential that you use yourself; kill it from another account"};
  }
  for (int tries = kTriesMax; tries > 1; --tries) {
    Result<std::vector<Killed>> done = kill_once(by, query);
    if (done || done.error().code != Errc::conflict) return done;
  }
  Result<std::vector<Killed>> done = kill_once(by, query);
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::unavailable, "too many changes at once; try again"};
  }
  return done;
}

Result<bool> is_killed(const Ports& ports, std::string_view credential) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<bool> {
    const auto grant = TRY(store::grant_of(txn, credential));
    return grant && grant->killed.has_value();
  });
}

}  // namespace countersign::flow
