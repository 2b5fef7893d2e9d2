// What is kept of an incident after its scope was found: the scope, its notices and their states; exports; messages by
// supplier.
#pragma once

#include <functional>
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
  std::optional<Instant> delivered, opened, acknowledged;
};
Result<void> insert_breach_notice(Txn& txn, const BreachNotice& notice);
Result<std::optional<BreachNotice>> breach_notice_by_code(Txn& txn, const TenantId& tenant, ByteView code_digest);
enum class NoticeState { delivered, opened, acknowledged };
// The first time counts; false: it had that state already.
Result<bool> mark_breach_notice(Txn& txn, std::string_view id, NoticeState state, Instant now);
Result<std::int64_t> breach_notices_of(Txn& txn, std::string_view scope, std::string_view after_id, int limit,
                                       const std::function<void(const BreachNotice&)>& on_notice);

// An export of history: asked for, approved where it is large, fetched once.
struct StoredExport {
  std::string id;
  TenantId tenant;
  std::string intent;       // canonical JSON of the action
  std::string requester;    // administrator's key id
  Bytes signature;          // over the intent
  std::string approver;     // "" none
  Bytes approval;
  std::string state;        // requested, approved, ready, fetched, vetoed, expired
  Instant asked{};
  Instant runs_at{};        // not before: the tenant may veto until then
  Instant expires{};
  std::int64_t version = 0;
};
Result<void> insert_export(Txn& txn, const StoredExport& one);
Result<std::optional<StoredExport>> export_by_id(Txn& txn, std::string_view id);
Result<bool> update_export(Txn& txn, const StoredExport& one);  // on the version read
Result<std::vector<StoredExport>> exports_of(Txn& txn, const TenantId& tenant, Instant asked_before, int limit);

// A person or machine that signs intents: by a named public key.
struct Signer {
  std::string id;          // "ad_" …
  TenantId tenant;         // empty: the operator's staff
  std::string name;
  Bytes public_key;        // ES256, 65 bytes
  Instant made{};
  std::optional<Instant> killed;
};
Result<void> insert_signer(Txn& txn, const Signer& signer);
Result<std::optional<Signer>> signer_by_id(Txn& txn, std::string_view id);
Result<std::vector<Signer>> signers_of(Txn& txn, const TenantId& tenant);
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
  std::optional<Instant> reaped;  // verified as deleted at the supplier
};
Result<void> insert_dispatch(Txn& txn, const Dispatch& dispatch);
Result<std::int64_t> dispatches_through(Txn& txn, std::string_view supplier, std::int64_t first_hour,
                                        std::int64_t last_hour, const std::function<void(const Dispatch&)>& on_row);
Result<std::optional<Dispatch>> dispatch_by_reference(Txn& txn, std::string_view reference);

}  // namespace countersign::store
