#include "flow/scope.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <tuple>

#include "core/codec/hex.h"
#include "flow/canaries.h"
#include "flow/lineage.h"
#include "flow/side_by_side.h"
#include "store/epochs.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

constexpr int kPageEntries = 2'000;  // no read transaction lasts long (design §5)
constexpr int kPageRows = 1'000;
constexpr int kPageDispatches = 10'000;
constexpr std::size_t kStretches = 32;  // of the time asked about, each read for itself
constexpr std::size_t kRefsAtOnce = 1'000;
constexpr std::size_t kDescendantsMax = 100'000;
constexpr std::size_t kValueMax = 256;

constexpr std::pair<ScopeBy, std::string_view> kNames[] = {{ScopeBy::credential, "credential"},
                                                           {ScopeBy::session, "session"},
                                                           {ScopeBy::app, "app"},
                                                           {ScopeBy::ip, "ip"},
                                                           {ScopeBy::supplier, "supplier"}};

// What is being added up of one tenant.
struct Sum {
  ExposedTenant out;
  RowsByEpoch returned, viewed;
  std::set<std::int64_t> days;
};

struct Search {
  const Ports& ports;
  const ScopeQuery& query;
  std::mutex mutex{};  // of what is added up below
  std::map<std::string, Sum> tenants{};
  std::map<std::string, RowNumbers> seen{};  // entries, by tree
  std::set<std::string> makers{};            // credentials and sessions behind an address
  std::set<std::string> known{};             // descendants found so far
  Scope out{};
};

bool is_reading(ledger::EventType type) {
  switch (type) {
    case ledger::EventType::read:
    case ledger::EventType::list:
    case ledger::EventType::count:
    case ledger::EventType::export_:
    case ledger::EventType::key_release:
    case ledger::EventType::directory_unwrap:
    case ledger::EventType::viewed: return true;
    case ledger::EventType::config_change:
    case ledger::EventType::factor_reset:
    case ledger::EventType::approve:
    case ledger::EventType::shred:
    case ledger::EventType::kill:
    case ledger::EventType::break_glass:
    case ledger::EventType::canary:
    case ledger::EventType::epoch_closed:
    case ledger::EventType::notice:
    case ledger::EventType::incident: return false;
  }
  std::abort();
}

// The rows and days that an event gave away; what a change left in history was not read.
Result<void> add_event(RowsByEpoch& returned, RowsByEpoch& viewed, std::set<std::int64_t>& days,
                       const ledger::Event& event) {
  if (event.outcome == ledger::Outcome::denied || !is_reading(event.type)) return {};
  days.insert(event.days.begin(), event.days.end());
  TRY(add_rows(returned, event.rows));  // what was viewed had left
  if (event.type == ledger::EventType::viewed) TRY(add_rows(viewed, event.rows));
  return {};
}

Result<void> take(Search& search, const store::LedgerEntry& entry) {
  const ledger::Event event = TRY(ledger::decode_event(entry.entry));
  const std::lock_guard lock(search.mutex);
  RowNumbers& seen = search.seen[entry.tree];
  if (seen.has(entry.seq)) return {};
  seen.add(entry.seq, entry.seq);
  ++search.out.events;
  const bool change = event.type == ledger::EventType::config_change || event.type == ledger::EventType::factor_reset;
  if (change && event.outcome == ledger::Outcome::ok) {
    search.out.changes.push_back({entry.tree, entry.seq, entry.at, event.object});
  }
  if (search.query.by == ScopeBy::ip) {
    if (!event.actor.credential.empty()) search.makers.insert(event.actor.credential);
    if (!event.actor.session.empty()) search.makers.insert(event.actor.session);
  }
  if (event.tenant.empty()) return {};
  Sum& sum = search.tenants[event.tenant.text()];
  sum.out.tenant = event.tenant;
  sum.out.events.add(entry.seq, entry.seq);
  if (event.outcome == ledger::Outcome::denied || !is_reading(event.type)) return {};
  if (!event.rows.empty() || !event.days.empty()) sum.out.reads.add(entry.seq, entry.seq);
  sum.out.first = sum.out.first ? std::min(*sum.out.first, entry.at) : entry.at;
  sum.out.last = sum.out.last ? std::max(*sum.out.last, entry.at) : entry.at;
  return add_event(sum.returned, sum.viewed, sum.days, event);
}

