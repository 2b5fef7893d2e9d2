// links: faces_device
// What is accepted reads back as itself once written, and never grew past the limit.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "faces/device/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const Result<device::Authorization> read = device::parse_authorization(text);
  if (!read) return 0;
  if (size > device::kAuthorizationMax || read->signature.size() != device::kSignatureSize) std::abort();
  static_cast<void>(read->at());
  const Result<device::Authorization> again = device::parse_authorization(device::write_authorization(*read));
  if (!again || again->device != read->device || again->ts != read->ts || again->signature != read->signature) {
    std::abort();
  }
  return 0;
}
