#include "flow/scope_people.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/codec/hex.h"
#include "flow/ledger.h"
#include "flow/opened_rows.h"
#include "flow/run_again.h"
#include "store/epochs.h"

namespace countersign::flow {
namespace {

constexpr int kPageRows = 1'000;
constexpr int kEpochsAtOnce = 64;  // named by one event
constexpr std::int64_t kDayMax = 2'932'896;  // docs/protocols/history.md

struct Adding {
  std::map<std::string, ExposedPerson> people;
  std::set<std::string> numbers;  // phones, by id
};

void add(Adding& to, const record::AuthEvent& event) {
  const std::string& key = event.user_key.empty() ? event.user_name : event.user_key;
  if (!key.empty()) {
    ExposedPerson& person = to.people[key];
    person.key = key;
    if (!event.user_name.empty()) person.name = event.user_name;
    if (!event.email.empty()) person.email = event.email;
    ++person.rows;
  }
  if (event.auth_device.key.starts_with(PhoneTag::kPrefix)) to.numbers.insert(event.auth_device.key);
}

void add(Adding& to, const record::ActivityEvent& event) {
  if (event.target_type != "user" || event.target_key.empty()) return;
  ExposedPerson& person = to.people[event.target_key];
  person.key = event.target_key;
  if (!event.target_name.empty()) person.name = event.target_name;
  ++person.rows;
}

// One page, stream by stream: each is a reading of its own.
Result<void> open_page(const Administration& by, const Reader& reader, Opener& opener,
                       const std::vector<store::HistoryRow>& page, Adding& to) {
  std::map<store::Stream, std::vector<OpenedRow>> opened;
  for (const store::HistoryRow& row : page) {
    OpenedRow one = TRY(opener.open(row));
    if (!one.canary) opened[row.stream].push_back(std::move(one));
  }
  std::vector<std::int64_t> released = opener.take_released();
  for (const auto& [stream, rows] : opened) {
    const HistoryQuery query{.tenant = page.front().tenant, .stream = stream};
    Recorded recorded;
    TRY(write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
      recorded = TRY(record_reading(by.ports, txn, {reader, query, rows, released}));
      return {};
    }));
    released.clear();
    if (!recorded.refusal.empty()) return Error{recorded.why, recorded.refusal};
    for (const OpenedRow& row : rows) std::visit([&](const auto& event) { add(to, event); }, row.event);
  }
  return {};
}

// What was tried in vain is in the ledger too, with the days whose keys went out for it.
Result<void> note_refusal(const Ports& ports, const Reader& reader,
                          const std::pair<TenantId, std::vector<std::int64_t>>& of, const Error& why) {
  ledger::Event event = begin_event(ports, ledger::EventType::read, of.first, reader.actor);
  event.outcome = why.code == Errc::exhausted ? ledger::Outcome::capped : ledger::Outcome::denied;
  event.purpose = reader.purpose;
  event.case_reference = reader.case_reference;
  event.object = "history";
  event.days = of.second;
  event.detail = why.what;
  return record_now(ports, event);
}

}  // namespace

Result<void> each_row(
    const Ports& ports, const TenantId& tenant, const RowsByEpoch& rows,
    const std::function<Result<void>(const store::StoredEpoch&, const std::vector<store::HistoryRow>&)>& on_page) {
  if (rows.empty()) return {};
  const auto epochs =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::epochs_of(txn, tenant, 0, kDayMax); }));
  for (const store::StoredEpoch& epoch : epochs) {
    const auto wanted = rows.find(codec::to_hex(epoch.id));
    if (wanted == rows.end()) continue;
    std::int64_t position = 0;
    bool first = true;
    for (std::int64_t got = kPageRows; got == kPageRows;) {
      std::vector<store::HistoryRow> page;
      got = TRY(store::read(ports.store, [&](store::Txn& txn) {
        page.clear();
        return store::history_of_epoch(txn, tenant, {epoch.day, epoch.id, position, kPageRows},
                                       [&](const store::HistoryRow& row) {
                                         const auto place = history::place_of(row.sealed);
                                         if (place && wanted->second.has(place->number)) page.push_back(row);
                                         position = row.position;
                                       });
      }));
      if (first || !page.empty()) TRY(on_page(epoch, page));
      first = false;
    }
  }
  return {};
}

Result<ExposedPeople> people_of(const Administration& by, const Scope& scope, const ExposedTenant& tenant) {
  const store::Keeping keeping =
      TRY(store::read(by.ports.store, [&](store::Txn& txn) { return store::keeping_of(txn, tenant.tenant); }));
  if (keeping.custody != store::Custody::service) {
    return Error{Errc::refused, "the tenant keeps its own keys: it alone can say who is in these rows"};
  }
  const Reader reader{.actor = ledger_actor(by.actor), .purpose = "incident", .case_reference = scope.id};
  const ExposedRows rows = TRY(rows_of(by.ports, scope, tenant));
  Adding sum;
  Opener opener(by.ports, reader, tenant.tenant);
  // Epochs of few rows go together: each reading waits for its commit.
  std::vector<store::HistoryRow> waiting;
  int epochs = 0;
  const auto open_waiting = [&]() -> Result<void> {
    epochs = 0;
    const std::vector<store::HistoryRow> page = std::exchange(waiting, {});
    return page.empty() ? Result<void>() : open_page(by, reader, opener, page, sum);
  };
  Result<void> done =
      each_row(by.ports, tenant.tenant, rows.returned,
               [&](const store::StoredEpoch&, const std::vector<store::HistoryRow>& page) -> Result<void> {
                 if (epochs == kEpochsAtOnce || std::ssize(waiting) + std::ssize(page) > kPageRows) TRY(open_waiting());
                 waiting.insert(waiting.end(), page.begin(), page.end());
                 ++epochs;
                 return {};
               });
  if (done) done = open_waiting();
  if (!done && done.error().code != Errc::unavailable) {
    TRY(note_refusal(by.ports, reader, {tenant.tenant, opener.take_released()}, done.error()));
  }
  TRY(done);
  ExposedPeople out;
  for (auto& [key, person] : sum.people) out.people.push_back(std::move(person));
  out.numbers = sum.numbers.size();
  return out;
}

Result<Distinct> distinct_of(const Administration& by, const Scope& scope, const ExposedTenant& tenant) {
  const Result<ExposedPeople> opened = people_of(by, scope, tenant);
  if (opened) return Distinct{opened->people.size(), opened->numbers, Distinct::By::opened};
  if (opened.error().code == Errc::unavailable) return opened.error();
  // Tags of two epochs have nothing to do with each other: the epoch with the most says how many there are at least.
  Distinct out;
  std::set<int> users, numbers;
  const ExposedRows rows = TRY(rows_of(by.ports, scope, tenant));
  history::EpochId current{};
  TRY(each_row(by.ports, tenant.tenant, rows.returned,
               [&](const store::StoredEpoch& epoch, const std::vector<store::HistoryRow>& page) -> Result<void> {
                 if (epoch.id != current) users.clear(), numbers.clear();
                 current = epoch.id;
                 for (const store::HistoryRow& row : page) {
                   if (row.user_tag) users.insert(*row.user_tag);
                   if (row.number_tag) numbers.insert(*row.number_tag);
                 }
                 out.users = std::max<std::uint64_t>(out.users, users.size());
                 out.numbers = std::max<std::uint64_t>(out.numbers, numbers.size());
                 return {};
               }));
  return out;
}

}  // namespace countersign::flow
