// What our own pages send back, read strictly before anything else looks at it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::web {

inline constexpr std::size_t kFormMax = 32 * 1024;  // a registration with its attestation

// Whether a form or a script of our own page sent this: by Sec-Fetch-Site where the browser says it, else by Origin. A
// request with neither is refused: every browser sends one of them with a POST.
bool same_origin(const net::HttpRequest& request);

// The fields of a form or a query, each at most once.
// malformed: not a form, a field twice.   exhausted: over the limit.
class Fields {
 public:
  static Result<Fields> of_form(const net::HttpRequest& request);
  static Result<Fields> of_query(const net::HttpRequest& request);
  // Empty where it is absent.
  std::string_view get(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace countersign::web
