// The sender's side of the outbox: take what is due, say what became of it.
#pragma once

#include <vector>

#include "flow/subscribe.h"

namespace countersign::flow {

// Looks that are due now and belong to the caller until the lease ends; those that have run out are deleted instead.
// Blocks until the commit. Of two nodes only one gets a look.
Result<std::vector<store::OutboxRow>> claim_looks(const Ports& ports, int limit, seconds lease);

enum class LookEnd {
  sent,
  gone,      // the subscription is no more
  hopeless,  // trying again would change nothing
  later,
};
struct Settled {
  LookEnd end = LookEnd::hopeless;
  seconds not_before{0};       // of `later`: what the push service asked for
};

// How long to wait after that many tries.
seconds back_off(std::int64_t tries);

// Writes down what became of a claimed look. A look that cannot be sent before it expires is given up; one that was
// queued meanwhile stays. `to` is where it was sent; nullptr: it was not.
void settle_look(const Ports& ports, const store::OutboxRow& look, const store::StoredSubscription* to, Settled settled,
                 Done<void> done);

}  // namespace countersign::flow
