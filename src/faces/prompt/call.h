// What a request to the prompt asks, read strictly before anything else looks at it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/id.h"
#include "core/base/result.h"
#include "net/http.h"

namespace countersign::prompt {

inline constexpr std::size_t kBodyMax = 32 * 1024;  // a registration with its attestation
inline constexpr std::size_t kPasscodeMax = 32;
inline constexpr std::size_t kUserAgentMax = 512;

// "/prompt/DV…/passcode": the visit and what is asked of it ("" for the page itself).
struct Target {
  VisitId visit;
  std::string action;
};
// not_found: not of this form.
Result<Target> parse_target(std::string_view path);

// Whether a form or a script of our own page sent this: by Sec-Fetch-Site where the browser says it, else by Origin. A
// request with neither is refused: every browser sends one of them with a POST.
bool same_origin(const net::HttpRequest& request);

// The fields of a form or a query, each known one at most once.
// malformed: not a form, a wanted field twice.   exhausted: over the limit.
class Fields {
 public:
  static Result<Fields> of_form(const net::HttpRequest& request);
  static Result<Fields> of_query(const net::HttpRequest& request);
  // Empty where it is absent.
  std::string_view get(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

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
