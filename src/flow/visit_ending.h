// How a visit ends, sealed and ready to be written in the transaction that proves (or ends) the factor.
#pragma once

#include <optional>

#include "flow/browser.h"
#include "flow/ports.h"
#include "store/visits.h"

namespace countersign::flow {

struct VisitEnding {
  store::StoredVisit row;
  std::optional<Recognition> recognition;  // of a success
};

// conflict: the visit or the browser changed since they were read.
Result<void> write_visit_ending(const Ports& ports, store::Txn& txn, const VisitEnding& ending);

}  // namespace countersign::flow
