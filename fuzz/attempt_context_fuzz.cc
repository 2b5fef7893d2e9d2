// links: core_signin
// A context that is read is written back byte for byte (an older one: in a form that reads back to itself); one that is
// not read changes nothing.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/signin/attempt.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  signin::Attempt attempt;
  const std::string before = signin::encode_context(attempt);
  const std::string_view text = text_of({bytes, size});
  const bool read = signin::decode_context(text, attempt).has_value();
  const std::string after = signin::encode_context(attempt);
  if (read && text.starts_with("1;")) {
    signin::Attempt again;
    if (!signin::decode_context(after, again) || signin::encode_context(again) != after) std::abort();
  } else if (after != (read ? text : before)) {
    std::abort();
  }
  return 0;
}
