// The browser somebody signs in with: named by a cookie whose secret changes with each success, and by a key of its own
// where it has shown one. A cookie that was copied is found out when both copies are used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/signin/visit.h"
#include "flow/ports.h"
#include "store/visits.h"

namespace countersign::flow {

inline constexpr std::chrono::hours kBrowserLifetime{24 * 400};  // the longest a cookie may live (RFC 6265bis §5.5)

// What a cookie is worth when a visit is opened with it.
struct Shown {
  enum class Worth {
    none,      // no cookie, or one that means nothing: a new browser
    unproven,  // ours, but nobody has signed in from it yet
    current,   // the secret of the last success
    previous,  // the one before, and the new one was never shown: its answer was lost
    reused,    // an old secret: two browsers have the same cookie
  };
  Worth worth = Worth::none;
  BrowserId id;
  Bytes secret_digest;
  std::optional<store::Browser> row;
};
Result<Shown> shown_browser(const Ports& ports, store::Txn& txn, const TenantId& tenant, const Secret& cookie);

// The cookie of a browser from which nobody has signed in, and the one that a visit's success leaves behind; each the
// same however often it is asked for.
Result<std::string> first_cookie(const Ports& ports, const TenantId& tenant, const BrowserId& browser);
Result<std::string> next_cookie(const Ports& ports, const signin::Visit& visit);
Result<Bytes> cookie_digest(const Ports& ports, const Secret& cookie);

// How well this user is known here. A browser that has shown a key once must show it again: its cookie alone may have
// been copied.
enum class Familiarity { unknown, key_awaited, known };
Familiarity familiarity(const std::optional<store::Browser>& row, const std::vector<store::KnownBrowser>& known,
                        ByteView key_shown);

// What a success changes: the next secret, the key if one was shown, and that the user is known here.
struct Recognition {
  store::Browser browser;  // version 0: new
  store::KnownBrowser known;
};
Result<Recognition> recognise(const Ports& ports, const signin::Visit& visit, const std::optional<store::Browser>& row,
                              int remember_days);
// conflict: another success from this browser came between.
Result<void> write_recognition(store::Txn& txn, const Recognition& recognition);

}  // namespace countersign::flow
