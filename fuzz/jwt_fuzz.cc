// links: core_codec
// What read_jwt accepts is within its limit, has the algorithm asked for, and is written again byte for byte.
#include <cstdlib>

#include "core/codec/jwt.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const codec::JwtAlgorithm algorithm : {codec::JwtAlgorithm::hs512, codec::JwtAlgorithm::es256}) {
    const auto read = codec::read_jwt(text, algorithm);
    if (!read) continue;
    if (size > codec::kJwtBytesMax || !read->header.is_object() || !read->payload.is_object()) std::abort();
    if (codec::jwt(read->signing_input, read->signature) != text) std::abort();
    if (read->header.count("alg") != 1) std::abort();
    for (const auto& [claim, value] : read->payload.members()) {
      const auto at = codec::numeric_date(read->payload, claim);
      if (at && unix_ms(*at) < 0) std::abort();
    }
  }
  return 0;
}
