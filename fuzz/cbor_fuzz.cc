// links: core_codec
// What is read is written in the canonical form, which is as long, is read again, and is then its own canonical form.
// What is read as a whole is what is read as a prefix.
#include <cstdlib>

#include "core/codec/cbor.h"

using namespace countersign;

namespace {

std::size_t count(const codec::Cbor& item) {
  std::size_t n = 1;
  if (const auto* items = item.as<codec::CborArray>()) {
    for (const codec::Cbor& each : *items) n += count(each);
  }
  if (const auto* entries = item.as<codec::CborMap>()) {
    for (const auto& [key, value] : *entries) n += count(key) + count(value);
  }
  return n;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const auto prefix = codec::read_cbor_prefix(input);
  const auto whole = codec::read_cbor(input);
  if (whole.has_value() != (prefix && prefix->size == size)) std::abort();
  if (!prefix) return 0;
  if (prefix->size == 0 || prefix->size > size || count(prefix->item) > codec::kCborItemsMax) std::abort();
  const Bytes canonical = prefix->item.encode();
  if (canonical.size() != prefix->size) std::abort();
  const auto again = codec::read_cbor(canonical);
  if (!again || again->encode() != canonical) std::abort();
  if (!(codec::read_cbor_prefix(input.first(prefix->size))->item == prefix->item)) std::abort();
  return 0;
}
