// What somebody got hold of, against the truth that the test itself keeps.
#include "flow/scope.h"

#include "core/codec/hex.h"
#include "flow/ledger.h"
#include "flow/scope_people.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using testing::SmallWorld;

constexpr std::string_view kThief = "c_77";

class ScopeTest : public ::testing::Test {
 protected:
  SmallWorld world_;
  const Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  Tenant other_ = world_.add_tenant("other");
  Instant start_ = world_.clock.now();

  Reader thief(std::string credential = std::string(kThief)) {
    return {.actor = {.kind = "operator", .id = "a_19", .credential = std::move(credential), .ip = "198.51.100.7"},
            .purpose = "support"};
  }
  store::HistoryRow write_event(const TenantId& tenant, const std::string& user) {
    record::AuthEvent event;
    event.id = EventId::make(world_.random);
    event.tenant = tenant;
    event.at = world_.clock.now();
    event.result = "success";
    event.user_key = event.user_name = user;
    event.auth_device.key = "DP" + user;
    auto row = seal_event(ports_, event);
    EXPECT_TRUE(row);
    world_.write([&](store::Txn& txn) { return store::append_history(txn, *row); });
    return *row;
  }
  // Reads the first `count` events of a tenant's history.
  void read(const Reader& reader, const TenantId& tenant) {
    const auto done = read_history(ports_, reader, {.tenant = tenant}, [](const OpenedEvent&) { return true; });
    EXPECT_TRUE(done) << done.error().what;
    world_.clock.advance(seconds(1));
  }
  void made(const std::string& id, const std::string& parent, const std::string& kind) {
    world_.write([&](store::Txn& txn) {
      return store::insert_grant(
          txn, {.id = id, .parent = parent, .kind = kind, .tenant = world_.tenant.id, .made = world_.clock.now()});
    });
  }
  ScopeQuery query(ScopeBy by = ScopeBy::credential, std::string value = std::string(kThief)) {
    return {.by = by, .value = std::move(value), .from = start_, .to = world_.clock.now() + seconds(1)};
  }
  Scope scope(const ScopeQuery& asked) {
    auto found = find_scope(ports_, asked);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *std::move(found) : Scope();
  }
  void record_event(ledger::Event event) {
    world_.write([&](store::Txn& txn) { return record(txn, {event}); });
  }
};

TEST_F(ScopeTest, NamesExactlyTheRowsThatWereRead) {
  const auto first = write_event(world_.tenant.id, "ada");
  write_event(world_.tenant.id, "bob");
  read(thief(), world_.tenant.id);
  const auto later = write_event(world_.tenant.id, "cy");
  read(thief("somebody else"), world_.tenant.id);
  write_event(other_.id, "dan");
  read(thief("somebody else"), other_.id);
  const Scope found = scope(query());
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].tenant, world_.tenant.id);
  EXPECT_EQ(found.tenants[0].returned, 2u);
  EXPECT_EQ(found.tenants[0].released, 3u);  // the key of that day went out with them
  EXPECT_EQ(found.tenants[0].viewed, 0u);
  EXPECT_EQ(found.tenants[0].first, start_);
  const auto rows = rows_of(ports_, found, found.tenants[0]);
  ASSERT_TRUE(rows);
  const auto place = *history::place_of(first.sealed), unread = *history::place_of(later.sealed);
  const RowNumbers& returned = rows->returned.at(codec::to_hex(place.epoch));
  EXPECT_TRUE(returned.has(place.number));
  EXPECT_FALSE(returned.has(unread.number));
  EXPECT_EQ(count_rows(rows->released), 3u);
}

TEST_F(ScopeTest, CountsARowOnceHoweverOftenItWasRead) {
  write_event(world_.tenant.id, "ada");
  for (int i = 0; i < 3; ++i) read(thief(), world_.tenant.id);
  const Scope found = scope(query());
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].returned, 1u);
  EXPECT_EQ(found.tenants[0].events.count(), 3u);
  EXPECT_EQ(found.events, 3u);
}

