#include "flow/retention.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>

#include "core/history/epoch.h"
#include "core/record/auth_event.h"
#include "flow/checkpoints.h"
#include "flow/history_book.h"
#include "flow/key_exchange.h"
#include "flow/ledger.h"
#include "store/epochs.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

using std::chrono::sys_days;

constexpr std::chrono::hours kKnownFor{24}, kSilenceMax{31 * 24};
constexpr int kBatch = 2'000;  // rows deleted in one transaction

// The days of "2026-03".   malformed: not a month of four and two digits.
Result<store::DayRange> days_of(std::string_view month) {
  int year = 0;
  unsigned number = 0;
  const bool shaped = month.size() == 7 && month[4] == '-' &&
                      std::from_chars(month.data(), month.data() + 4, year).ptr == month.data() + 4 &&
                      std::from_chars(month.data() + 5, month.data() + 7, number).ptr == month.data() + 7;
  const std::chrono::year_month asked{std::chrono::year(year), std::chrono::month(number)};
  if (!shaped || !asked.ok() || year < 1970) return Error{Errc::malformed, "a month is written as 2026-03"};
  return store::DayRange{sys_days(asked / 1).time_since_epoch().count(),
                         sys_days(asked / std::chrono::last).time_since_epoch().count()};
}

Result<std::string> receipt_of(const Ports& ports, const TenantId& tenant, const std::string& month) {
  const LogName log = TRY(log_name(ports));
  const ledger::VerifierKey key = TRY(log.key.named(log.origin + "/shredded"));
  const std::string text = key.name() + "\n" + tenant.text() + "\n" + month + "\n" +
                           std::to_string(unix_s(ports.clock.now())) + "\n";
  const ledger::Sign sign = [&](ByteView message) { return ports.keys.sign_note(text_of(message)); };
  return ledger::print(ledger::Note{text, {TRY(ledger::sign_note(text, key, sign))}});
}

Result<std::int64_t> delete_rows(const Ports& ports, const TenantId& tenant, store::DayRange days,
                                 const std::function<void(std::int64_t)>& progress) {
  std::int64_t gone = 0;
  for (std::int64_t got = kBatch; got == kBatch;) {
    got = TRY(store::write_and_wait(
        ports.store, [&](store::Txn& txn) { return store::delete_history(txn, tenant, days, kBatch); }));
    gone += got;
    if (progress) progress(gone);
  }
  for (std::int64_t got = kBatch; got == kBatch;) {
    got = TRY(store::write_and_wait(
        ports.store, [&](store::Txn& txn) { return store::delete_epochs(txn, tenant, days, kBatch); }));
  }
  return gone;
}

// Without the months.
Result<Retention> days_kept(const Ports& ports, const TenantId& tenant) {
  const store::Keeping keeping =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::keeping_of(txn, tenant); }));
  return Retention{keeping.retention_days, keeping.retention_days.value_or(ports.settings.retention_days), {}};
}

// The months with rows from before `until`. The rows say it and not the keyring, which would be read whole for each
// tenant; a key without rows opens nothing.
Result<std::set<std::string>> months_before(const Ports& ports, const TenantId& tenant, std::int64_t until) {
  const auto epochs = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return store::epochs_of(txn, tenant, 0, until - 1);
  }));
  std::set<std::string> out;
  for (const store::StoredEpoch& epoch : epochs) out.insert(history::month_of(epoch.day));
  return out;
}

// Whether the clock's time has been known for a day: a clock that jumped years ahead would have everything destroyed.
// The operator's tree says it; where that is silent, as after a jump or a long rest, an entry is made, and it is known
// a day later. Until then whoever watches the log has time to stop the server.
Result<bool> time_is_known(const Administration& by) {
  const Ports& ports = by.ports;
  const Instant now = ports.clock.now(), day_ago = now - kKnownFor;
  const auto last = [&](Instant before) {
    return store::read(ports.store, [&](store::Txn& txn) {
      return store::last_entry_before(txn, ledger::kOperatorTree, before);
    });
  };
  const std::optional<Instant> newest = TRY(last(now + milliseconds(1))), known = TRY(last(day_ago));
  if (known && *known >= day_ago - kSilenceMax) return true;
  if (!newest || *newest < day_ago) {
    ledger::Event event = begin_event(ports, ledger::EventType::shred, TenantId(), ledger_actor(by.actor));
    event.outcome = ledger::Outcome::denied;
    event.object = "clock";
    event.detail = "known for less than a day";
    TRY(record_now(ports, event));
  }
  return false;
}

