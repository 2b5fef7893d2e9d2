// links: faces_oidc
// Line 1 is a Content-Type, the rest a body. What is read is within its limits, and reads the same when written again.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "faces/oidc/multipart.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = text_of(ByteView(bytes, size));
  const std::size_t line = text.find('\n');
  if (line == text.npos) return 0;
  const auto boundary = oidc::multipart_boundary(text.substr(0, line));
  if (!boundary) return 0;
  if (boundary->empty() || boundary->size() > 70) std::abort();
  const auto form = oidc::parse_multipart(text.substr(line + 1), *boundary);
  if (!form) return 0;
  if (form->empty() || form->size() > codec::kFormPairsMax) std::abort();
  std::string written;
  for (const auto& [name, value] : *form) {
    if (name.find('"') != name.npos) return 0;  // a bare token may hold one; quotes cannot
    written += "--" + *boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  }
  written += "--" + *boundary + "--";
  if (written.size() > codec::kFormBytesMax) return 0;
  const auto again = oidc::parse_multipart(written, *boundary);
  if (!again ? again.error().code != Errc::exhausted : *again != *form) std::abort();
  return 0;
}
