// links: core_history
// An intent that is taken is written again as it was; whoever signs is told of nothing but the three texts.
#include <cstdlib>

#include "core/history/export_intent.h"
#include "core/history/signer_key.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = text_of(ByteView(bytes, size));
  const auto intent = history::decode_export_intent(input);
  if (intent && history::encode(*intent) != input) std::abort();
  const auto words = history::words_of_signed(input);
  if (intent && !words) std::abort();
  if (words && !input.starts_with("{\"countersign\":\"export")) std::abort();
  if (const auto key = history::signer_public_key(input); key && key->point().size() != crypto::kP256PointSize) {
    std::abort();
  }
  return 0;
}
