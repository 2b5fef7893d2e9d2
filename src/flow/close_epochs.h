// Closing epochs: when its day is over, an epoch's rows are counted and hashed into a trailer, which goes into the
// tenant's ledger. From then on no row can be taken away or added unnoticed. Called every minute by server/.
#pragma once

#include <chrono>

#include "flow/ports.h"

namespace countersign::flow {

// Other nodes' clocks may be late by so much.
inline constexpr std::chrono::hours kEpochGrace{2};
inline constexpr int kEpochsARound = 200;

// Returns how many were closed. Waits for commits.
Result<int> close_epochs(const Ports& ports);

}  // namespace countersign::flow
