// links: core_policy
// A policy that is read is written to a text that reads back to the same policy; merging it never fails.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/policy/policy.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto policy = policy::decode(text_of({bytes, size}));
  if (!policy) return 0;
  const auto again = policy::decode(policy::encode(*policy));
  if (!again || *again != *policy) std::abort();
  static_cast<void>(policy::merge(*policy, {*policy, *policy}, *policy).allows("duo-push"));
  return 0;
}
