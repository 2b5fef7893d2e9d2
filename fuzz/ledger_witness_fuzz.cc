// links: core_ledger
// A request that is read is printed as it was; a witness cosigns nothing that its log has not signed.
#include <cstdlib>

#include "core/ledger/witness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace countersign;
  const std::string_view text = text_of({bytes, size});
  static const ledger::WitnessedLog log{
      {*ledger::VerifierKey::parse("log+07108162+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")},
      {0, ledger::empty_root()}};
  (void)ledger::conflict_size(text).has_value();
  const auto request = ledger::parse_add_checkpoint(text);
  if (!request) return 0;
  if (ledger::print(*request) != text) std::abort();
  if (std::holds_alternative<ledger::CosignHead>(ledger::judge(*request, &log))) std::abort();
  if (std::holds_alternative<ledger::CosignHead>(ledger::judge(*request, nullptr))) std::abort();
  return 0;
}
