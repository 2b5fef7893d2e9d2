// What stands between attackers and a person's phone: budgets, protected accounts, incidents.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace countersign::store {

// A budget as the text core/policy/fatigue.h reads; `owner` is a user's id, or "net:" and a keyed digest in hex.
struct StoredFatigue {
  TenantId tenant;
  std::string owner;
  std::string state;
  Instant touched{};
  std::int64_t version = 0;   // 0: not stored yet
};
Result<std::optional<StoredFatigue>> fatigue_of(Txn& txn, const TenantId& tenant, std::string_view owner);
// Inserts at version 0, else updates on the version read; false: somebody was faster.
Result<bool> put_fatigue(Txn& txn, const StoredFatigue& fatigue);
Result<std::int64_t> delete_fatigue_before(Txn& txn, Instant touched_before, int limit);

// Protection of an account (security §4.2.4). `passkey_shown` is when its owner last proved himself by a passkey.
struct Protection {
  std::optional<Instant> since;
  std::optional<Instant> passkey_shown;
};
// not_found: no such user.
Result<Protection> protection_of(Txn& txn, const TenantId& tenant, const UserId& user);
// The first time counts: who is protected already stays so since then.
Result<void> protect_user(Txn& txn, const TenantId& tenant, const UserId& user, Instant now);
Result<void> unprotect_user(Txn& txn, const TenantId& tenant, const UserId& user);
Result<void> note_passkey_shown(Txn& txn, const TenantId& tenant, const UserId& user, Instant now);

struct StoredIncident {
  TenantId tenant;
  IncidentId id;
  std::string kind;           // "not_me", "campaign", "cookie_reused", "number_guessed"
  UserId user;                // empty: several
  Instant opened{};
  std::optional<Instant> closed;
  Bytes sealed_evidence;
  std::int64_t version = 0;
};
Result<void> insert_incident(Txn& txn, const StoredIncident& incident);
Result<std::optional<StoredIncident>> incident_by_id(Txn& txn, const TenantId& tenant, const IncidentId& id);
// Newest first.
Result<std::vector<StoredIncident>> incidents_page(Txn& txn, const TenantId& tenant, Instant opened_before, int limit);
// On the version read; false too when it was closed already.   malformed: without the time.
Result<bool> close_incident(Txn& txn, const StoredIncident& incident);

}  // namespace countersign::store
