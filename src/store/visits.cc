#include "store/visits.h"

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

KnownBrowser known_of(const Row& row) {
  return KnownBrowser{.tenant = row.id<TenantId>(0),
                      .user = row.id<UserId>(1),
                      .browser = row.id<BrowserId>(2),
                      .app = row.id<AppId>(3),
                      .first_used = row.instant(4),
                      .last_used = row.instant(5),
                      .remembered_until = row.maybe_instant(6)};
}

Result<std::vector<KnownBrowser>> some_known(Txn& txn, Query query, Params params) {
  std::vector<KnownBrowser> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out.push_back(known_of(row)); }));
  return out;
}

}  // namespace

Result<void> insert_visit(Txn& txn, const StoredVisit& visit) {
  TRY(txn.change(Query::insert_visit, {visit.tenant, visit.id, visit.app, visit.user, visit.state, visit.sealed_context,
                                       visit.created, visit.expires, visit.version}));
  return {};
}

Result<std::optional<StoredVisit>> visit_by_id(Txn& txn, const VisitId& id) {
  std::optional<StoredVisit> out;
  TRY(txn.rows(Query::visit_by_id, {id}, [&](const Row& row) {
    out = StoredVisit{.tenant = row.id<TenantId>(0),
                      .id = row.id<VisitId>(1),
                      .app = row.id<AppId>(2),
                      .user = row.id<UserId>(3),
                      .state = std::string(row.text(4)),
                      .sealed_context = copy(row.bytes(5)),
                      .created = row.instant(6),
                      .expires = row.instant(7),
                      .version = row.integer(8)};
  }));
  return out;
}

Result<bool> update_visit(Txn& txn, const StoredVisit& visit) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_visit, {visit.tenant, visit.id, visit.version, visit.user, visit.state,
                                           visit.sealed_context, visit.expires}));
  return changed == 1;
}

Result<std::int64_t> delete_visits_before(Txn& txn, Instant expired_before, int limit) {
  return txn.change(Query::delete_visits_before, {expired_before, limit});
}

Result<void> spend_token(Txn& txn, const TenantId& tenant, ByteView digest, Instant expires) {
  TRY(txn.change(Query::spend_token, {tenant, digest, expires}));
  return {};
}

Result<std::int64_t> delete_spent_before(Txn& txn, Instant expired_before, int limit) {
  return txn.change(Query::delete_spent_before, {expired_before, limit});
}

Result<void> insert_browser(Txn& txn, const Browser& browser) {
  TRY(txn.change(Query::insert_browser,
                 {browser.tenant, browser.id, browser.secret_digest, browser.previous_digest, browser.rotated,
                  browser.public_key, browser.created, browser.expires, browser.version}));
  return {};
}

Result<std::optional<Browser>> browser_by_id(Txn& txn, const TenantId& tenant, const BrowserId& id) {
  std::optional<Browser> out;
  TRY(txn.rows(Query::browser_by_id, {tenant, id}, [&](const Row& row) {
    out = Browser{.tenant = row.id<TenantId>(0),
                  .id = row.id<BrowserId>(1),
                  .secret_digest = copy(row.bytes(2)),
                  .previous_digest = copy(row.bytes(3)),
                  .rotated = row.instant(4),
                  .public_key = copy(row.bytes(5)),
                  .created = row.instant(6),
                  .expires = row.instant(7),
                  .version = row.integer(8)};
  }));
  return out;
}

Result<bool> update_browser(Txn& txn, const Browser& browser) {
  const std::int64_t changed = TRY(txn.change(
      Query::update_browser, {browser.tenant, browser.id, browser.version, browser.secret_digest,
                              browser.previous_digest, browser.rotated, browser.public_key, browser.expires}));
  return changed == 1;
}

Result<bool> delete_browser(Txn& txn, const TenantId& tenant, const BrowserId& id) {
  const std::int64_t changed = TRY(txn.change(Query::delete_browser, {tenant, id}));
  TRY(txn.change(Query::delete_browser_known, {tenant, id}));
  return changed == 1;
}

