#include "flow/read_history.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/codec/hex.h"
#include "flow/close_epochs.h"
#include "flow/ledger.h"
#include "flow/recent_sign_ins.h"
#include "flow/retention.h"
#include "flow/sign_in.h"
#include "store/epochs.h"
#include "store/ledger.h"
#include "testing/fault_store.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using std::chrono::hours;

class Reading : public ::testing::Test {
 protected:
  testing::SmallWorld world;
  const Ports& ports = *world.ports;
  User ada = world.add_user("ada");

  Reader reader(std::string kind, std::string credential = "c_1") {
    Reader out;
    out.actor.kind = std::move(kind);
    out.actor.credential = std::move(credential);
    out.purpose = "test";
    return out;
  }

  store::HistoryRow row_of(const Tenant& tenant, const UserId& user = UserId()) {
    record::AuthEvent event;
    event.txid = AttemptId::make(world.random);
    event.id = EventId::trusted(event.txid.text());
    event.tenant = tenant.id;
    event.at = world.clock.now();
    event.result = "success";
    event.user_key = user.text();
    return *seal_event(ports, event);
  }
  void append(const store::HistoryRow& row) {
    world.write([&](store::Txn& txn) { return store::append_history(txn, row); });
  }
  void append(const Tenant& tenant, int rows) {
    for (int i = 0; i < rows; ++i) append(row_of(tenant));
  }

  struct Read {
    std::size_t rows = 0;
    Result<void> end;
  };
  Read read(const Reader& by, const Tenant& tenant) { return read(ports, by, tenant); }
  Read read(const Ports& with, const Reader& by, const Tenant& tenant) {
    std::size_t rows = 0;
    Result<void> end = read_history(with, by, {.tenant = tenant.id}, [&](const OpenedEvent&) {
      ++rows;
      return true;
    });
    return {rows, std::move(end)};
  }
  Errc refusal(const Tenant& tenant) {
    const Read done = read(reader("operator"), tenant);
    return done.end ? Errc::malformed : done.end.error().code;
  }

  // The reading events of a tenant's tree.
  std::vector<ledger::Event> readings(const Tenant& tenant) {
    std::vector<ledger::Event> out;
    EXPECT_TRUE(store::read(*world.store, [&](store::Txn& txn) {
      return store::ledger_entries(txn, tenant.id.text(), 0, 10'000, [&](const store::LedgerEntry& entry) {
        ledger::Event event = *ledger::decode_event(entry.entry);
        if (event.type == ledger::EventType::read) out.push_back(std::move(event));
      });
    }));
    return out;
  }
  std::vector<store::StoredEpoch> epochs(const Tenant& tenant) {
    return *store::read(*world.store, [&](store::Txn& txn) { return store::epochs_of(txn, tenant.id, 0, 1'000'000); });
  }
};

TEST_F(Reading, NamesExactlyTheRowsThatLeft) {
  append(world.tenant, 3);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 3u);
  const auto events = readings(world.tenant);
  ASSERT_EQ(events.size(), 1u);
  ASSERT_EQ(events[0].rows.size(), 1u);
  EXPECT_EQ(events[0].rows[0].rows, "0-2");
  EXPECT_EQ(events[0].rows[0].epoch, codec::to_hex(epochs(world.tenant)[0].id));
  EXPECT_EQ(events[0].count, 3u);
  EXPECT_EQ(events[0].actor.credential, "c_1");
  EXPECT_EQ(events[0].purpose, "test");
  EXPECT_EQ(events[0].days, std::vector<std::int64_t>{record::day_of(world.clock.now())});
}

TEST_F(Reading, NoEventNoByte) {
  append(world.tenant, 3);
  testing::FaultStore broken(*world.store);
  Ports with = ports;
  const Ports faulty{broken, *world.keys, world.clock, world.random, with.wake, with.settings};
  // However far it comes, nothing is given out unless the event is there.
  for (int n = 1; n < 30; ++n) {
    broken.fail_from(n, Errc::unavailable);
    const Read done = read(faulty, reader("operator"), world.tenant);
    broken.heal();
    if (done.end) {
      EXPECT_EQ(readings(world.tenant).size(), 1u);
      return;
    }
    EXPECT_EQ(done.rows, 0u) << n;
    EXPECT_EQ(done.end.error().code, Errc::unavailable) << n;
    EXPECT_TRUE(readings(world.tenant).empty()) << n;
  }
  FAIL() << "it never came through";
}

