// links: core_codec
// Every date that is accepted lies about in 1970 to 9999 and, written in the fixed form, is read as the same second.
#include <cstdlib>

#include "core/codec/http_date.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read = codec::parse_http_date(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!read) return 0;
  if (size > codec::kDateTextMax) std::abort();
  constexpr std::int64_t kDay = 86'400, kEnd = 253'402'300'800;  // the year 10000
  if (unix_s(*read) < -kDay || unix_s(*read) >= kEnd + kDay) std::abort();
  if (unix_s(*read) < 0 || unix_s(*read) >= kEnd) return 0;  // the zone carried it over the edge
  const auto again = codec::parse_http_date(codec::http_date(*read));
  if (!again || *again != *read) std::abort();
  if (codec::iso_date(*read).size() != 32) std::abort();
  return 0;
}
