#include "flow/guards.h"

#include <algorithm>

#include "flow/break_glass.h"

namespace countersign::flow {
namespace {

constexpr int kAncestorsMax = 16;
constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kMonth{24 * 31};

const Allowance& allowance_of(const Ports& ports, std::string_view kind) {
  const auto& all = ports.settings.allowances;
  const auto known = std::find_if(all.begin(), all.end(), [&](const Allowance& one) { return one.kind == kind; });
  static const Allowance kStrictest = {.kind = "", .rows_a_day = 0, .rows_a_month = 0};
  return known == all.end() ? kStrictest : *known;
}

struct Purse {
  const Ports& ports;
  store::Txn& txn;
  std::string principal;
};

// Takes up to `wanted` out of one budget; returns how many it had.
Result<std::uint64_t> take(const Purse& purse, std::string_view budget, milliseconds window, std::int64_t limit,
                           std::uint64_t wanted) {
  const Instant now = purse.ports.clock.now();
  const std::optional<store::Spent> before = TRY(store::spent_by(purse.txn, purse.principal, budget));
  store::Spent after{purse.principal, std::string(budget), now, 0};
  // A window of the future is that of a clock that was ahead: it counts on, so that a clock set back opens nothing.
  if (before && now < before->since + window) after = *before;
  const std::int64_t left = std::max<std::int64_t>(limit - after.used, 0);
  const std::uint64_t taken = std::min<std::uint64_t>(wanted, static_cast<std::uint64_t>(left));
  if (taken == 0) return taken;
  after.used += static_cast<std::int64_t>(taken);
  TRY(store::put_spent(purse.txn, after, before));
  return taken;
}

struct TenantLimit {
  std::optional<std::int64_t> most;
  milliseconds window;
  std::string_view refusal;
};

}  // namespace

Result<std::string> charged_to(store::Txn& txn, const ledger::Actor& actor) {
  std::string id = actor.credential.empty() ? actor.id : actor.credential;
  for (int i = 0; i < kAncestorsMax; ++i) {
    const auto grant = TRY(store::grant_of(txn, id));
    const std::string& parent = grant ? grant->parent : (i == 0 ? actor.parent : std::string());
    if (parent.empty()) break;
    id = parent;
  }
  return actor.kind + ":" + id;
}

Result<Grasp> take_rows(const Ports& ports, store::Txn& txn, ledger::Event& event, std::uint64_t wanted) {
  if (const auto glass = TRY(glass_over(ports, txn, event.actor))) {
    TRY(read_through_glass(ports, txn, *glass, event));
    return Grasp{wanted, {}};
  }
  const Allowance& allowance = allowance_of(ports, event.actor.kind);
  const Purse purse{ports, txn, TRY(charged_to(txn, event.actor))};
  const Instant now = ports.clock.now();
  for (const TenantLimit& limit :
       {TenantLimit{allowance.tenants_an_hour, std::chrono::hours(1),
                    "so many tenants in an hour are more than this reader may read; wait, or have the limit raised "
                    "(docs/operating/ledger.md)"},
        TenantLimit{allowance.tenants_a_month, kMonth,
                    "so many tenants in a month are more than this reader may read; have the limit raised "
                    "(docs/operating/ledger.md)"}}) {
    if (!limit.most) continue;
    const store::TenantRead reading{purse.principal, event.tenant, now};
    const std::int64_t tenants = TRY(store::note_tenant_read(txn, reading, now - limit.window));
    if (tenants > *limit.most) return Error{Errc::exhausted, std::string(limit.refusal)};
  }
  std::uint64_t rows = wanted;
  if (allowance.rows_a_day) rows = TRY(take(purse, "rows_day", kDay, *allowance.rows_a_day, rows));
  if (allowance.rows_a_month) rows = TRY(take(purse, "rows_month", kMonth, *allowance.rows_a_month, rows));
  if (rows == wanted) return Grasp{rows, {}};
  return Grasp{rows, "this reader's rows of the day or month are used up; wait, or have the limit raised "
                     "(docs/operating/ledger.md)"};
}

}  // namespace countersign::flow
