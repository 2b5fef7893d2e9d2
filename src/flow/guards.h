// Guards on bulk reading (security.md §2.6): budgets for each principal, kept in the store, so that they survive a
// restart and hold on every node together. What a credential made is charged to whoever made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ledger/event.h"
#include "flow/ports.h"
#include "store/ledger.h"

namespace countersign::flow {

// What ports.tell is told where somebody who is on call must look.
inline constexpr std::string_view kAlarm = "alarm";

// Whom an actor's reads are charged to: the topmost ancestor of its credential.
Result<std::string> charged_to(store::Txn& txn, const ledger::Actor& actor);

struct Grasp {
  std::uint64_t rows = 0;   // how many of the wanted rows may be given out
  std::string refusal{};    // why no more; empty: all
};

// Takes up to `wanted` rows of `tenant` out of the budgets of the actor, inside the transaction that records the read;
// while break glass lifts them, the event says so instead (flow/break_glass.h).
// exhausted: one more tenant is too many; the transaction must be given up.   conflict: the budget was used at the same
// time.
Result<Grasp> take_rows(const Ports& ports, store::Txn& txn, ledger::Event& event, std::uint64_t wanted);

}  // namespace countersign::flow
