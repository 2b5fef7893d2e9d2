// A session of the device portal: when it began, how its user proved himself last, and what is in progress in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"
#include "core/factor/factor.h"
#include "core/signin/visit.h"

namespace countersign::signin {

inline constexpr seconds kPortalLifetime{1800};
inline constexpr seconds kPortalIdle{600};
inline constexpr seconds kProofFresh{600};    // a change of factors wants a proof no older
inline constexpr seconds kClockSkew{60};      // between nodes; what lies further ahead was not written by this clock
inline constexpr seconds kDoorLifetime{300};  // a challenge that the sign-in page shows

// What the passkey ceremony in progress is for.
enum class Ceremony { none, prove, create };

struct PortalSession {
  Instant created{};
  Instant proved{};
  factor::Strength proof = factor::Strength::knowledge;
  Ceremony ceremony = Ceremony::none;
  Bytes challenge;                 // of that ceremony; counts once
  std::string next;                // where a proof leads: "" to the list, else what was asked for
  std::string once;                // stands in every form; another one after each change
  std::optional<Binding> binding;  // the authenticator that is being set up
};

// The end of a session that is used now.
Instant session_end(const PortalSession& session, Instant now);
// Whether it may be used: not begun in the future, not older than its lifetime. The row's own time is the idle one.
bool session_holds(const PortalSession& session, Instant now);
// Whether the last proof is at least so strong and young enough for a change of factors.
bool freshly_proved(const PortalSession& session, factor::Strength wanted, Instant now);

// A small versioned text; reads back what it writes.
Secret encode(const PortalSession& session);
// malformed: not what encode wrote.
Result<void> decode(const Secret& text, PortalSession& into);

}  // namespace countersign::signin
