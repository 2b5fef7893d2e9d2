// links: core_policy
// A network that is read contains its own base, and its text reads back to the same network.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/policy/policy.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of({bytes, size});
  const auto network = policy::Network::parse(text);
  if (!network) return 0;
  const auto again = policy::Network::parse(network->text());
  if (!again || *again != *network || !network->contains(*again)) std::abort();
  if (text.find('/') == text.npos && !network->contains(text)) std::abort();
  return 0;
}
