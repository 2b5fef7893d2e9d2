// What is kept of an incident after its scope was found: the scope, its notices and their states; exports; messages by
// supplier.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace countersign::store {

struct StoredScope {
  std::string id;
  std::string query;    // canonical JSON of what was asked
  Bytes sealed_result;  // service class, of the operator
  Instant made{};
};
Result<void> insert_scope(Txn& txn, const StoredScope& scope);
Result<std::optional<StoredScope>> scope_by_id(Txn& txn, std::string_view id);
Result<std::vector<StoredScope>> scopes_page(Txn& txn, Instant made_before, int limit);  // newest first

// One notice to one tenant's administrator or to one user.
struct BreachNotice {
  std::string id;
  std::string scope;
  TenantId tenant;
  UserId user;             // empty: to the administrator
  Bytes code_digest;       // of the code by which the user checks that a notice is real
  Instant prepared{};
  std::optional<Instant> delivered = std::nullopt, opened = std::nullopt, acknowledged = std::nullopt;
};
Result<void> insert_breach_notice(Txn& txn, const BreachNotice& notice);
// A code is nobody else's in any tenant.
Result<std::optional<BreachNotice>> breach_notice_by_code(Txn& txn, ByteView code_digest);
Result<std::optional<BreachNotice>> breach_notice_by_id(Txn& txn, const TenantId& tenant, std::string_view id);
enum class NoticeState { delivered, opened, acknowledged };
// The first time counts; false: it had that state already, or there is no such notice of its tenant.
Result<bool> mark_breach_notice(Txn& txn, const BreachNotice& notice, NoticeState state, Instant now);
// Of all tenants that a scope names, after an id, in the order of their ids.
struct NoticesPage {
  std::string scope;
  std::string after_id;  // "": from the beginning
  int limit = 0;
};
Result<std::int64_t> breach_notices_of(Txn& txn, const NoticesPage& page,
                                       const std::function<void(const BreachNotice&)>& on_notice);

// An export of history: asked for, approved where it is large, fetched once.
struct StoredExport {
  std::string id;
  TenantId tenant;
  std::string intent;       // canonical JSON of the action
  std::string requester;    // a signer's id
  Bytes signature;          // over the intent
  std::string approver;     // "" none
  Bytes approval;
  std::string state;        // asked, requested, approved, fetched, vetoed, expired
  Instant asked{};
  Instant runs_at{};        // not before: until then its tenant has time for a veto
  Instant expires{};        // of this state: by then the next step must have been taken
  std::int64_t version = 0;
};
Result<void> insert_export(Txn& txn, const StoredExport& one);
Result<std::optional<StoredExport>> export_by_id(Txn& txn, const TenantId& tenant, std::string_view id);
// Signature, approver, approval, state and times, on the version read: false where it changed meanwhile.
Result<bool> update_export(Txn& txn, const StoredExport& one);
// Newest first.
Result<std::vector<StoredExport>> exports_of(Txn& txn, const TenantId& tenant, Instant asked_before, int limit);

// Asked, requested or approved, and not run out at `now`.
Result<std::int64_t> count_open_exports(Txn& txn, const TenantId& tenant, Instant now);
// Those of all tenants that ran out before `before` become expired; at most `limit`. How many.
Result<std::int64_t> expire_exports(Txn& txn, Instant before, int limit);
Result<std::int64_t> delete_exports_before(Txn& txn, Instant asked_before, int limit);

// A person or machine that signs intents: by a named public key.
struct Signer {
  std::string id;          // "ad_" …
  TenantId tenant;         // empty: the operator's staff
  std::string name;
  Bytes public_key;        // ES256, 65 bytes
  Instant made{};
  std::optional<Instant> killed = std::nullopt;
};
Result<void> insert_signer(Txn& txn, const Signer& signer);
// An id names its signer over all tenants: whose it is the caller looks at.
Result<std::optional<Signer>> signer_by_id(Txn& txn, std::string_view id);
Result<std::vector<Signer>> signers_of(Txn& txn, const TenantId& tenant);  // dead ones too, oldest first
// The first time counts; false: no such signer, or dead already.
Result<bool> kill_signer(Txn& txn, std::string_view id, Instant now);

// A message that left through a supplier, open fields only; the sealed record is in history.
struct Dispatch {
  TenantId tenant;
  std::string reference;   // random; all that the supplier knows
  std::string supplier;
  std::string channel;     // sms, voice
  std::int64_t hour = 0;   // hours since 1970
  EventId event;
  std::int64_t day = 0;
  std::optional<Instant> reaped = std::nullopt;  // verified as deleted at the supplier
};
Result<void> insert_dispatch(Txn& txn, const Dispatch& dispatch);
// By hour, tenant and reference. A month of a large supplier is millions: page by the last one seen.
struct DispatchQuery {
  std::string supplier;
  std::int64_t first_hour = 0;
  std::int64_t last_hour = 0;
  std::optional<Dispatch> after = std::nullopt;
  int limit = std::numeric_limits<int>::max();
};
Result<std::int64_t> dispatches_through(Txn& txn, const DispatchQuery& query,
                                        const std::function<void(const Dispatch&)>& on_row);
// Of one tenant, through any supplier, by reference.
struct TenantDispatches {
  TenantId tenant;
  std::string after;  // a reference; "": from the beginning
  int limit = 0;
};
Result<std::int64_t> dispatches_of(Txn& txn, const TenantDispatches& page,
                                   const std::function<void(const Dispatch&)>& on_row);
Result<std::optional<Dispatch>> dispatch_by_reference(Txn& txn, std::string_view reference);
// The first time counts; false: unknown, or reaped already.
Result<bool> mark_reaped(Txn& txn, const Dispatch& dispatch, Instant now);

}  // namespace countersign::store