TEST_F(Reading, LostCommitsGiveNothingOut) {
  append(world.tenant, 3);
  testing::FaultStore broken(*world.store);
  const Ports faulty{broken, *world.keys, world.clock, world.random, ports.wake, ports.settings};
  broken.fail_commits(Errc::unavailable);
  EXPECT_EQ(read(faulty, reader("operator"), world.tenant).rows, 0u);
}

TEST_F(Reading, StopsAtTheBudgetOfTheDayAlsoAfterARestart) {
  append(world.tenant, 501);
  const Read first = read(reader("staff"), world.tenant);
  EXPECT_EQ(first.rows, 500u);
  ASSERT_FALSE(first.end);
  EXPECT_EQ(first.end.error().code, Errc::exhausted);
  EXPECT_EQ(readings(world.tenant).back().outcome, ledger::Outcome::capped);
  const Ports after_restart{*world.store, *world.keys, world.clock, world.random, ports.wake, ports.settings};
  EXPECT_EQ(read(after_restart, reader("staff"), world.tenant).rows, 0u);
  EXPECT_EQ(read(reader("staff", "c_2"), world.tenant).rows, 500u) << "another credential has a budget of its own";
  world.clock.advance(hours(24));
  EXPECT_EQ(read(reader("staff"), world.tenant).rows, 500u);
  world.clock.advance(-hours(48));
  EXPECT_EQ(read(reader("staff"), world.tenant).rows, 0u) << "a clock set back opens nothing";
}

