// links: core_policy
// A budget that is read is written back byte for byte, and what comes after it is read again.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/policy/fatigue.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of({bytes, size});
  const Instant now = from_unix_s(1'700'000'000);
  if (const auto user = policy::decode_user_budget(text)) {
    if (policy::encode(*user) != text) std::abort();
    if (!policy::decode_user_budget(policy::encode(policy::after(*user, policy::Asked::denied, now)))) std::abort();
  }
  if (const auto source = policy::decode_source_budget(text)) {
    if (policy::encode(*source) != text) std::abort();
    static_cast<void>(policy::after(*source, "DU1", now));
  }
  static_cast<void>(policy::source_network(text));
  return 0;
}
