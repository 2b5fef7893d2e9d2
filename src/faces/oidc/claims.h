// How the claims of a client's token are read: each by its name, the first thing wrong kept as a sentence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/codec/jwt.h"
#include "faces/oidc/hosts.h"

namespace countersign::oidc {

inline constexpr seconds kLeeway{60};        // duo-api §4.4: clients allow it, and one rounds iat into the future
inline constexpr seconds kLifetimeMax{3600};  // duo-api §4.3: the longest that a client is known to send

struct Length {
  std::size_t least, most;
};

class ClaimReader {
  const codec::Json& claims_;
  std::string cause_;

 public:
  explicit ClaimReader(const codec::Json& claims) : claims_(claims) {}

  // The text, empty when the claim is absent or null.   Wrong: no text, of another length in bytes, or with a character
  // that is not printable ASCII (RFC 6749 appendix A.5).
  std::string text(std::string_view claim, Length length);
  // The same, and wrong when it is absent.
  std::string need(std::string_view claim, Length length);
  // Any text of UTF-8.
  std::string need_unicode(std::string_view claim, Length length);
  // Wrong: there, and not `expected`. Says so without telling what it was.
  void same(std::string_view claim, std::string_view expected);
  // true, false, or one of these as text; off when absent.
  enum class Flag { off, on };
  Flag flag(std::string_view claim);
  // Until when the token may be used: exp and the leeway. Wrong: no exp, too late, too far off; iat or nbf ahead of us.
  Instant good_until(Instant now);
  // The audience "https://NAME" or "https://NAME" + path with a name of ours, as text or as a list of one; nullopt when
  // absent. `path` is optional because some clients leave it away.
  std::optional<std::string> audience(const HostNames& hosts, std::string_view path);

  void fail(std::string cause);
  bool good() const { return cause_.empty(); }
  const std::string& cause() const { return cause_; }

 private:
  std::optional<Instant> time(std::string_view claim);
  void not_ahead(std::string_view claim, Instant now);
};

}  // namespace countersign::oidc
