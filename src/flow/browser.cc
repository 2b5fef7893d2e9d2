#include "flow/browser.h"

#include "core/codec/hex.h"
#include "core/crypto/equal.h"
#include "flow/stored_attempt.h"

namespace countersign::flow {
namespace {

Result<std::string> cookie_of(const Ports& ports, const TenantId& tenant, const BrowserId& browser,
                              std::string_view occasion) {
  const std::string seed = tenant.text() + "/" + browser.text() + "/" + std::string(occasion);
  return browser.text() + "." + codec::to_hex(TRY(ports.keys.token_digest("browser-secret", Secret(seed))));
}

}  // namespace

Result<std::string> first_cookie(const Ports& ports, const TenantId& tenant, const BrowserId& browser) {
  return cookie_of(ports, tenant, browser, "first");
}

Result<std::string> next_cookie(const Ports& ports, const signin::Visit& visit) {
  return cookie_of(ports, visit.tenant, visit.browser, visit.id.text());
}

Result<Bytes> cookie_digest(const Ports& ports, const Secret& cookie) {
  return ports.keys.token_digest("browser-cookie", cookie);
}

Result<Shown> shown_browser(const Ports& ports, store::Txn& txn, const TenantId& tenant, const Secret& cookie) {
  Shown out;
  const std::string_view id = cookie.reveal().substr(0, cookie.reveal().find('.'));
  if (id.size() != kIdLength || cookie.size() > 2 * kIdLengthMax + kIdLength) return out;
  const Result<BrowserId> parsed = BrowserId::parse(id);
  if (!parsed) return out;
  out.secret_digest = TRY(cookie_digest(ports, cookie));
  out.row = TRY(store::browser_by_id(txn, tenant, *parsed));
  if (out.row && ports.clock.now() >= out.row->expires) return Shown();
  if (!out.row) {
    const Secret text(TRY(first_cookie(ports, tenant, *parsed)));
    const Bytes first = TRY(cookie_digest(ports, text));
    if (!crypto::equal(first, out.secret_digest)) return Shown();
    out.worth = Shown::Worth::unproven;
  } else if (crypto::equal(out.row->secret_digest, out.secret_digest)) {
    out.worth = Shown::Worth::current;
  } else if (crypto::equal(out.row->previous_digest, out.secret_digest)) {
    out.worth = Shown::Worth::previous;
  } else {
    out.worth = Shown::Worth::reused;
  }
  out.id = *parsed;
  return out;
}

Familiarity familiarity(const std::optional<store::Browser>& row, const std::vector<store::KnownBrowser>& known,
                        ByteView key_shown) {
  if (!row || known.empty()) return Familiarity::unknown;
  if (row->public_key.empty()) return Familiarity::known;
  return crypto::equal(row->public_key, key_shown) ? Familiarity::known : Familiarity::key_awaited;
}

Result<Recognition> recognise(const Ports& ports, const signin::Visit& visit, const std::optional<store::Browser>& row,
                              int remember_days) {
  const Instant now = ports.clock.now();
  Recognition out;
  if (row) out.browser = *row;
  out.browser.tenant = visit.tenant;
  out.browser.id = visit.browser;
  out.browser.previous_digest = row ? row->secret_digest : visit.cookie_digest;
  const Secret next(TRY(next_cookie(ports, visit)));
  out.browser.secret_digest = TRY(cookie_digest(ports, next));
  out.browser.rotated = now;
  if (out.browser.public_key.empty()) out.browser.public_key = visit.browser_key;
  if (!row) out.browser.created = now;
  out.browser.expires = now + kBrowserLifetime;
  out.known.tenant = visit.tenant;
  out.known.user = visit.user;
  out.known.browser = visit.browser;
  out.known.app = visit.app;
  out.known.first_used = now;
  out.known.last_used = now;
  if (remember_days > 0 && visit.remember == signin::Remember::yes) {
    out.known.remembered_until = now + std::chrono::hours(24 * remember_days);
  }
  return out;
}

Result<void> write_recognition(store::Txn& txn, const Recognition& recognition) {
  if (recognition.browser.version == 0) {
    store::Browser first = recognition.browser;
    first.version = 1;
    TRY(store::insert_browser(txn, first));
  } else if (!TRY(store::update_browser(txn, recognition.browser))) {
    return lost();
  }
  return store::put_known_browser(txn, recognition.known);
}

}  // namespace countersign::flow
