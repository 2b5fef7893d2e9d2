// links: core_factor
// Metadata is read without end or crash, as plain statements and as a BLOB; a BLOB that nobody signed is not taken.
#include <cstdlib>

#include "core/factor/webauthn_metadata.h"

using namespace countersign;
namespace webauthn = countersign::factor::webauthn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of(ByteView(bytes, size));
  const auto statements = webauthn::Metadata::read_statements(text);
  if (!statements && statements.error().code == Errc::unavailable) std::abort();
  if (statements) {
    for (const auto& [aaguid, make] : statements->makes()) {
      if (statements->roots(aaguid).size() != make.roots.size()) std::abort();
    }
  }
  if (webauthn::Metadata::read_blob(text, {}, from_unix_s(1'760'000'000))) std::abort();
  return 0;
}
