// links: core_ledger
// A proof that is read is printed as it was, and proves nothing to a policy that knows other keys.
#include <cstdlib>

#include "core/ledger/proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text = text_of({bytes, size});
  static const auto policy =
      *ledger::parse_policy("log log+07108162+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop\nquorum none\n");
  if (const auto proof = ledger::parse_proof(text)) {
    if (ledger::print(*proof) != text) std::abort();
    if (ledger::verify_proof(*proof, {}, policy)) std::abort();
  }
  if (const auto proof = ledger::parse_event_proof(text)) {
    if (ledger::print(*proof) != text) std::abort();
    if (ledger::verify_event_proof(*proof, policy)) std::abort();
  }
  return 0;
}
