#include "flow/recent_sign_ins.h"

#include <algorithm>
#include <limits>

#include "core/record/stored_event.h"
#include "flow/sign_in.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

constexpr int kPageRows = 500;

Result<std::vector<store::HistoryRow>> page_back(const Ports& ports, const TenantId& tenant,
                                                 store::HistoryPlace before) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<store::HistoryRow>> {
    std::vector<store::HistoryRow> rows;
    TRY(store::history_back(txn, tenant, store::Stream::authentication, before, kPageRows,
                            [&](const store::HistoryRow& row) { rows.push_back(row); }));
    return rows;
  });
}

Result<record::AuthEvent> open(const Ports& ports, const store::HistoryRow& row) {
  const std::string open = record::open_part(row.tenant, kAuthenticationStream, row.day, row.id);
  const std::string text = TRY(ports.keys.open_history(row.tenant, open, row.sealed));
  record::AuthEvent event;
  event.id = row.id;
  event.tenant = row.tenant;
  TRY(record::decode(text, event));
  return event;
}

// Takes up what is this user's; says whether to go on.
Result<bool> take(const Ports& ports, const std::vector<store::HistoryRow>& rows, const UserId& user,
                  std::vector<record::AuthEvent>& out) {
  for (const store::HistoryRow& row : rows) {
    record::AuthEvent event = TRY(open(ports, row));
    if (event.user_key != user.text() || event.event_type != "authentication") continue;
    out.push_back(std::move(event));
    if (out.size() == kSignInsShown) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<record::AuthEvent>> recent_sign_ins(const Ports& ports, const TenantId& tenant, const UserId& user) {
  std::vector<record::AuthEvent> out;
  const std::int64_t first = record::day_of(ports.clock.now() - kSignInsLookBack);
  std::int64_t end = std::numeric_limits<std::int32_t>::max();  // a clock may have been ahead
  for (int opened = 0; opened < kRowsOpened;) {
    const auto day = TRY(store::read(ports.store, [&](store::Txn& txn) {
      return store::history_day_before(txn, tenant, store::Stream::authentication, end);
    }));
    if (!day || *day < first) break;
    std::int64_t position = std::numeric_limits<std::int64_t>::max();
    while (opened < kRowsOpened) {
      const auto rows = TRY(page_back(ports, tenant, {*day, position}));
      opened += static_cast<int>(rows.size());
      if (!TRY(take(ports, rows, user, out))) return out;
      if (rows.size() < kPageRows) break;
      position = rows.back().position;
    }
    end = *day;
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.at != b.at ? a.at > b.at : a.id < b.id; });
  return out;
}

}  // namespace countersign::flow