TEST_F(ScopeTest, FindsWhatItsDescendantsRead) {
  write_event(world_.tenant.id, "ada");
  made("c_78", std::string(kThief), "application");
  made("session:ab", "c_78", "session");
  made("c_99", "somebody else", "application");
  Reader session = thief("DUSOMEBODY");
  session.actor.session = "session:ab";
  read(session, world_.tenant.id);
  const Scope found = scope(query());
  ASSERT_EQ(found.descendants.size(), 2u);
  EXPECT_EQ(found.descendants[0].id, "c_78");
  EXPECT_EQ(found.descendants[1].id, "session:ab");
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].returned, 1u);
}

TEST_F(ScopeTest, EndsWhereCredentialsMadeEachOther) {
  made("c_78", std::string(kThief), "application");
  made(std::string(kThief), "c_78", "application");
  EXPECT_EQ(scope(query()).descendants.size(), 1u);
}

TEST_F(ScopeTest, NestsItsThreeSets) {
  const auto row = write_event(world_.tenant.id, "ada");
  write_event(world_.tenant.id, "bob");
  ledger::Event viewed = begin_event(ports_, ledger::EventType::viewed, world_.tenant.id, thief().actor);
  viewed.rows = {row_set(row)};
  viewed.count = 1;
  record_event(viewed);
  const Scope found = scope(query());
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].viewed, 1u);
  EXPECT_EQ(found.tenants[0].returned, 1u);  // what a screen showed had left
  EXPECT_EQ(found.tenants[0].released, 1u);
}

TEST_F(ScopeTest, LeavesOutWhatWasDeniedAndListsWhatWasChanged) {
  write_event(world_.tenant.id, "ada");
  ledger::Event denied = begin_event(ports_, ledger::EventType::read, world_.tenant.id, thief().actor);
  denied.outcome = ledger::Outcome::denied;
  denied.days = {record::day_of(start_)};
  record_event(denied);
  ledger::Event change = begin_event(ports_, ledger::EventType::config_change, world_.tenant.id, thief().actor);
  change.object = "integration_create";
  record_event(change);
  const Scope found = scope(query());
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].released, 0u);
  EXPECT_FALSE(found.tenants[0].first);
  ASSERT_EQ(found.changes.size(), 1u);
  EXPECT_EQ(found.changes[0].object, "integration_create");
}

TEST_F(ScopeTest, TakesTheTimeAsItIsAsked) {
  write_event(world_.tenant.id, "ada");
  read(thief(), world_.tenant.id);
  const Instant after = world_.clock.now();
  read(thief(), world_.tenant.id);
  ScopeQuery asked = query();
  asked.from = after;
  EXPECT_EQ(scope(asked).events, 1u);
  asked.to = after;
  EXPECT_EQ(find_scope(ports_, asked).error().code, Errc::malformed);
}

TEST_F(ScopeTest, OfAnAddressFindsWhatWasMadeFromThere) {
  write_event(world_.tenant.id, "ada");
  made("older", std::string(kThief), "application");
  world_.clock.advance(seconds(10));
  start_ = world_.clock.now();
  read(thief(), world_.tenant.id);
  made("newer", std::string(kThief), "application");
  const Scope found = scope(query(ScopeBy::ip, "198.51.100.7"));
  ASSERT_EQ(found.descendants.size(), 1u);
  EXPECT_EQ(found.descendants[0].id, "newer");
  EXPECT_EQ(found.tenants.at(0).returned, 1u);
}

