// links: core_codec
// What parse_form accepts is clean text within its limits, and comes out of write_form as it went in.
#include <cstdlib>

#include "core/codec/form.h"
#include "core/codec/utf8.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto form = codec::parse_form(text);
  if (!form) return 0;
  if (form->size() > codec::kFormPairsMax) std::abort();
  for (const auto& [name, value] : *form) {
    if (!codec::valid_text(name) || !codec::valid_text(value)) std::abort();
  }
  const std::string written = codec::write_form(*form);
  if (written.size() > codec::kFormBytesMax) return 0;
  const auto again = codec::parse_form(written);
  if (!again || *again != *form) std::abort();
  return 0;
}
