// links: core_factor
// A state is taken whole or not at all, and written again as it was; verifying against any state does not crash.
#include <algorithm>
#include <cstdlib>

#include "core/factor/webauthn.h"

using namespace countersign;
namespace webauthn = countersign::factor::webauthn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const auto credential = webauthn::decode(input);
  if (!credential) {
    if (credential.error().code != Errc::malformed) std::abort();
    return 0;
  }
  const Bytes again = webauthn::encode(*credential);
  if (!std::equal(again.begin(), again.end(), input.begin(), input.end())) std::abort();
  if (credential->id.empty() || credential->id.size() > webauthn::kCredentialIdMax) std::abort();
  const std::string options = webauthn::request_options_json({}, {{credential->id, credential->transports}});
  if (options.empty()) std::abort();
  return 0;
}
