// Visits of the prompt, tokens that count once, browsers and hosts that users are known from, sessions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

// A visit as stored; core/signin/visit.h gives it its meaning.
struct StoredVisit {
  TenantId tenant;
  VisitId id;
  AppId app;
  UserId user;
  std::string state;
  Bytes sealed_context;
  Instant created{};
  Instant expires{};
  std::int64_t version = 0;
};
Result<void> insert_visit(Txn& txn, const StoredVisit& visit);
// By id alone: an address names it so. Ids are unique everywhere.
Result<std::optional<StoredVisit>> visit_by_id(Txn& txn, const VisitId& id);
// User, state, context, expiry; on the version read.
Result<bool> update_visit(Txn& txn, const StoredVisit& visit);
Result<std::int64_t> delete_visits_before(Txn& txn, Instant expired_before, int limit);

// conflict: it was spent before.
Result<void> spend_token(Txn& txn, const TenantId& tenant, ByteView digest, Instant expires);
Result<std::int64_t> delete_spent_before(Txn& txn, Instant expired_before, int limit);

struct Browser {
  TenantId tenant;
  BrowserId id;
  Bytes secret_digest;     // of the cookie's secret
  Bytes previous_digest;   // of the one before, until the new one has been shown; empty: shown
  Instant rotated{};
  Bytes public_key;        // P-256 point; empty: none was ever shown
  Instant created{};
  Instant expires{};
  std::int64_t version = 0;
};
Result<void> insert_browser(Txn& txn, const Browser& browser);                    // conflict: the id is taken
Result<std::optional<Browser>> browser_by_id(Txn& txn, const TenantId& tenant, const BrowserId& id);
Result<bool> update_browser(Txn& txn, const Browser& browser);                    // on the version read
// With everything it was known for.
Result<bool> delete_browser(Txn& txn, const TenantId& tenant, const BrowserId& id);
Result<std::int64_t> delete_browsers_before(Txn& txn, Instant expired_before, int limit);

// From this browser this user has signed in to this application.
struct KnownBrowser {
  TenantId tenant;
  UserId user;
  BrowserId browser;
  AppId app;
  Instant first_used{};
  Instant last_used{};
  std::optional<Instant> remembered_until;
};
// Inserts, or moves last_used; remembered_until as given (nullopt leaves what is there).
Result<void> put_known_browser(Txn& txn, const KnownBrowser& known);
Result<std::vector<KnownBrowser>> known_browsers_of(Txn& txn, const TenantId& tenant, const UserId& user);
Result<std::vector<KnownBrowser>> known_on_browser(Txn& txn, const TenantId& tenant, const UserId& user,
                                                   const BrowserId& browser);
// Who has signed in from it, at most `limit`.
Result<std::vector<UserId>> users_of_browser(Txn& txn, const TenantId& tenant, const BrowserId& browser, int limit);
Result<void> forget_known_browsers(Txn& txn, const TenantId& tenant, const UserId& user);
Result<bool> forget_known_browser(Txn& txn, const TenantId& tenant, const UserId& user, const BrowserId& browser);
// Those first used after `since`: what "not me" takes away.
Result<std::int64_t> forget_known_browsers_since(Txn& txn, const TenantId& tenant, const UserId& user, Instant since);

// A place without a browser (application and address), by its keyed digest.
Result<void> put_known_host(Txn& txn, const TenantId& tenant, const UserId& user, ByteView digest, Instant now);
Result<bool> is_known_host(Txn& txn, const TenantId& tenant, const UserId& user, ByteView digest);
Result<void> forget_known_hosts(Txn& txn, const TenantId& tenant, const UserId& user);

struct Session {
  TenantId tenant;
  Bytes digest;            // keyed, of the cookie's token
  std::string face;        // "portal", "console": a session of one is none of another
  UserId user;
  Bytes sealed_context;
  Instant created{};
  Instant expires{};
  std::int64_t version = 0;
};
Result<void> insert_session(Txn& txn, const Session& session);
Result<std::optional<Session>> session_by_digest(Txn& txn, const TenantId& tenant, std::string_view face,
                                                 ByteView digest);
Result<bool> update_session(Txn& txn, const Session& session);                    // context and expiry
Result<bool> delete_session(Txn& txn, const TenantId& tenant, ByteView digest);
Result<void> delete_sessions_of(Txn& txn, const TenantId& tenant, const UserId& user);
Result<std::int64_t> delete_sessions_before(Txn& txn, Instant expired_before, int limit);

}  // namespace countersign::store
