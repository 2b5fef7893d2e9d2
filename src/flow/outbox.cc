#include "flow/outbox.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace countersign::flow {
namespace {

constexpr seconds kBackOffMax{30};

// Off the outbox, unless a newer look has taken this one's place: that one is due now.
Result<void> finish(store::Txn& txn, const store::OutboxRow& look, Instant now) {
  if (TRY(store::delete_outbox(txn, look))) return {};
  return store::delay_outbox(txn, look, now);
}

// The time of the next try counts for a newer look as well: it goes to the same push service.
Result<void> postpone(store::Txn& txn, const store::OutboxRow& look, Instant next) {
  if (next >= look.expires && TRY(store::delete_outbox(txn, look))) return {};
  return store::delay_outbox(txn, look, next);
}

// A subscription made meanwhile gets the look instead.
Result<void> drop(store::Txn& txn, const store::OutboxRow& look, const store::StoredSubscription& to, Instant now) {
  if (TRY(store::drop_subscription(txn, to))) return finish(txn, look, now);
  const bool another = TRY(store::has_subscription(txn, look.tenant, look.phone));
  return another ? store::delay_outbox(txn, look, now) : finish(txn, look, now);
}

}  // namespace

Result<std::vector<store::OutboxRow>> claim_looks(const Ports& ports, int limit, seconds lease) {
  const Instant now = ports.clock.now();
  // Mostly nothing is due, and a read costs no commit.
  const std::vector<store::OutboxRow> due =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::due_outbox(txn, now, limit); }));
  if (due.empty()) return due;
  return store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<std::vector<store::OutboxRow>> {
    std::vector<store::OutboxRow> mine;
    for (store::OutboxRow row : due) {
      if (row.expires <= now) {
        TRY(store::delete_outbox(txn, row));
      } else if (TRY(store::lease_outbox(txn, row, now + lease))) {
        mine.push_back(std::move(row));
      }
    }
    return mine;
  });
}

seconds back_off(std::int64_t tries) {
  const std::int64_t doublings = std::clamp<std::int64_t>(tries - 1, 0, 5);
  return std::min(seconds(std::int64_t{1} << doublings), kBackOffMax);
}

void settle_look(const Ports& ports, const store::OutboxRow& look, const store::StoredSubscription* to, Settled settled,
                 Done<void> done) {
  std::optional<store::StoredSubscription> at;
  if (to) at = *to;
  ports.store.write(
      [&ports, look, at = std::move(at), settled](store::Txn& txn) -> Result<void> {
        const Instant now = ports.clock.now();
        switch (settled.end) {
          case LookEnd::sent:
          case LookEnd::hopeless: return finish(txn, look, now);
          case LookEnd::gone: return at ? drop(txn, look, *at, now) : finish(txn, look, now);
          case LookEnd::later: return postpone(txn, look, now + std::max(settled.not_before, back_off(look.tries)));
        }
        std::abort();
      },
      std::move(done));
}

}  // namespace countersign::flow