Result<void> take_stretch(Search& search, store::EntryQuery query) {
  query.limit = kPageEntries;
  for (;;) {
    std::vector<store::LedgerEntry> page;
    query.after = TRY(store::read(search.ports.store, [&](store::Txn& txn) {
      page.clear();
      return store::find_entries(txn, query, [&](const store::LedgerEntry& entry) { page.push_back(entry); });
    }));
    for (const store::LedgerEntry& entry : page) TRY(take(search, entry));
    if (!query.after) return {};
  }
}

// Entries of one month stand all over a large ledger: a cold disk has several to look for at once.
Result<void> take_all(Search& search, store::FoundBy by, const std::string& value) {
  const milliseconds whole = search.query.to - search.query.from, stretch = whole / kStretches + milliseconds(1);
  return side_by_side(kStretches, [&](std::size_t i) -> Result<void> {
    const Instant from = search.query.from + stretch * i;
    if (from >= search.query.to) return {};
    const Instant to = std::min(from + stretch, search.query.to);
    return take_stretch(search, {.by = by, .value = value, .from = from, .to = to});
  });
}

Result<void> take_grant(Search& search, const store::Grant& grant) {
  const auto take_by = [&](store::FoundBy by) {
    return take_stretch(search, {.by = by, .value = grant.id, .from = search.query.from, .to = search.query.to});
  };
  // What fetches an export is recorded as its session.
  const bool session = grant.kind == kMadeSession || grant.kind == kMadeExport;
  if (session) return take_by(store::FoundBy::session);
  TRY(take_by(store::FoundBy::credential));
  return grant.kind == kMadeApplication ? take_by(store::FoundBy::actor) : Result<void>();
}

Result<void> take_descendants(Search& search, const std::string& root, Instant since) {
  const auto all =
      TRY(store::read(search.ports.store, [&](store::Txn& txn) { return descendants_of(txn, root, search.query.to); }));
  std::vector<store::Grant> found;
  for (const store::Grant& grant : all) {
    if (grant.made >= since && search.known.insert(grant.id).second) found.push_back(grant);
  }
  TRY(side_by_side(found.size(), [&](std::size_t i) { return take_grant(search, found[i]); }));
  std::ranges::move(found, std::back_inserter(search.out.descendants));
  return {};
}

// Of its rows about people.
Result<RowNumbers> numbers_in(const Ports& ports, const store::StoredEpoch& epoch) {
  const history::CanaryMarks marks = TRY(canary_marks(ports, epoch.tenant, epoch.id));
  RowNumbers out;
  std::int64_t position = 0;
  for (std::int64_t got = kPageRows; got == kPageRows;) {
    got = TRY(store::read(ports.store, [&](store::Txn& txn) {
      return store::history_of_epoch(txn, epoch.tenant, {epoch.day, epoch.id, position, kPageRows},
                                     [&](const store::HistoryRow& row) {
                                       position = row.position;
                                       const auto place = history::place_of(row.sealed);
                                       if (place && !is_canary(marks, row)) out.add(place->number, place->number);
                                     });
    }));
  }
  return out;
}

Result<std::vector<store::StoredEpoch>> released_epochs(const Ports& ports, const TenantId& tenant,
                                                        const std::set<std::int64_t>& days) {
  std::vector<store::StoredEpoch> out;
  if (days.empty()) return out;
  out = TRY(store::read(ports.store,
                        [&](store::Txn& txn) { return store::epochs_of(txn, tenant, *days.begin(), *days.rbegin()); }));
  std::erase_if(out, [&](const store::StoredEpoch& epoch) { return !days.contains(epoch.day); });
  return out;
}

// A closed epoch says itself how many rows it has.
Result<std::uint64_t> count_released(const Ports& ports, const Sum& sum) {
  std::uint64_t out = count_rows(sum.returned);
  for (const store::StoredEpoch& epoch : TRY(released_epochs(ports, sum.out.tenant, sum.days))) {
    const auto known = sum.returned.find(codec::to_hex(epoch.id));
    const std::uint64_t before = known == sum.returned.end() ? 0 : known->second.count();
    std::uint64_t all = epoch.rows ? *epoch.rows - epoch.canaries : TRY(numbers_in(ports, epoch)).count();
    out += std::max(all, before) - before;
  }
  return out;
}

Result<void> add_up(const Ports& ports, Sum& sum) {
  sum.out.returned = count_rows(sum.returned);
  sum.out.viewed = count_rows(sum.viewed);
  sum.out.released = TRY(count_released(ports, sum));
  sum.out.days.assign(sum.days.begin(), sum.days.end());
  return {};
}

// ---- Suppliers ----

std::int64_t hour_of(Instant at) { return std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count(); }

