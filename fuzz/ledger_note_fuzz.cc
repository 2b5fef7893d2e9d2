// links: core_ledger
// A note that is read is printed as it was, and is signed by nobody until a key says so; keys as text likewise.
#include <cstdlib>

#include "core/ledger/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text = text_of({bytes, size});
  static const auto key = *ledger::VerifierKey::parse("log+07108162+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop");
  if (const auto note = ledger::parse_note(text)) {
    if (ledger::print(*note) != text) std::abort();
    const auto signers = ledger::verify_note(*note, {key});
    if (signers && signers->size() != 1) std::abort();
    if (ledger::verify_note(*note, {})) std::abort();
  }
  if (const auto lines = ledger::parse_signature_lines(text)) {
    std::string again;
    for (const auto& line : *lines) again += ledger::print(line);
    if (again != text) std::abort();
  }
  if (const auto verifier = ledger::VerifierKey::parse(text); verifier && verifier->text() != text) std::abort();
  return 0;
}
