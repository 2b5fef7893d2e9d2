// An application (Duo: integration): what a client program signs its requests as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign {

// The type of an application decides which APIs it may call (duo-api §3, §5, §6).
enum class AppType { authapi, unix_login, websdk, adminapi, accountsapi, radius, ldapproxy, partner };

// Names as Duo's Admin API spells them: "authapi", "unix", "websdk", …
std::string_view name(AppType type);
std::optional<AppType> app_type(std::string_view name);

// Whether that type may call /auth/v2 and /rest/v1.
bool may_authenticate(AppType type);

// Which signatures an application accepts (duo-api §9): v1 has no date and can be replayed for ever.
struct SignatureRule {
  bool allow_v1 = false;
  bool allow_sha1 = true;  // v2 only; v4 and v5 are always SHA-512
};

inline constexpr std::size_t kRedirectUriMax = 256;  // duo-api §4
inline constexpr std::size_t kRedirectUrisMax = 20;  // of one application

// https, or http to this very machine (RFC 8252 §7.3), to a host without user name, without fragment (RFC 6749 §3.1.2),
// in printable ASCII.   malformed: anything else; the text says what a redirect URI is.
Result<void> check_redirect_uri(std::string_view uri);

struct Application {
  TenantId tenant;
  AppId id;             // the integration key
  AppType type = AppType::authapi;
  std::string name;
  bool enabled = true;
  SignatureRule signatures;
  Bytes sealed_secret;  // service class; keys/ opens it
  Instant created{};
  std::int64_t version = 0;
  std::vector<std::string> redirect_uris{};  // where its visits may end; empty: wherever check_redirect_uri lets them
};

}  // namespace countersign
