// links: flow
// What is read is written back byte for byte.
#include "flow/mail_content.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto content = countersign::flow::decode_mail_content(text);
  if (content && countersign::flow::encode(*content).reveal() != text) std::abort();
  return 0;
}
