// What every factor is: one static Kind per factor; registry.cc lists them. A factor's state is a small versioned value
// that only its own file reads; it is opened and sealed by keys/, never here.
#pragma once

#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"

namespace countersign::factor {

enum class Strength { knowledge, possession, phishing_resistant };

// A success, with the state to store before anyone hears of it.
struct Verified {
  Bytes next_state;
};

// Checks a typed code against the opened state.   refused: no match, used before, used up or expired.
// malformed: not of the form this factor's codes have (then no other enrolment's turn is spoiled).
using VerifyPasscode = Result<Verified> (*)(ByteView state, const Secret& passcode, Instant now);

struct Kind {
  std::string_view name;       // stored in enrolments.kind; never renamed
  std::string_view amr;        // RFC 8176
  std::string_view policy;     // the method's name in policy lists; policy::method knows what a phone changes about it
  Strength strength;
  VerifyPasscode verify;       // nullptr: takes no typed code
};

// All factors, in the order in which a typed code is tried.
std::span<const Kind* const> kinds();

// nullptr: no such kind.
const Kind* kind(std::string_view name);

}  // namespace countersign::factor
