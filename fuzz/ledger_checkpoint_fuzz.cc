// links: core_ledger
// A checkpoint that is read is printed as it was; a policy that is read is printed so that it is read the same.
#include <cstdlib>

#include "core/ledger/checkpoint.h"
#include "core/ledger/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text = text_of({bytes, size});
  if (const auto checkpoint = ledger::parse_checkpoint(text)) {
    if (*ledger::print(*checkpoint) != text) std::abort();
  }
  if (const auto policy = ledger::parse_policy(text)) {
    const std::string plain = ledger::print(*policy);
    const auto again = ledger::parse_policy(plain);
    // Thresholds come out as numbers, so a text at the limit may grow past it.
    if (!again && plain.size() <= ledger::kPolicyMax) std::abort();
    if (again && ledger::print(*again) != plain) std::abort();
    const bool nobody = policy->quorum_met(std::vector<bool>(policy->witnesses.size()));
    const bool everybody = policy->quorum_met(std::vector<bool>(policy->witnesses.size(), true));
    if (nobody == policy->quorum.has_value() || !everybody) std::abort();
  }
  return 0;
}
