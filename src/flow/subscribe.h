// Web Push of an authenticator: where its push service takes messages, and looks that are to be sent there.
#pragma once

#include "core/identity/user.h"
#include "core/webpush/subscription.h"
#include "flow/ports.h"
#include "store/push.h"

namespace countersign::flow {

// What whoever sends looks waits for; woken after the commit of a flow that queued one.
inline constexpr std::string_view kOutboxKey = "outbox";

struct SubscribeRequest {
  Phone phone;                        // as it has proved itself
  webpush::Subscription subscription;
};
// Messages for the phone go there from now on, and nowhere else.
// malformed: no address, or no key.   refused: not a push service that is allowed here.   not_found: the phone is gone.
void subscribe(const Ports& ports, SubscribeRequest request, Done<void> done);
// Well too where there was none.
void unsubscribe(const Ports& ports, const Phone& phone, Done<void> done);

// Why a phone is to look; each takes the place of an older one of its kind.
enum class LookFor {
  sign_in,  // a request waits; worth sending while it does
  notice,   // for a day
};
// For use inside a writing flow: the phone is told to look, where it has subscribed. Wake kOutboxKey after the commit.
Result<void> queue_look(const Ports& ports, store::Txn& txn, const Phone& phone, LookFor why = LookFor::sign_in);

// Where to send to.   not_found: the phone has no subscription (any more).
struct OpenSubscription {
  store::StoredSubscription stored;
  webpush::Subscription subscription;
};
Result<OpenSubscription> open_subscription(const Ports& ports, const TenantId& tenant, const PhoneId& phone);

}  // namespace countersign::flow
