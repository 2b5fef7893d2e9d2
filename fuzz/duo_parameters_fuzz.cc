// links: faces_duo
// The canonical text is canonical: its own canonical text; and every form or JSON body is read or refused.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "faces/duo/canonical.h"
#include "faces/duo/parameters.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of(ByteView(bytes, size));
  const auto canonical = duo::CanonicalParameters::of(text);
  if (canonical) {
    const std::string once = canonical->by_key_then_value();
    const auto again = duo::CanonicalParameters::of(once);
    // Encoded, bytes can take three times the room, and then be too many.
    if (again && again->by_key_then_value() != once) std::abort();
    for (const std::string& other : canonical->other_orders()) {
      if (other.size() != once.size() || other == once) std::abort();
    }
  }
  duo::Parameters parameters;
  const bool read = text.starts_with('{') ? parameters.add_json(text).has_value() : parameters.add_form(text).has_value();
  if (!read) return 0;
  duo::ParameterReader in(parameters);
  if (in.text("user", 16).size() > 16) std::abort();
  static_cast<void>(in.flag("async"));
  const std::int64_t count = in.integer("count", 1, 10, 1);
  if (count < 1 || count > 10) std::abort();
  return 0;
}
