// Between the attempt as core/signin thinks of it and the row that holds it.
#pragma once

#include "core/signin/attempt.h"
#include "flow/ports.h"
#include "store/attempts.h"
#include "store/history.h"

namespace countersign::flow {

// Opens the sealed part.   refused: the row was altered.
Result<signin::Attempt> open_attempt(const Ports& ports, const store::StoredAttempt& row);

// Seals; never inside a write transaction. `version` is the one read (0 for a new attempt).
Result<store::StoredAttempt> seal_attempt(const Ports& ports, const signin::Attempt& attempt, std::int64_t version);

// Stores what was sealed: inserts at version 0, else updates on the version read.
// conflict: somebody was faster, or another attempt of this user is open.
Result<void> put_attempt(const Ports& ports, store::Txn& txn, const store::StoredAttempt& row);

// The text of the one error that says "read again and decide anew"; see run_again.
Error lost();

}  // namespace countersign::flow