TEST_F(ScopeTest, OfASupplierLeavesOutWhatWasDeletedThere) {
  const std::int64_t hour = unix_s(start_) / 3600;
  const auto message = [&](const TenantId& tenant, const std::string& reference) {
    const auto row = write_event(tenant, reference);
    const store::Dispatch out{.tenant = tenant,
                              .reference = reference,
                              .supplier = "acme-sms",
                              .channel = "sms",
                              .hour = hour,
                              .event = row.id,
                              .day = row.day};
    world_.write([&](store::Txn& txn) { return store::insert_dispatch(txn, out); });
    return out;
  };
  message(world_.tenant.id, "r1");
  const auto gone = message(world_.tenant.id, "r2");
  message(other_.id, "r3");
  world_.write([&](store::Txn& txn) { return store::mark_reaped(txn, gone, start_); });
  ScopeQuery asked = query(ScopeBy::supplier, "acme-sms");
  const Scope found = scope(asked);
  ASSERT_EQ(found.tenants.size(), 2u);
  EXPECT_EQ(found.tenants[0].returned + found.tenants[1].returned, 2u);
  for (const ExposedTenant& one : found.tenants) {
    const auto rows = rows_of(ports_, found, one);
    ASSERT_TRUE(rows);
    EXPECT_EQ(count_rows(rows->returned), 1u);
  }
  asked.refs = {"r2", "r2", "unknown"};
  const Scope exact = scope(asked);  // who has its reference had it before it was deleted
  ASSERT_EQ(exact.tenants.size(), 1u);
  EXPECT_EQ(exact.tenants[0].returned, 1u);
  EXPECT_EQ(count_rows(rows_of(ports_, exact, exact.tenants[0])->returned), 1u);
}

TEST_F(ScopeTest, ASuppliersListMayBeLong) {
  constexpr int kMessages = 3'000;  // more than are looked up at once
  std::vector<store::Dispatch> sent;
  for (int i = 0; i < kMessages; ++i) {
    sent.push_back({.tenant = world_.tenant.id,
                    .reference = "reference-" + std::to_string(i),
                    .supplier = i % 3 == 0 ? "other" : "acme-sms",
                    .channel = "sms",
                    .hour = unix_s(start_) / 3600,
                    .event = EventId::make(world_.random),
                    .day = record::day_of(start_)});
  }
  world_.write([&](store::Txn& txn) -> Result<void> {
    for (const store::Dispatch& one : sent) TRY(store::insert_dispatch(txn, one));
    return {};
  });
  ScopeQuery asked = query(ScopeBy::supplier, "acme-sms");
  for (int i = 0; i < 120'000; ++i) asked.refs.push_back("reference-" + std::to_string(i * 2 % 120'000));
  Scope found = scope(asked);
  ASSERT_EQ(found.tenants.size(), 1u);
  EXPECT_EQ(found.tenants[0].returned, 1'000u) << "two thirds of the even ones";
  const auto id = keep_scope(by_, found);
  ASSERT_TRUE(id) << id.error().what;
  const auto again = kept_scope(ports_, *id);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->query.refs, found.query.refs) << "in more than one piece";
  EXPECT_EQ(again->query.refs.size(), 60'000u) << "each once";
  const auto short_query = kept_query(ports_, *id);
  ASSERT_TRUE(short_query);
  EXPECT_EQ(short_query->value, "acme-sms");
  EXPECT_TRUE(short_query->refs.empty());
}

TEST_F(ScopeTest, IsKeptSealedAndReadsBackTheSame) {
  write_event(world_.tenant.id, "ada");
  read(thief(), world_.tenant.id);
  made("c_78", std::string(kThief), "application");
  Scope found = scope(query());
  const auto id = keep_scope(by_, found);
  ASSERT_TRUE(id) << id.error().what;
  const auto again = kept_scope(ports_, *id);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->query.value, kThief);
  EXPECT_EQ(again->descendants.size(), 1u);
  ASSERT_EQ(again->tenants.size(), 1u);
  EXPECT_EQ(again->tenants[0].returned, 1u);
  EXPECT_EQ(again->tenants[0].reads, found.tenants[0].reads);
  EXPECT_EQ(again->tenants[0].first, found.tenants[0].first);
  EXPECT_EQ(count_rows(rows_of(ports_, *again, again->tenants[0])->returned), 1u);
  const auto stored = store::read(*world_.store, [&](store::Txn& txn) { return store::scope_by_id(txn, *id); });
  EXPECT_EQ(text_of((*stored)->sealed_result).find(world_.tenant.id.text()), std::string_view::npos);
  EXPECT_EQ(kept_scopes(ports_)->size(), 1u);
  EXPECT_EQ(kept_scope(ports_, "SC222222222222222222").error().code, Errc::not_found);
  EXPECT_EQ(kept_scope(ports_, *id + ".1").error().code, Errc::not_found);
}