// Calls `on_due` with each month that is, until it fails.
Result<void> each_due(const Ports& ports,
                      const std::function<Result<void>(const TenantId&, const std::string& month)>& on_due) {
  const std::int64_t today = record::day_of(ports.clock.now());
  for (const Tenant& tenant : TRY(list_tenants(ports))) {
    const int days = TRY(days_kept(ports, tenant.id)).days_that_hold;
    for (const std::string& month : TRY(months_before(ports, tenant.id, today - days))) {
      if (TRY(days_of(month)).last + days < today) TRY(on_due(tenant.id, month));
    }
  }
  return {};
}

}  // namespace

Result<ShredReceipt> shred_month(const Administration& by, const TenantId& tenant, const std::string& month,
                                 const std::function<void(std::int64_t rows)>& progress) {
  const Ports& ports = by.ports;
  const store::DayRange days = TRY(days_of(month));
  if (days.last >= record::day_of(ports.clock.now())) {
    return Error{Errc::malformed, "that month is not over; sign-ins are still sealed under its key"};
  }
  ledger::Event event = begin_event(ports, ledger::EventType::shred, tenant, ledger_actor(by.actor));
  event.object = "month";
  event.detail = month;
  TRY(record_now(ports, event));
  TRY(adopt_keys(ports, tenant, month));
  const Result<void> destroyed = ports.keys.shred_month(tenant, month);
  if (!destroyed && destroyed.error().code != Errc::not_found) return destroyed.error();
  TRY(tell_destroyed(ports, tenant, month));
  ShredReceipt receipt;
  receipt.month = month;
  receipt.note = TRY(receipt_of(ports, tenant, month));
  receipt.rows = TRY(delete_rows(ports, tenant, days, progress));
  // Rows without a key are what a crash left between the two, or a backup brought back.
  if (!destroyed && receipt.rows == 0) return destroyed.error();
  return receipt;
}

Result<void> set_retention(const Administration& by, const Tenant& tenant, std::optional<int> days) {
  if (days && (*days < kRetentionDaysMin || *days > kRetentionDaysMax)) {
    return Error{Errc::malformed, "history is kept for 1 to 3650 days"};
  }
  const Change change{.tenant = tenant.id, .action = "retention_update", .target_type = "customer",
                      .target_key = tenant.id.text(), .target_name = tenant.name,
                      .details = "{\"days\":" + (days ? std::to_string(*days) : "null") + "}"};
  return commit(by, change, [&](store::Txn& txn) -> Result<void> {
    store::Keeping keeping = TRY(store::keeping_of(txn, tenant.id));
    keeping.retention_days = days;
    return store::set_keeping(txn, tenant.id, keeping);
  });
}

Result<Retention> retention_of(const Ports& ports, const TenantId& tenant) {
  Retention out = TRY(days_kept(ports, tenant));
  out.months = TRY(ports.keys.months_of(tenant));
  std::ranges::sort(out.months);
  return out;
}

Result<Due> shred_what_is_due(const Ports& ports) {
  Actor actor;
  actor.name = actor.credential = "retention";
  const Administration by{ports, actor};
  const bool known = TRY(time_is_known(by));
  Due out;
  TRY(each_due(ports, [&](const TenantId& tenant, const std::string& month) -> Result<void> {
    if (!known) {
      ++out.held;
      return {};
    }
    const Result<ShredReceipt> done = shred_month(by, tenant, month);
    if (!done && done.error().code != Errc::not_found) return done.error();
    ++out.shredded;
    return {};
  }));
  return out;
}

}  // namespace countersign::flow
