// Bytes for questions and answers through the process wall. Numbers are little-endian, texts are length(4) ‖ bytes,
// lists are count(4) ‖ items. Both ends are the same program, so there is no version; but keyd believes nothing: every
// length has a limit and nothing may follow the last value. What values look like: values.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace countersign::keys {

inline constexpr std::size_t kMessageMax = 4 * 1024 * 1024;  // a question or an answer
inline constexpr std::size_t kItemsMax = 200'000;          // of a list
inline constexpr std::size_t kErrorTextMax = 1024;

// Grows in memory that is wiped when it is left behind, because secrets pass through.
class Writer {
  Bytes bytes_;

 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { wipe(); }

  ByteView view() const { return bytes_; }
  void wipe();  // empty again; what it has grown to stays

  void raw(ByteView bytes);
  void number(std::uint64_t value, std::size_t size);
  void text(ByteView bytes);
};

// Past the end, or at the first thing it does not understand, it gives empty values and stays bad; whoever reads asks
// at the end whether it is `whole`. Views point into what is read.
class Reader {
  ByteView rest_;
  bool good_ = true;

 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  ByteView raw(std::size_t size);
  std::uint64_t number(std::size_t size);
  ByteView text();
  std::size_t count();
  void fail() { good_ = false; }
  bool good() const { return good_; }
  bool whole() const { return good_ && rest_.empty(); }
};

}  // namespace countersign::keys