// A message that the supplier could still have given away when the scope was made. Who has its reference had it,
// whether or not it was deleted later.
bool exposed(const store::Dispatch& dispatch, const ScopeQuery& query, Instant made) {
  const bool in_time = dispatch.hour >= hour_of(query.from) && dispatch.hour <= hour_of(query.to - milliseconds(1));
  if (dispatch.supplier != query.value || !in_time) return false;
  if (query.refs.empty()) return !dispatch.reaped || *dispatch.reaped > made;
  return std::ranges::binary_search(query.refs, dispatch.reference);
}

using OnDispatch = std::function<void(const store::Dispatch&)>;

Result<void> each_listed(const Ports& ports, const ScopeQuery& query, Instant made, const OnDispatch& on_dispatch) {
  for (std::span<const std::string> rest = query.refs; !rest.empty();) {
    const auto refs = rest.first(std::min(kRefsAtOnce, rest.size()));
    rest = rest.subspan(refs.size());
    const auto found = TRY(store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<store::Dispatch>> {
      std::vector<store::Dispatch> rows;
      for (const std::string& ref : refs) {
        auto one = TRY(store::dispatch_by_reference(txn, ref));
        if (one) rows.push_back(*std::move(one));
      }
      return rows;
    }));
    for (const store::Dispatch& one : found) {
      if (exposed(one, query, made)) on_dispatch(one);
    }
  }
  return {};
}

Result<void> each_dispatch(const Ports& ports, const ScopeQuery& query, Instant made, const OnDispatch& on_dispatch) {
  if (!query.refs.empty()) return each_listed(ports, query, made, on_dispatch);
  store::DispatchQuery page{.supplier = query.value,
                            .first_hour = hour_of(query.from),
                            .last_hour = hour_of(query.to - milliseconds(1)),
                            .limit = kPageDispatches};
  for (;;) {
    std::vector<store::Dispatch> rows;
    TRY(store::read(ports.store, [&](store::Txn& txn) {
      rows.clear();
      return store::dispatches_through(txn, page, [&](const store::Dispatch& one) { rows.push_back(one); });
    }));
    for (const store::Dispatch& one : rows) {
      if (exposed(one, query, made)) on_dispatch(one);
    }
    if (rows.size() < static_cast<std::size_t>(kPageDispatches)) return {};
    page.after = rows.back();
  }
}

Result<void> take_supplier(Search& search) {
  return each_dispatch(search.ports, search.out.query, search.out.made, [&](const store::Dispatch& dispatch) {
    ExposedTenant& tenant = search.tenants[dispatch.tenant.text()].out;
    tenant.tenant = dispatch.tenant;
    const Instant at = Instant(std::chrono::hours(dispatch.hour));
    tenant.first = tenant.first ? std::min(*tenant.first, at) : at;
    tenant.last = tenant.last ? std::max(*tenant.last, at) : at;
    ++tenant.returned;
    ++tenant.released;
  });
}

// The rows of history that the messages left.
Result<RowsByEpoch> rows_of_messages(const Ports& ports, const Scope& scope, const TenantId& tenant) {
  std::map<std::int64_t, std::set<std::string>> wanted;  // events by day
  store::TenantDispatches page{tenant, "", kPageDispatches};
  for (std::int64_t got = kPageDispatches; got == kPageDispatches;) {
    std::vector<store::Dispatch> rows;
    got = TRY(store::read(ports.store, [&](store::Txn& txn) {
      rows.clear();
      return store::dispatches_of(txn, page, [&](const store::Dispatch& one) { rows.push_back(one); });
    }));
    for (const store::Dispatch& one : rows) {
      if (exposed(one, scope.query, scope.made)) wanted[one.day].insert(one.event.text());
    }
    if (!rows.empty()) page.after = rows.back().reference;
  }
  RowsByEpoch out;
  for (const auto& [day, events] : wanted) {
    for (const store::Stream stream :
         {store::Stream::authentication, store::Stream::activity, store::Stream::telephony}) {
      std::int64_t position = 0;
      for (std::int64_t got = kPageRows; got == kPageRows;) {
        got = TRY(store::read(ports.store, [&](store::Txn& txn) {
          return store::history_page(txn, tenant, stream, day, day, position, kPageRows,
                                     [&](const store::HistoryRow& row) {
                                       position = row.position;
                                       const auto place = history::place_of(row.sealed);
                                       if (!place || !events.contains(row.id.text())) return;
                                       out[codec::to_hex(place->epoch)].add(place->number, place->number);
                                     });
        }));
      }
    }
  }
  return out;
}