TEST_F(ScopeTest, CountsUsersByOpeningAndSaysSoInTheLedger) {
  for (const char* user : {"ada", "bob", "ada"}) write_event(world_.tenant.id, user);
  read(thief(), world_.tenant.id);
  const Scope found = scope(query());
  const auto distinct = distinct_of(by_, found, found.tenants.at(0));
  ASSERT_TRUE(distinct) << distinct.error().what;
  EXPECT_EQ(distinct->by, Distinct::By::opened);
  EXPECT_EQ(distinct->users, 2u);
  EXPECT_EQ(distinct->numbers, 2u);
  const Scope counting = scope(query(ScopeBy::credential, by_.actor.credential));
  ASSERT_EQ(counting.tenants.size(), 1u);
  EXPECT_EQ(counting.tenants[0].returned, 3u);  // the count is a reading itself
}

TEST_F(ScopeTest, CountsByTagsWhereTheBudgetIsSpentAndThatIsRecorded) {
  for (const char* user : {"ada", "bob"}) write_event(world_.tenant.id, user);
  read(thief(), world_.tenant.id);
  const Scope found = scope(query());
  world_.ports->settings.allowances = {{.kind = "operator", .rows_a_day = 1}};
  EXPECT_EQ(people_of(by_, found, found.tenants.at(0)).error().code, Errc::exhausted);
  EXPECT_EQ(distinct_of(by_, found, found.tenants.at(0))->by, Distinct::By::tags);
  int capped = 0;
  EXPECT_TRUE(world_.store->read([&](store::Txn& txn) -> Result<void> {
    TRY(store::ledger_entries(txn, world_.tenant.id.text(), 0, 100, [&](const store::LedgerEntry& one) {
      capped += one.entry.find(R"("outcome":"capped")") != one.entry.npos;
    }));
    return {};
  }));
  EXPECT_GE(capped, 2);
}

TEST_F(ScopeTest, CountsByTagsWhereTheTenantKeepsItsKeys) {
  for (const char* user : {"ada", "bob"}) write_event(world_.tenant.id, user);
  read(thief(), world_.tenant.id);
  world_.write([&](store::Txn& txn) {
    return store::set_keeping(txn, world_.tenant.id, {store::Custody::tenant, std::nullopt});
  });
  const Scope found = scope(query());
  const auto distinct = distinct_of(by_, found, found.tenants.at(0));
  ASSERT_TRUE(distinct);
  EXPECT_EQ(distinct->by, Distinct::By::tags);
  EXPECT_LE(distinct->users, 2u);
  EXPECT_EQ(people_of(by_, found, found.tenants[0]).error().code, Errc::refused);
}

TEST_F(ScopeTest, WantsOneThingInOneTime) {
  EXPECT_EQ(find_scope(ports_, query(ScopeBy::credential, "")).error().code, Errc::malformed);
  ScopeQuery asked = query();
  asked.refs = {"r1"};
  EXPECT_EQ(find_scope(ports_, asked).error().code, Errc::malformed);
}

TEST(RowNumbers, JoinsRunsThatTouch) {
  RowNumbers numbers;
  for (const std::uint64_t n : std::vector<std::uint64_t>{5, 1, 3, 2, 9}) numbers.add(n, n);
  EXPECT_EQ(numbers.text(), "1-3,5,9");
  numbers.add(4, 8);
  EXPECT_EQ(numbers.text(), "1-9");
  EXPECT_EQ(numbers.count(), 9u);
  EXPECT_TRUE(numbers.has(9));
  EXPECT_FALSE(numbers.has(0));
  EXPECT_FALSE(numbers.has(10));
}

}  // namespace
}  // namespace countersign::flow
