// links: faces_control
// Property: what is read is written and read again as the same; limits hold; the reader always comes to an end.
#include <cstdlib>

#include "faces/control/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace countersign::control;
  CsvReader reader({reinterpret_cast<const char*>(data), size});
  for (std::size_t n = 0; n <= size + 1; ++n) {
    const auto record = reader.next();
    if (!record) continue;
    if (!*record) return 0;
    const auto& fields = (*record)->fields;
    if (fields.empty() || fields.size() > kCsvFieldsMax) std::abort();
    const std::string text = write_csv(fields);
    CsvReader again(text);
    const auto same = again.next();
    if (same && *same && (*same)->fields != fields) std::abort();
    if (!same && same.error().code != countersign::Errc::exhausted) std::abort();  // quoting may pass the limit
  }
  std::abort();
}