Result<void> check(const ScopeQuery& query) {
  if (query.value.empty() || query.value.size() > kValueMax) return Error{Errc::malformed, "whose scope? name it"};
  if (query.from >= query.to) return Error{Errc::malformed, "the time must end after it begins"};
  if (!query.refs.empty() && query.by != ScopeBy::supplier) {
    return Error{Errc::malformed, "references of messages go with a supplier"};
  }
  return {};
}

Result<void> search_by(Search& search) {
  const std::string& value = search.query.value;
  switch (search.query.by) {
    case ScopeBy::credential:
      TRY(take_all(search, store::FoundBy::credential, value));
      return take_descendants(search, value, Instant::min());
    case ScopeBy::session:
      TRY(take_all(search, store::FoundBy::session, value));
      return take_descendants(search, value, Instant::min());
    case ScopeBy::app:
      TRY(take_all(search, store::FoundBy::credential, value));
      TRY(take_all(search, store::FoundBy::actor, value));
      return take_descendants(search, value, Instant::min());
    case ScopeBy::ip: {
      TRY(take_all(search, store::FoundBy::ip, value));
      // Whatever those who came from there made within the time; what they had before is not the address's.
      const std::set<std::string> makers = search.makers;
      for (const std::string& maker : makers) TRY(take_descendants(search, maker, search.query.from));
      return {};
    }
    case ScopeBy::supplier: return take_supplier(search);
  }
  std::abort();
}

}  // namespace

std::string_view name(ScopeBy by) {
  for (const auto& [known, text] : kNames) {
    if (known == by) return text;
  }
  std::abort();
}

std::optional<ScopeBy> scope_by(std::string_view name) {
  for (const auto& [known, text] : kNames) {
    if (text == name) return known;
  }
  return std::nullopt;
}

Result<std::vector<store::Grant>> descendants_of(store::Txn& txn, const std::string& root, Instant to) {
  std::vector<store::Grant> out;
  std::set<std::string> seen = {root};
  std::deque<std::string> ahead = {root};
  while (!ahead.empty()) {
    const std::string parent = std::move(ahead.front());
    ahead.pop_front();
    for (store::Grant& grant : TRY(store::grants_made_by(txn, parent))) {
      if (grant.made >= to || !seen.insert(grant.id).second) continue;
      if (out.size() >= kDescendantsMax) return Error{Errc::exhausted, "over 100,000 credentials descend from it"};
      ahead.push_back(grant.id);
      out.push_back(std::move(grant));
    }
  }
  return out;
}

Result<Scope> find_scope(const Ports& ports, const ScopeQuery& query) {
  TRY(check(query));
  Search search{.ports = ports, .query = query};
  search.out.query = query;
  sort_once(search.out.query.refs);
  search.out.made = ports.clock.now();
  TRY(search_by(search));
  std::ranges::sort(search.out.changes, {}, [](const ScopeChange& one) { return std::tie(one.at, one.tree, one.seq); });
  std::vector<Sum*> sums;
  for (auto& [id, sum] : search.tenants) sums.push_back(&sum);
  if (query.by != ScopeBy::supplier) {
    TRY(side_by_side(sums.size(), [&](std::size_t i) { return add_up(ports, *sums[i]); }));
  }
  for (Sum* sum : sums) search.out.tenants.push_back(std::move(sum->out));
  return std::move(search.out);
}

Result<ExposedRows> rows_of(const Ports& ports, const Scope& scope, const ExposedTenant& tenant) {
  ExposedRows out;
  if (scope.query.by == ScopeBy::supplier) {
    out.returned = TRY(rows_of_messages(ports, scope, tenant.tenant));
    out.released = out.returned;
    return out;
  }
  std::set<std::int64_t> days;
  for (const auto& [first, last] : tenant.reads.runs()) {
    for (std::uint64_t next = first; next <= last; next += kPageEntries) {
      const int limit = static_cast<int>(std::min<std::uint64_t>(last - next + 1, kPageEntries));
      std::vector<std::string> texts;
      TRY(store::read(ports.store, [&](store::Txn& txn) {
        texts.clear();
        return store::ledger_entries(txn, tenant.tenant.text(), next, limit,
                                     [&](const store::LedgerEntry& entry) { texts.push_back(entry.entry); });
      }));
      for (const std::string& text : texts) {
        const ledger::Event event = TRY(ledger::decode_event(text));
        TRY(add_event(out.returned, out.viewed, days, event));
      }
    }
  }
  out.released = out.returned;
  for (const store::StoredEpoch& epoch : TRY(released_epochs(ports, tenant.tenant, days))) {
    out.released[codec::to_hex(epoch.id)].add(TRY(numbers_in(ports, epoch)));
  }
  return out;
}

}  // namespace countersign::flow
