// What a request to the prompt asks, read strictly before anything else looks at it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/id.h"
#include "core/base/result.h"
#include "web/form.h"

namespace countersign::prompt {

inline constexpr std::size_t kBodyMax = web::kFormMax;
inline constexpr std::size_t kPasscodeMax = 32;
inline constexpr std::size_t kUserAgentMax = 512;

// "/prompt/DV…/passcode": the visit and what is asked of it ("" for the page itself).
struct Target {
  VisitId visit;
  std::string action;
};
// not_found: not of this form.
Result<Target> parse_target(std::string_view path);

using web::Fields;
using web::same_origin;

// A passcode as typed: blanks and hyphens between its digits do not matter.
std::string plain_passcode(std::string_view typed);

// The proof of a browser's key, as its page posts it.
struct BrowserProof {
  Bytes public_key, signature;
  std::string shown;  // the fingerprint of what the page shows
};
// malformed: not such an object.   exhausted: over the limit.
Result<BrowserProof> read_browser_proof(std::string_view body);

}  // namespace countersign::prompt
