// links: faces_prompt
// What is read of a browser's proof, a path and a typed passcode stays within its limits.
#include <cstdlib>

#include "faces/prompt/call.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto proof = prompt::read_browser_proof(text)) {
    if (proof->public_key.size() + proof->signature.size() + proof->shown.size() > size) std::abort();
  }
  if (const auto target = prompt::parse_target(text)) {
    if (target->visit.empty() || target->visit.text().size() > kIdLengthMax) std::abort();
  }
  if (prompt::plain_passcode(text).find(' ') != std::string::npos) std::abort();
  return 0;
}
