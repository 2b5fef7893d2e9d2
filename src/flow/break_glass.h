// Break glass (security.md §2.6): a key that is on paper alone, split so that two of three people are needed, lifts the
// budgets of one operator's credential for an hour, or brings back one that was killed. It gives nothing else, it
// cannot be made longer, and nothing silences it: opening, reading and closing are in the operator's tree and in those
// of the tenants that were read, and each of them is told (docs/operating/guards.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/base/secret.h"
#include "core/crypto/shares.h"
#include "core/ledger/event.h"
#include "flow/administer.h"
#include "flow/ports.h"
#include "store/glass.h"

namespace countersign::flow {

inline constexpr std::chrono::minutes kGlassOpen{60};
inline constexpr std::int64_t kGlassTriesAnHour = 5;
// A second seal counts only after this time: whoever has the command line alone cannot make himself one and open.
inline constexpr std::chrono::hours kGlassSealDelay{72};

struct SealedGlass {
  std::vector<crypto::Share> shares;  // for paper; the server keeps none
  Instant from{};                     // when they begin to open
};
// In the ledger before the shares are seen.
Result<SealedGlass> seal_glass(const Administration& by);

struct GlassRequest {
  std::vector<crypto::Share> shares;
  std::string reason;
  std::string case_reference;
};
// For the credential of who asks.   malformed: no reason or case.   conflict: it is open.
// not_found: there is no seal.   refused: not two shares of the one that counts.   exhausted: the sixth try in an hour.
Result<store::GlassOpening> open_glass(const Administration& by, const GlassRequest& request);
// The credential of who asks was killed, and is not any more; what was killed with it stays dead. Budgets bind it: a
// lift is an opening that is over at once, has a number and is reported, and ends one that is open. Tries are counted
// apart from those of open_glass, which somebody who was killed must not use up.
// conflict: it was not killed, whatever the shares.   Else as open_glass.
Result<store::GlassOpening> lift_kill(const Administration& by, const GlassRequest& request);
inline bool is_lift(const store::GlassOpening& opening) { return opening.closes == opening.opened; }
// Before its time.   conflict: it is not open.
Result<store::GlassOpening> shut_glass(const Administration& by);

struct GlassStatus {
  std::optional<Instant> sealed;             // since when the seal counts
  std::optional<Instant> next_seal;          // when another will
  std::optional<store::GlassOpening> open;   // now
  std::int64_t openings = 0;                 // so far
};
Result<GlassStatus> glass_status(const Ports& ports);

// What was read of one tenant, as the ledger has it.
struct GlassReads {
  TenantId tenant;
  std::uint64_t events = 0, rows = 0;
  std::optional<Instant> first = std::nullopt, last = std::nullopt;
};
struct GlassReport {
  store::GlassOpening opening;
  std::vector<GlassReads> tenants;  // in the order of their ids
};
// not_found: it was not opened so often.
Result<GlassReport> glass_report(const Ports& ports, std::int64_t number);

// Closes what is over, tells the tenants that were read, and reports to them what; all of it once, also after a crash.
// Called every second by server/. Waits for commits.
Result<void> tend_glass(const Ports& ports);

// Inside the transaction that records a reading: the opening that lifts this actor's budgets now; nullopt: none.
Result<std::optional<store::GlassOpening>> glass_over(const Ports& ports, store::Txn& txn, const ledger::Actor& actor);
// Says so in the reading's event and in the operator's tree, and the first time in the tenant's.
Result<void> read_through_glass(const Ports& ports, store::Txn& txn, const store::GlassOpening& opening,
                                ledger::Event& reading);

}  // namespace countersign::flow
