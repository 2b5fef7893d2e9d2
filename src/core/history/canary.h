// Canaries: rows about people who do not exist, sealed like any other (security.md §2.6). Their marks follow from a key
// of the epoch that the service can derive again: it knows a canary by its number and open id, also where the row
// itself is sealed to others. Nothing names them, and without that key nothing tells them from their neighbours
// (docs/operating/guards.md).
#pragma once

#include <cstdint>

#include "core/base/id.h"
#include "core/crypto/mac.h"

namespace countersign::history {

inline constexpr std::uint64_t kCanaryEvery = 2'000;  // rows; security.md §2.6

// The marks of one epoch. Using one from several threads at once is fine.
class CanaryMarks {
  crypto::MacKey key_;

 public:
  // `key` of any length, known to the service alone.
  explicit CanaryMarks(ByteView key) : key_(crypto::HashKind::sha256, key) {}

  // From which number on the canary of this block of kCanaryEvery rows is due: one of the first `window` numbers of the
  // block, 1 to kCanaryEvery.
  std::uint64_t due(std::uint64_t block, std::uint64_t window) const;
  // The id of the canary that bears this number; of the form of any other event's.
  EventId id(std::uint64_t number) const;
};

}  // namespace countersign::history
