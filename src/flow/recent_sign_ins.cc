#include "flow/recent_sign_ins.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "flow/key_exchange.h"
#include "flow/opened_rows.h"
#include "flow/run_again.h"
#include "store/epochs.h"

namespace countersign::flow {
namespace {

constexpr int kRowsOfEpoch = 200;  // by one tag; most are this user's
constexpr int kRowsUntagged = 4'000;  // some tens of milliseconds
constexpr std::size_t kEpochsMax = 200;

struct Search {
  const Ports& ports;
  const TenantId& tenant;
  const UserId& user;
  std::size_t epochs = 0;  // looked through
};

using Rows = std::vector<store::HistoryRow>;

// Under this user's tag.
Result<Rows> tagged_rows(const Search& search, const store::StoredEpoch& epoch, const history::EpochHeader& header) {
  Rows out;
  TRY(adopt_keys(search.ports, search.tenant, history::month_of(header.day)));
  const std::uint32_t tag =
      TRY(search.ports.keys.tag_in_epoch(header, history::IndexedField::user, search.user.text()));
  store::TagQuery query;
  query.before = {epoch.day, std::numeric_limits<std::int64_t>::max()};
  query.tag = static_cast<int>(tag);
  query.limit = kRowsOfEpoch;
  TRY(store::read(search.ports.store, [&](store::Txn& txn) {
    return store::history_by_tag(txn, search.tenant, query, [&](const store::HistoryRow& row) {
      const Result<history::RowPlace> place = history::place_of(row.sealed);
      if (place && place->epoch == epoch.id) out.push_back(row);
    });
  }));
  return out;
}

// So few rows were expected that a tag would have pointed at somebody: all of them.
Result<Rows> untagged_rows(const Search& search, const store::StoredEpoch& epoch) {
  Rows out;
  TRY(store::read(search.ports.store, [&](store::Txn& txn) {
    return store::history_of_epoch(txn, search.tenant, {epoch.day, epoch.id, 0, kRowsUntagged},
                                   [&](const store::HistoryRow& row) {
                                     if (row.stream == store::Stream::authentication) out.push_back(row);
                                   });
  }));
  return out;
}

Result<Rows> rows_of(const Search& search, const store::StoredEpoch& epoch) {
  const history::EpochHeader header = TRY(history::decode_header(epoch.header));
  return header.tag_bits == 0 ? untagged_rows(search, epoch) : tagged_rows(search, epoch, header);
}

// The rows of one day under this user's tag, newest first.
Result<Rows> rows_of(Search& search, std::int64_t day) {
  const auto epochs = TRY(store::read(
      search.ports.store, [&](store::Txn& txn) { return store::epochs_of(txn, search.tenant, day, day); }));
  Rows out;
  for (const store::StoredEpoch& epoch : epochs) {
    if (++search.epochs > kEpochsMax) break;
    const Rows rows = TRY(rows_of(search, epoch));
    out.insert(out.end(), rows.begin(), rows.end());
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.position > b.position; });
  return out;
}

bool is_his(const OpenedEvent& event, const UserId& user) {
  const auto* sign_in = std::get_if<record::AuthEvent>(&event);
  return sign_in && sign_in->user_key == user.text() && sign_in->event_type == "authentication";
}

// What is about to be shown; lives until the ledger has it.
struct Found {
  Reader reader;
  HistoryQuery query;
  std::vector<OpenedRow> rows;
  std::vector<std::int64_t> released;
};

Result<void> find(Search& search, Found& found) {
  Opener opener(search.ports, found.reader, search.tenant);
  const std::int64_t first = record::day_of(search.ports.clock.now() - kSignInsLookBack);
  std::int64_t end = std::numeric_limits<std::int32_t>::max();  // a clock may have been ahead
  while (found.rows.size() < kSignInsShown && search.epochs < kEpochsMax) {
    const auto day = TRY(store::read(search.ports.store, [&](store::Txn& txn) {
      return store::history_day_before(txn, search.tenant, store::Stream::authentication, end);
    }));
    if (!day || *day < first) break;
    for (const store::HistoryRow& row : TRY(rows_of(search, *day))) {
      OpenedRow one = TRY(opener.open(row));
      if (!one.canary && is_his(one.event, search.user)) found.rows.push_back(std::move(one));
      if (found.rows.size() == kSignInsShown) break;
    }
    end = *day;
  }
  found.released = opener.take_released();
  return {};
}

std::vector<record::AuthEvent> newest(const Found& found, std::uint64_t count) {
  std::vector<record::AuthEvent> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(std::get<record::AuthEvent>(found.rows[i].event));
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.at != b.at ? a.at > b.at : a.id < b.id; });
  return out;
}

}  // namespace

void recent_sign_ins(const Ports& ports, const Reader& reader, const TenantId& tenant, const UserId& user,
                     Done<std::vector<record::AuthEvent>> done) {
  const auto keeping = store::read(ports.store, [&](store::Txn& txn) { return store::keeping_of(txn, tenant); });
  if (!keeping) return done(keeping.error());
  if (keeping->custody == store::Custody::tenant) return done(std::vector<record::AuthEvent>());
  auto found = std::make_shared<Found>(Found{reader, {.tenant = tenant}, {}, {}});
  Search search{ports, tenant, user};
  const Result<void> searched = find(search, *found);
  if (!searched) return done(searched.error());
  run_again<std::vector<record::AuthEvent>>(
      [&ports, found](Done<std::vector<record::AuthEvent>> finish) {
        store::write(
            ports.store,
            [&ports, found](store::Txn& txn) {
              return record_reading(ports, txn, {found->reader, found->query, found->rows, found->released});
            },
            [found, finish = std::move(finish)](Result<Recorded> recorded) {
              if (!recorded) return finish(recorded.error());
              finish(newest(*found, recorded->rows));
            });
      },
      std::move(done));
}

}  // namespace countersign::flow
