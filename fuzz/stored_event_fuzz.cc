// links: core_record
// What decodes is written again the same, for both kinds of event; what an older version wrote, with the same meaning.
#include <cstdlib>
#include <string_view>

#include "core/record/stored_event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign::record;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  AuthEvent sign_in;
  if (decode(text, sign_in)) {
    const std::string written = is_canary(text) ? encode_canary(sign_in) : encode(sign_in);
    const bool older = text.starts_with("a1;") || text.starts_with("k1;a1;");
    AuthEvent again;
    if (!older && written != text) std::abort();
    if (!decode(written, again) || to_log_json(again) != to_log_json(sign_in)) std::abort();
  }
  ActivityEvent activity;
  if (decode(text, activity) && encode(activity) != text) std::abort();
  return 0;
}