TEST_F(Reading, AMonthHasItsOwnBudget) {
  append(world.tenant, 500);
  std::size_t rows = 0;
  for (int day = 0; day < 28; ++day, world.clock.advance(hours(24))) {
    rows += read(reader("staff"), world.tenant).rows;
  }
  EXPECT_EQ(rows, 5'000u);
}

TEST_F(Reading, WhatACredentialMadeIsChargedToIt) {
  append(world.tenant, 400);
  world.write([&](store::Txn& txn) {
    return store::insert_grant(txn, {"key_2", "c_1", "api_key", world.tenant.id, world.clock.now(), std::nullopt});
  });
  EXPECT_EQ(read(reader("staff", "c_1"), world.tenant).rows, 400u);
  EXPECT_EQ(read(reader("staff", "key_2"), world.tenant).rows, 100u);
}

TEST_F(Reading, TheFourthTenantInAnHourIsRefusedAlsoInParallel) {
  std::vector<Tenant> tenants;
  for (int i = 0; i < 12; ++i) {
    tenants.push_back(world.add_tenant("t" + std::to_string(i)));
    append(tenants.back(), 1);
  }
  std::atomic<int> read_ones = 0, capped = 0;
  std::vector<std::thread> threads;
  for (const Tenant& tenant : tenants) {
    threads.emplace_back([&, tenant] {
      const Read done = read(reader("staff"), tenant);
      if (done.rows > 0) ++read_ones;
      if (!done.end && done.end.error().code == Errc::exhausted) ++capped;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read_ones, 3);
  EXPECT_EQ(capped, 9);
  int events = 0;
  for (const Tenant& tenant : tenants) events += static_cast<int>(readings(tenant).size());
  EXPECT_EQ(events, 12) << "those that were refused are recorded too";
}

TEST_F(Reading, AStrangeKindOfReaderReadsNothing) {
  append(world.tenant, 1);
  const Read done = read(reader("nobody knows"), world.tenant);
  EXPECT_EQ(done.rows, 0u);
  ASSERT_FALSE(done.end);
  EXPECT_EQ(done.end.error().code, Errc::exhausted);
}

TEST_F(Reading, ARowMovedToAnotherTenantIsRefusedAndRecorded) {
  const Tenant other = world.add_tenant("other");
  append(other, 1);
  store::HistoryRow moved = row_of(world.tenant);
  moved.tenant = other.id;
  append(moved);
  EXPECT_EQ(refusal(other), Errc::refused);
  EXPECT_EQ(readings(other).back().outcome, ledger::Outcome::denied);
}

TEST_F(Reading, ARowMovedToAnotherDayIsRefused) {
  store::HistoryRow moved = row_of(world.tenant);
  moved.day += 1;
  append(moved);
  EXPECT_EQ(refusal(world.tenant), Errc::refused);
}

TEST_F(Reading, AnyBentByteOfARowIsRefused) {
  const store::HistoryRow row = row_of(world.tenant);
  for (std::size_t i = 16; i < row.sealed.size(); i += 7) {
    store::HistoryRow bent = row;
    bent.tenant = world.tenant.id;
    bent.sealed[i] ^= 1;
    const Tenant fresh = world.add_tenant("t" + std::to_string(i));
    bent.tenant = fresh.id;
    append(bent);
    EXPECT_EQ(refusal(fresh), Errc::refused) << i;
  }
}

TEST_F(Reading, ATenantThatKeepsItsOwnKeysIsNotReadHere) {
  append(world.tenant, 2);
  world.write([&](store::Txn& txn) {
    return store::set_keeping(txn, world.tenant.id, {store::Custody::tenant, std::nullopt});
  });
  const Read done = read(reader("operator"), world.tenant);
  EXPECT_EQ(done.rows, 0u);
  ASSERT_FALSE(done.end);
  EXPECT_EQ(done.end.error().code, Errc::refused);
  EXPECT_NE(done.end.error().what.find("countersign reader"), std::string::npos);
  EXPECT_EQ(readings(world.tenant).back().outcome, ledger::Outcome::denied);
}

TEST_F(Reading, AnotherProcessWritesIntoAnEpochOfItsOwn) {
  append(world.tenant, 1);
  Ports second = ports;
  second.history = std::make_shared<HistoryBook>();
  record::AuthEvent event;
  event.id = EventId::make(world.random);
  event.tenant = world.tenant.id;
  event.at = world.clock.now();
  append(*seal_event(second, event));
  EXPECT_EQ(epochs(world.tenant).size(), 2u);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 2u);
}

TEST_F(Reading, AClockThatJumpsNeverComesBackToAnEpoch) {
  std::set<history::EpochId> seen;
  std::set<std::pair<history::EpochId, std::uint64_t>> places;
  for (const hours jump : {hours(0), hours(24), hours(-24), hours(24 * 31), hours(-24 * 31), hours(0)}) {
    world.clock.advance(jump);
    for (int i = 0; i < 3; ++i) {
      const store::HistoryRow row = row_of(world.tenant);
      const history::RowPlace place = *history::place_of(row.sealed);
      EXPECT_TRUE(places.emplace(place.epoch, place.number).second) << "a nonce came twice";
      append(row);
    }
  }
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 18u);
}

TEST_F(Reading, AFullEpochIsFollowedByAnother) {
  const std::string text(100, 'x');
  std::set<std::pair<history::EpochId, std::uint64_t>> places;
  Unsealed row;
  row.tenant = world.tenant.id;
  row.day = 20'000;
  row.id = EventId::make(world.random);
  row.text = text;
  std::set<history::EpochId> seen;
  for (std::uint64_t i = 0; i < history::kEpochRowsMax + 10; ++i) {
    const history::RowPlace place = *history::place_of(ports.history->seal(ports, row)->sealed);
    ASSERT_LT(place.number, history::kEpochRowsMax);
    ASSERT_TRUE(places.emplace(place.epoch, place.number).second);
    seen.insert(place.epoch);
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST_F(Reading, ATransactionThatWasUndoneLeavesItsNumberUnused) {
  const store::HistoryRow lost_row = row_of(world.tenant);
  const auto undone = store::write_and_wait(*world.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(store::append_history(txn, lost_row));
    return Error{Errc::refused, "no"};
  });
  ASSERT_FALSE(undone);
  append(world.tenant, 1);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 1u) << "its header came with the next row";
  EXPECT_EQ(readings(world.tenant).back().rows[0].rows, "1");
}

TEST_F(Reading, AnEpochIsClosedWhenItsDayIsOver) {
  append(world.tenant, 5);
  EXPECT_EQ(*close_epochs(ports), 0);
  world.clock.advance(hours(48));
  EXPECT_EQ(*close_epochs(ports), 1);
  EXPECT_EQ(*close_epochs(ports), 0);
  const store::StoredEpoch epoch = epochs(world.tenant).at(0);
  EXPECT_EQ(epoch.rows, 5u);
  const history::EpochTrailer trailer = *history::decode_trailer(epoch.trailer);
  EXPECT_EQ(trailer.rows, 5u);
  world.clock.advance(-hours(48));
  append(world.tenant, 1);
  EXPECT_EQ(epochs(world.tenant).size(), 2u) << "nothing is written into a closed epoch";
}

TEST_F(Reading, RowsThatACrashLeftWithoutTheirKeyGoWithTheNextShredding) {
  const Administration by{ports, Actor()};
  const std::string month = history::month_of(record::day_of(world.clock.now()));
  append(world.tenant, 2);
  append(world.tenant, 1);
  world.clock.advance(hours(24 * 40));
  ASSERT_TRUE(ports.keys.shred_month(world.tenant.id, month));  // and then it was killed
  const Result<ShredReceipt> receipt = shred_month(by, world.tenant.id, month);
  ASSERT_TRUE(receipt) << receipt.error().what;
  EXPECT_EQ(receipt->rows, 3);
  EXPECT_EQ(shred_month(by, world.tenant.id, month).error().code, Errc::not_found);
}

TEST_F(Reading, WhatIsDueGoesByItself) {
  const Administration by{ports, Actor()};
  append(world.tenant, 2);
  const std::string first = history::month_of(record::day_of(world.clock.now()));
  world.clock.advance(hours(24 * 40));
  append(world.tenant, 1);
  const std::string second = history::month_of(record::day_of(world.clock.now()));
  EXPECT_EQ(retention_of(ports, world.tenant.id)->months, (std::vector<std::string>{first, second}));
  ASSERT_EQ(shred_what_is_due(ports)->held, 0) << "the server keeps a year";
  world.clock.advance(hours(25));
  EXPECT_EQ(shred_what_is_due(ports)->shredded, 0);
  ASSERT_TRUE(set_retention(by, world.tenant, 1));
  EXPECT_EQ(retention_of(ports, world.tenant.id)->days_that_hold, 1);
  EXPECT_EQ(shred_what_is_due(ports)->shredded, 1);
  EXPECT_EQ(retention_of(ports, world.tenant.id)->months, std::vector<std::string>{second});
  // A crash between a month's key and its rows.
  world.clock.advance(hours(24 * 30));
  ASSERT_TRUE(ports.keys.shred_month(world.tenant.id, second));
  EXPECT_EQ(shred_what_is_due(ports)->shredded, 1);
  EXPECT_EQ(epochs(world.tenant).size(), 0u);
  EXPECT_EQ(shred_what_is_due(ports)->shredded, 0);
  ASSERT_TRUE(set_retention(by, world.tenant, std::nullopt));
  EXPECT_EQ(retention_of(ports, world.tenant.id)->days, std::nullopt);
}

TEST_F(Reading, ADestroyedMonthOpensNoMoreAndOthersDo) {
  append(world.tenant, 2);
  const std::string month = history::month_of(record::day_of(world.clock.now()));
  world.clock.advance(hours(24 * 40));
  append(world.tenant, 1);
  const Administration by{ports, Actor()};
  EXPECT_EQ(shred_month(by, world.tenant.id, "2024-13").error().code, Errc::malformed);
  EXPECT_EQ(shred_month(by, world.tenant.id, history::month_of(record::day_of(world.clock.now()))).error().code,
            Errc::malformed)
      << "a month that is not over";
  std::vector<store::HistoryRow> backup;
  std::vector<store::StoredEpoch> headers = epochs(world.tenant);
  ASSERT_TRUE(store::read(*world.store, [&](store::Txn& txn) {
    return store::history_page(txn, world.tenant.id, store::Stream::authentication, 0, 1'000'000, 0, 10,
                               [&](const store::HistoryRow& row) { backup.push_back(row); });
  }));
  const Result<ShredReceipt> receipt = shred_month(by, world.tenant.id, month);
  ASSERT_TRUE(receipt) << receipt.error().what;
  EXPECT_EQ(receipt->rows, 2);
  EXPECT_NE(receipt->note.find(month), std::string::npos);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 1u);
  EXPECT_EQ(shred_month(by, world.tenant.id, month).error().code, Errc::not_found);
  // Last week's backup comes back.
  for (int i = 0; i < 2; ++i) {
    store::OpenEpoch header;
    header.tenant = world.tenant.id;
    header.day = headers[0].day;
    header.id = headers[0].id;
    header.writer = headers[0].writer;
    header.header = headers[0].header;
    world.write([&](store::Txn& txn) { return store::insert_epoch(txn, header); });
    append(backup[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(refusal(world.tenant), Errc::not_found);
}

TEST_F(Reading, MonthsEndByThemselves) {
  append(world.tenant, 2);
  Ports forgetful = ports;
  forgetful.settings.retention_days = 30;
  EXPECT_EQ(shred_what_is_due(forgetful)->shredded, 0);
  world.clock.advance(hours(24 * 29));
  EXPECT_EQ(shred_what_is_due(forgetful)->shredded, 0);
  world.clock.advance(hours(24 * 30));
  EXPECT_EQ(shred_what_is_due(forgetful)->held, 1) << "nothing was heard for a month";
  world.clock.advance(hours(25));
  EXPECT_EQ(shred_what_is_due(forgetful)->shredded, 1);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 0u);
}

TEST_F(Reading, AClockThatJumpedYearsAheadDestroysNothingForADay) {
  append(world.tenant, 2);
  ASSERT_TRUE(shred_what_is_due(ports));
  world.clock.advance(hours(24 * 1'000));
  for (int hour = 0; hour < 24; ++hour) {
    const Due due = *shred_what_is_due(ports);
    EXPECT_EQ(due.shredded, 0) << hour;
    EXPECT_EQ(due.held, 1);
    append(world.tenant, 1);
    world.clock.advance(hours(1));
  }
  world.clock.advance(-hours(24 * 1'001));  // somebody looked
  EXPECT_EQ(shred_what_is_due(ports)->shredded, 0);
  EXPECT_EQ(read(reader("operator"), world.tenant).rows, 26u);
}

TEST_F(Reading, AUsersOwnSignInsAreFoundWithoutNamingOthers) {
  const User bob = world.add_user("bob");
  for (int i = 0; i < 30; ++i) append(row_of(world.tenant, i % 3 == 0 ? ada.id : bob.id));
  const auto found = testing::finish<std::vector<record::AuthEvent>>(
      [&](auto done) { recent_sign_ins(ports, reader("user"), world.tenant.id, ada.id, done); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 10u);
  ASSERT_EQ(readings(world.tenant).size(), 1u);
  EXPECT_EQ(readings(world.tenant)[0].rows[0].rows, "0,3,6,9,12,15,18,21,24,27");
}

TEST_F(Reading, ABusyTenantsUsersAreFoundByTheirTag) {
  append(world.tenant, 400);
  world.clock.advance(hours(26));
  ASSERT_EQ(*close_epochs(ports), 1);
  append(row_of(world.tenant, ada.id));
  for (int i = 0; i < 100; ++i) append(row_of(world.tenant, UserId::make(world.random)));
  const auto header = *history::decode_header(epochs(world.tenant).back().header);
  EXPECT_GT(header.tag_bits, 0);
  const auto found = testing::finish<std::vector<record::AuthEvent>>(
      [&](auto done) { recent_sign_ins(ports, reader("user"), world.tenant.id, ada.id, done); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 1u);
}

}  // namespace
}  // namespace countersign::flow
