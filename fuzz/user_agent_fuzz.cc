// links: core_codec
// Whatever a browser says, names come from our own lists and versions are digits and dots.
#include <cstdint>
#include <cstdlib>

#include "core/codec/user_agent.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read = codec::read_user_agent(std::string_view(reinterpret_cast<const char*>(bytes), size));
  for (const std::string* version : {&read.browser_version, &read.os_version}) {
    if (version->size() > 32) std::abort();
    if (version->find_first_not_of("0123456789.") != std::string::npos) std::abort();
  }
  return 0;
}