Result<std::int64_t> delete_browsers_before(Txn& txn, Instant expired_before, int limit) {
  std::vector<std::pair<TenantId, BrowserId>> gone;
  TRY(txn.rows(Query::delete_browsers_before, {expired_before, limit},
               [&](const Row& row) { gone.emplace_back(row.id<TenantId>(0), row.id<BrowserId>(1)); }));
  for (const auto& [tenant, id] : gone) TRY(txn.change(Query::delete_browser_known, {tenant, id}));
  return static_cast<std::int64_t>(gone.size());
}

Result<void> put_known_browser(Txn& txn, const KnownBrowser& known) {
  TRY(txn.change(Query::put_known_browser, {known.tenant, known.user, known.browser, known.app, known.first_used,
                                            known.last_used, known.remembered_until}));
  return {};
}

Result<std::vector<KnownBrowser>> known_browsers_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  return some_known(txn, Query::known_browsers_of, {tenant, user});
}

Result<std::vector<KnownBrowser>> known_on_browser(Txn& txn, const TenantId& tenant, const UserId& user,
                                                   const BrowserId& browser) {
  return some_known(txn, Query::known_on_browser, {tenant, user, browser});
}

Result<std::vector<UserId>> users_of_browser(Txn& txn, const TenantId& tenant, const BrowserId& browser, int limit) {
  std::vector<UserId> out;
  TRY(txn.rows(Query::users_of_browser, {tenant, browser, limit},
               [&](const Row& row) { out.push_back(row.id<UserId>(0)); }));
  return out;
}

Result<void> forget_known_browsers(Txn& txn, const TenantId& tenant, const UserId& user) {
  TRY(txn.change(Query::forget_known_browsers, {tenant, user}));
  return {};
}

Result<bool> forget_known_browser(Txn& txn, const TenantId& tenant, const UserId& user, const BrowserId& browser) {
  const std::int64_t changed = TRY(txn.change(Query::forget_known_browser, {tenant, user, browser}));
  return changed > 0;  // a row for each application
}

Result<std::int64_t> forget_known_browsers_since(Txn& txn, const TenantId& tenant, const UserId& user, Instant since) {
  return txn.change(Query::forget_known_browsers_since, {tenant, user, since});
}

Result<void> put_known_host(Txn& txn, const TenantId& tenant, const UserId& user, ByteView digest, Instant now) {
  TRY(txn.change(Query::put_known_host, {tenant, user, digest, now}));
  return {};
}

Result<bool> is_known_host(Txn& txn, const TenantId& tenant, const UserId& user, ByteView digest) {
  const std::int64_t found = TRY(txn.rows(Query::known_host, {tenant, user, digest}, [](const Row&) {}));
  return found == 1;
}

Result<void> forget_known_hosts(Txn& txn, const TenantId& tenant, const UserId& user) {
  TRY(txn.change(Query::forget_known_hosts, {tenant, user}));
  return {};
}

Result<void> insert_session(Txn& txn, const Session& session) {
  TRY(txn.change(Query::insert_session, {session.tenant, session.digest, session.face, session.user,
                                         session.sealed_context, session.created, session.expires, session.version}));
  return {};
}

Result<std::optional<Session>> session_by_digest(Txn& txn, const TenantId& tenant, std::string_view face,
                                                 ByteView digest) {
  std::optional<Session> out;
  TRY(txn.rows(Query::session_by_digest, {tenant, digest, face}, [&](const Row& row) {
    out = Session{.tenant = row.id<TenantId>(0),
                  .digest = copy(row.bytes(1)),
                  .face = std::string(row.text(2)),
                  .user = row.id<UserId>(3),
                  .sealed_context = copy(row.bytes(4)),
                  .created = row.instant(5),
                  .expires = row.instant(6),
                  .version = row.integer(7)};
  }));
  return out;
}

Result<bool> update_session(Txn& txn, const Session& session) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_session, {session.tenant, session.digest, session.version, session.sealed_context,
                                             session.expires}));
  return changed == 1;
}

Result<bool> delete_session(Txn& txn, const TenantId& tenant, ByteView digest) {
  const std::int64_t changed = TRY(txn.change(Query::delete_session, {tenant, digest}));
  return changed == 1;
}

Result<void> delete_sessions_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  TRY(txn.change(Query::delete_sessions_of, {tenant, user}));
  return {};
}

Result<std::int64_t> delete_sessions_before(Txn& txn, Instant expired_before, int limit) {
  return txn.change(Query::delete_sessions_before, {expired_before, limit});
}

}  // namespace countersign::store
