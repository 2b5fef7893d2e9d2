// How a visit ends, sealed and ready to be written in the transaction that proves (or ends) the factor.
#pragma once

#include <optional>

#include "flow/browser.h"
#include "flow/ports.h"
#include "store/push.h"
#include "store/visits.h"

namespace countersign::flow {

struct VisitEnding {
  store::StoredVisit row;
  std::optional<Recognition> recognition;     // of a success
  std::optional<store::StoredNotice> notice;  // of a success without the passkey that its user has
};

// conflict: the visit or the browser changed since they were read. Wake kOutboxKey after the commit, where there is a
// notice.
Result<void> write_visit_ending(const Ports& ports, store::Txn& txn, const VisitEnding& ending);

}  // namespace countersign::flow
