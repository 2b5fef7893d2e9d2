// Between a visit as core/signin thinks of it and the row that holds it.
#pragma once

#include "core/signin/visit.h"
#include "flow/ports.h"
#include "store/visits.h"

namespace countersign::flow {

// Opens the sealed part.   refused: the row was altered.
Result<signin::Visit> open_visit(const Ports& ports, const store::StoredVisit& row);

// Seals; never inside a write transaction. `version` is the one read (0 for a new visit).
Result<store::StoredVisit> seal_visit(const Ports& ports, const signin::Visit& visit, std::int64_t version);

// Stores what was sealed and tells other nodes' waiters: inserts at version 0, else updates on the version read.
// conflict: somebody was faster.
Result<void> put_visit(const Ports& ports, store::Txn& txn, const store::StoredVisit& row);

// What its browser is sent back with once it is allowed: names the visit, and cannot be made by who knows the name.
Result<std::string> code_of(const Ports& ports, const VisitId& visit);
// The visit a code names.   refused: it was not made here.
Result<VisitId> visit_of_code(const Ports& ports, std::string_view code);

}  // namespace countersign::flow
