// CBOR (RFC 8949) as authenticators write it: the CTAP2 canonical form, read with limits.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::codec {

inline constexpr std::size_t kCborBytesMax = 64 * 1024;
inline constexpr int kCborDepthMax = 8;
inline constexpr std::size_t kCborItemsMax = 1024;  // in all

class Cbor;
using CborArray = std::vector<Cbor>;
using CborMap = std::vector<std::pair<Cbor, Cbor>>;  // in the order of the text, no key twice

// One data item. Integers beyond std::int64_t, floats, tags, undefined and indefinite lengths are not read.
class Cbor {
  std::variant<std::nullptr_t, bool, std::int64_t, Bytes, std::string, CborArray, CborMap> value_;

 public:
  Cbor() : value_(nullptr) {}
  template <std::same_as<bool> B>  // and nothing that turns into bool, as "text" would
  explicit Cbor(B b) : value_(b) {}
  explicit Cbor(std::int64_t n) : value_(n) {}
  explicit Cbor(Bytes bytes) : value_(std::move(bytes)) {}
  explicit Cbor(std::string text) : value_(std::move(text)) {}
  explicit Cbor(CborArray items) : value_(std::move(items)) {}
  explicit Cbor(CborMap entries) : value_(std::move(entries)) {}

  // nullptr: of another type.
  template <class T>
  const T* as() const { return std::get_if<T>(&value_); }
  // The value under a key of a map; nullptr: no map, or no such key.
  const Cbor* at(std::string_view key) const;
  const Cbor* at(std::int64_t key) const;
  // Sorted by encoded key (CTAP2 §8), shortest lengths.
  Bytes encode() const;
  bool operator==(const Cbor&) const = default;
};

// Reads one item that fills `bytes`.
// malformed: over a limit, truncated, something left over, a key twice, invalid UTF-8, or what Cbor does not hold.
Result<Cbor> read_cbor(ByteView bytes);

// Reads one item at the beginning of `bytes` and says how long it was (authenticator data: key, then extensions).
struct CborPrefix {
  Cbor item;
  std::size_t size = 0;
};
Result<CborPrefix> read_cbor_prefix(ByteView bytes);

}  // namespace countersign::codec
