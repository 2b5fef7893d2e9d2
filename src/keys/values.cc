#include "keys/values.h"

namespace countersign::keys {

std::optional<Error> get_error(Reader& r) {
  const std::uint64_t code = r.number(1);
  if (r.good() && code == 0) return std::nullopt;
  const std::string_view what = text_of(r.text());
  if (!r.whole() || code > static_cast<std::uint64_t>(Errc::unavailable) + 1) {
    return Error{Errc::unavailable, "the keys' process gave an answer of another form"};
  }
  return Error{static_cast<Errc>(code - 1), std::string(what)};
}

}  // namespace countersign::keys
