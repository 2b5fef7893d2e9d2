// links: core_webpush
// A subscription that is read is written, sealed and opened again as the same one, and its endpoint is an address that
// comes out of its own origin and target.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/webpush/endpoint.h"
#include "core/webpush/subscription.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of({bytes, size});
  if (const auto endpoint = webpush::parse_endpoint(text)) {
    const std::string whole = endpoint->origin() + endpoint->target;
    const auto again = webpush::parse_endpoint(std::string_view(whole).substr(0, webpush::kEndpointMax));
    const bool same = again && again->origin() == endpoint->origin();
    if (!same || (whole.size() <= webpush::kEndpointMax && again->target != endpoint->target)) std::abort();
  }
  if (const auto sealed = webpush::decode(text); sealed && webpush::encode(*sealed).reveal() != text) std::abort();
  const auto read = webpush::read_subscription(text);
  if (!read) return 0;
  const std::string written = webpush::write_subscription(*read);
  const auto again = webpush::read_subscription(written);
  if (!again || webpush::write_subscription(*again) != written) std::abort();
  const auto opened = webpush::decode(webpush::encode(*read).reveal());
  if (!opened || webpush::write_subscription(*opened) != written) std::abort();
  return 0;
}
