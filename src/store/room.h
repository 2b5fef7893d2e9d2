// How much room the database's disk has, and what goes on without it (docs/operating/faults.md).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/base/result.h"

namespace countersign::store {

enum class Space {
  enough,
  short_of,  // sign-ins go on out of the reserve; whatever needs an event of the ledger is refused
  none,      // the reserve is used up as well: nothing can be written
};

struct Room {
  Space space = Space::enough;
  std::uint64_t reserve_bytes = 0;  // held at this moment
};

// Hears of each change, from a thread of the store: it returns soon.
using OnSpace = std::function<void(Space space)>;

struct Reserving {
  std::uint64_t bytes = 0;  // to be held on the database's disk; SQLite's alone
  OnSpace on_space = [](Space) {};
};

inline Error no_room() {
  return {Errc::unavailable, "the database's disk is full: sign-ins go on, all else waits until there is room"};
}

}  // namespace countersign::store
