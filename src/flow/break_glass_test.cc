// Emergency access: two of three shares, an hour, and everybody concerned is told.
#include "flow/break_glass.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "flow/export_history.h"
#include "flow/kill.h"
#include "flow/mail.h"
#include "flow/sign_in.h"
#include "store/ledger.h"
#include "testing/fault_store.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kOwn = "operator";  // the tree of what belongs to no tenant

class BreakGlass : public ::testing::Test {
 protected:
  testing::SmallWorld world;
  Ports& ports = *world.ports;
  Administration by{ports, who("uid:1000")};
  std::vector<Tenant> tenants;

  static Actor who(std::string credential) {
    Actor out;
    out.credential = std::move(credential);
    return out;
  }

  BreakGlass() {
    ports.settings.allowances = {{.kind = "operator", .rows_a_day = 5, .tenants_an_hour = 2, .canaries_an_hour = 1}};
    for (int i = 0; i < 4; ++i) {
      tenants.push_back(world.add_tenant("t" + std::to_string(i)));
      append(tenants.back().id, 3);
    }
  }

  void append(const TenantId& tenant, int rows) {
    for (int i = 0; i < rows; ++i) {
      record::AuthEvent event;
      event.id = EventId::make(world.random);
      event.tenant = tenant;
      event.at = world.clock.now();
      event.result = "success";
      const auto row = *seal_event(ports, event);
      world.write([&](store::Txn& txn) { return store::append_history(txn, row); });
    }
  }
  std::vector<crypto::Share> seal() { return std::move(seal_glass(by)->shares); }
  static crypto::Share copy(const crypto::Share& share) {
    return {share.threshold, share.index, share.set, Secret(share.value.reveal_bytes())};
  }
  static GlassRequest request(const std::vector<crypto::Share>& shares, std::initializer_list<std::size_t> which) {
    GlassRequest out{{}, "the console is away", "4711"};
    for (const std::size_t one : which) out.shares.push_back(copy(shares[one]));
    return out;
  }
  Errc refusal(const GlassRequest& asked) {
    const auto opened = open_glass(by, asked);
    return opened ? Errc::unavailable : opened.error().code;
  }
  store::GlassOpening open() { return *open_glass(by, request(seal(), {0, 2})); }

  void be_killed() { EXPECT_TRUE(kill({ports, who("uid:0")}, {.value = "uid:1000", .reason = "phished"})); }
  Errc lift_refusal(const GlassRequest& asked) {
    const auto lifted = lift_kill(by, asked);
    return lifted ? Errc::unavailable : lifted.error().code;
  }

  std::size_t read(const Tenant& tenant, std::string credential = "uid:1000") {
    const Reader reader{.actor = {.kind = "operator", .credential = std::move(credential)}, .purpose = "support"};
    std::size_t rows = 0;
    (void)!read_history(ports, reader, {.tenant = tenant.id}, [&](const OpenedEvent&) { return ++rows > 0; });
    return rows;
  }
  std::size_t read_all() {
    std::size_t rows = 0;
    for (const Tenant& tenant : tenants) rows += read(tenant);
    return rows;
  }
  std::vector<ledger::Event> events(std::string_view tree, ledger::EventType type = ledger::EventType::break_glass) {
    std::vector<ledger::Event> out;
    EXPECT_TRUE(store::read(*world.store, [&](store::Txn& txn) {
      return store::ledger_entries(txn, tree, 0, 10'000, [&](const store::LedgerEntry& entry) {
        ledger::Event one = *ledger::decode_event(entry.entry);
        if (one.type == type) out.push_back(std::move(one));
      });
    }));
    return out;
  }
  std::vector<std::string> objects(std::string_view tree, ledger::Outcome outcome = ledger::Outcome::ok) {
    std::vector<std::string> out;
    for (const ledger::Event& one : events(tree)) {
      if (one.outcome == outcome) out.push_back(one.object);
    }
    return out;
  }
  std::vector<std::string> activities(const Tenant& tenant) {
    std::vector<std::string> out;
    const Reader reader{.actor = {.kind = "tenant_admin", .credential = "own"}, .purpose = "test"};
    ports.settings.allowances.push_back({.kind = "tenant_admin"});
    EXPECT_TRUE(read_history(ports, reader, {.tenant = tenant.id, .stream = store::Stream::activity},
                             [&](const OpenedEvent& event) {
                               out.push_back(std::get<record::ActivityEvent>(event).action);
                               return true;
                             }));
    return out;
  }
  void tend() {
    const auto done = tend_glass(ports);
    EXPECT_TRUE(done) << done.error().what;
  }
};

using Texts = std::vector<std::string>;

TEST_F(BreakGlass, WithoutItTheBudgetsStopABulkReader) { EXPECT_EQ(read_all(), 5u); }

TEST_F(BreakGlass, LiftsTheBudgetsOfWhoOpenedItAndOfNobodyElse) {
  const store::GlassOpening opening = open();
  EXPECT_EQ(opening.number, 1);
  EXPECT_EQ(opening.closes, opening.opened + hours(1));
  EXPECT_EQ(read_all(), 12u);
  std::size_t others = 0;
  for (const Tenant& tenant : tenants) others += read(tenant, "uid:2000");
  EXPECT_EQ(others, 5u);
}

TEST_F(BreakGlass, EveryReadWhileItIsOpenSaysSo) {
  open();
  read(tenants[0]);
  read(tenants[0]);
  read(tenants[1]);
  const std::string tree = tenants[0].id.text();
  const auto reads = events(tree, ledger::EventType::read);
  ASSERT_EQ(reads.size(), 2u);
  for (const ledger::Event& one : reads) EXPECT_EQ(one.detail, "break_glass 1");
  EXPECT_EQ(objects(tree), (Texts{"open"})) << "the tenant hears of it with the first read";
  EXPECT_EQ(events(tree)[0].case_reference, "4711");
  EXPECT_EQ(events(tree)[0].detail, "the console is away");
  EXPECT_EQ(objects(kOwn), (Texts{"seal", "open", "read", "read", "read"}));
  EXPECT_NE(events(kOwn)[2].query.find(tree), std::string::npos);
}

TEST_F(BreakGlass, AnExportAndItsKeysSaySoToo) {
  open();
  read(tenants[1]);
  read(tenants[2]);
  const Reader reader{.actor = {.kind = "operator", .credential = "uid:1000"}, .purpose = "support"};
  const std::int64_t today = record::day_of(world.clock.now());
  ASSERT_TRUE(export_history(ports, reader, {tenants[0].id, {today, today}, DayKeys::with_rows},
                             [](std::string_view) { return true; }));
  for (const auto type : {ledger::EventType::export_, ledger::EventType::key_release}) {
    const auto found = events(tenants[0].id.text(), type);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].detail, "break_glass 1");
  }
}

TEST_F(BreakGlass, NeedsTwoSharesOfTheSealThatCounts) {
  EXPECT_EQ(refusal({{}, "why", "4711"}), Errc::not_found) << "there is no seal";
  const auto shares = seal();
  testing::SmallWorld other;
  const auto foreign = crypto::split(world.random, Secret(ByteView(Bytes(32, 7))));
  EXPECT_EQ(refusal(request(shares, {1})), Errc::refused);
  EXPECT_EQ(refusal(request(shares, {1, 1})), Errc::refused);
  EXPECT_EQ(refusal(request(*foreign, {0, 1})), Errc::refused);
  EXPECT_EQ(objects(kOwn, ledger::Outcome::denied), (Texts(4, "open")));
  EXPECT_EQ(read_all(), 5u);
  EXPECT_TRUE(open_glass(by, request(shares, {1, 2})));
}

TEST_F(BreakGlass, HasFiveTriesAnHour) {
  const auto shares = seal();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal(request(shares, {0})), Errc::refused);
  EXPECT_EQ(refusal(request(shares, {0, 1})), Errc::exhausted) << "also with the right ones";
  EXPECT_EQ(objects(kOwn, ledger::Outcome::capped), (Texts{"open"}));
  world.clock.advance(minutes(61));
  EXPECT_TRUE(open_glass(by, request(shares, {0, 1})));
}

TEST_F(BreakGlass, AnotherSealCountsAfterThreeDays) {
  const auto old = seal();
  const auto next = seal();
  EXPECT_EQ(refusal(request(next, {0, 1})), Errc::refused);
  EXPECT_TRUE(open_glass(by, request(old, {0, 1})));
  world.clock.advance(hours(72));
  EXPECT_EQ(refusal(request(old, {0, 1})), Errc::refused) << "shares of an older seal";
  EXPECT_EQ(glass_status(ports)->sealed, world.clock.now());
  EXPECT_TRUE(open_glass(by, request(next, {0, 1})));
}

TEST_F(BreakGlass, IsOverAfterAnHourWhateverIsReadMeanwhile) {
  open();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(read_all(), 12u);
    world.clock.advance(minutes(15));
  }
  EXPECT_EQ(read_all(), 5u);
  EXPECT_FALSE(glass_status(ports)->open);
}

TEST_F(BreakGlass, IsNotMadeLonger) {
  const auto shares = seal();
  const auto opened = open_glass(by, request(shares, {0, 1}));
  world.clock.advance(minutes(59));
  EXPECT_EQ(refusal(request(shares, {0, 1})), Errc::conflict);
  EXPECT_EQ(glass_status(ports)->open->closes, opened->closes);
  world.clock.advance(minutes(1));
  EXPECT_EQ(open_glass(by, request(shares, {0, 1}))->number, 2) << "with its shares, again";
}

TEST_F(BreakGlass, AClockThatIsSetBackEndsIt) {
  open();
  world.clock.advance(minutes(50));
  EXPECT_EQ(read_all(), 12u);
  world.clock.advance(-minutes(30));
  EXPECT_EQ(read_all(), 5u);
  tend();
  EXPECT_EQ(events(kOwn)[events(kOwn).size() - 2].detail, "the clock was set back");
  world.clock.advance(minutes(30));
  EXPECT_EQ(read(tenants[0]), 0u) << "and it does not come back with the time";
}

TEST_F(BreakGlass, OutlivesTheProcessAndEndsWithoutItsHelp) {
  open();
  Ports restarted{*world.store, *world.keys, world.clock, world.random, ports.wake, ports.settings};
  const Reader reader{.actor = {.kind = "operator", .credential = "uid:1000"}, .purpose = "support"};
  std::size_t rows = 0;
  for (const Tenant& tenant : tenants) {
    EXPECT_TRUE(read_history(restarted, reader, {.tenant = tenant.id}, [&](const OpenedEvent&) { return ++rows > 0; }));
  }
  EXPECT_EQ(rows, 12u);
  world.clock.advance(hours(20));
  ASSERT_TRUE(tend_glass(restarted));
  const auto report = glass_report(restarted, 1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->opening.closed, report->opening.closes) << "it was closed then, not when that was noticed";
  EXPECT_EQ(report->tenants.size(), 4u);
}

TEST_F(BreakGlass, TellsEachTenantThatWasReadAndReportsToIt) {
  open();
  read(tenants[0]);
  read(tenants[0]);
  read(tenants[3]);
  tend();
  EXPECT_EQ(activities(tenants[0]), (Texts{"break_glass_open"}));
  EXPECT_EQ(activities(tenants[1]), Texts());
  tend();
  EXPECT_EQ(activities(tenants[0]).size(), 1u) << "once";
  ASSERT_TRUE(shut_glass(by));
  EXPECT_EQ(shut_glass(by).error().code, Errc::conflict);
  tend();
  for (const std::size_t one : {0u, 3u}) {
    EXPECT_EQ(activities(tenants[one]), (Texts{"break_glass_open", "break_glass_report"}));
    EXPECT_EQ(objects(tenants[one].id.text()),
              (Texts{"open", "break_glass_open", "close", "break_glass_report"}));
  }
  EXPECT_EQ(events(tenants[0].id.text())[2].count, 6u) << "rows, each time that they left";
  EXPECT_EQ(objects(tenants[1].id.text()), Texts());
  EXPECT_EQ(objects(kOwn), (Texts{"seal", "open", "read", "read", "read", "close", "report"}));
}

TEST_F(BreakGlass, OneMailGoesToEachTenantThatHasNamedAnAddress) {
  ports.settings.mail = Mailing::by_server;
  for (const std::size_t one : {0u, 1u, 2u}) ASSERT_TRUE(set_tenant_contact(by, tenants[one], "it@acme.example"));
  open();
  for (const std::size_t one : {0u, 1u, 3u}) {
    read(tenants[one]);
    tend();
    read(tenants[one]);
  }
  world.clock.advance(hours(1));
  tend();
  const auto mails = *store::read(
      *world.store, [&](store::Txn& txn) { return store::due_mails(txn, world.clock.now(), 100); });
  std::vector<TenantId> posted;
  for (const store::StoredMail& mail : mails) {
    EXPECT_EQ(mail.purpose, "break_glass");
    EXPECT_EQ(mail.reference, "1");
    posted.push_back(mail.tenant);
  }
  std::ranges::sort(posted);
  std::vector<TenantId> wanted = {tenants[0].id, tenants[1].id};
  std::ranges::sort(wanted);
  EXPECT_EQ(posted, wanted) << "neither to who was not read nor to who has no address";
}

TEST_F(BreakGlass, ItsReportIsWhatTheLedgerHas) {
  open();
  read(tenants[0]);
  world.clock.advance(minutes(5));
  read(tenants[0]);
  read(tenants[1]);
  read(tenants[2], "uid:2000");
  ASSERT_TRUE(shut_glass(by));
  read(tenants[3]);
  const auto report = glass_report(ports, 1);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->tenants.size(), 2u) << "neither another's reads nor those after it";
  for (const GlassReads& one : report->tenants) {
    const bool twice = one.tenant == tenants[0].id;
    EXPECT_EQ(one.events, twice ? 2u : 1u);
    EXPECT_EQ(one.rows, twice ? 6u : 3u);
    EXPECT_EQ(*one.last - *one.first, twice ? milliseconds(minutes(5)) : milliseconds(0));
  }
  EXPECT_EQ(glass_report(ports, 2).error().code, Errc::not_found);
}

TEST_F(BreakGlass, ReportsOnceWhereverItIsInterrupted) {
  open();
  EXPECT_EQ(read_all(), 12u);
  world.clock.advance(hours(1));
  testing::FaultStore broken(*world.store);
  const Ports faulty{broken, *world.keys, world.clock, world.random, ports.wake, ports.settings};
  for (int n = 1; n < 60; n += 3) {
    broken.fail_from(n, Errc::unavailable);
    (void)!tend_glass(faulty);
    broken.heal();
  }
  tend();
  for (const Tenant& tenant : tenants) {
    EXPECT_EQ(activities(tenant), (Texts{"break_glass_open", "break_glass_report"}));
  }
  EXPECT_EQ(objects(kOwn), (Texts{"seal", "open", "read", "read", "read", "read", "close", "report"}));
}

TEST_F(BreakGlass, TwoSharesBringBackAnOperatorWhoWasKilled) {
  const auto shares = seal();
  be_killed();
  EXPECT_EQ(lift_refusal({{}, "why", "4711"}), Errc::refused);
  EXPECT_EQ(lift_refusal(request(shares, {1})), Errc::refused);
  EXPECT_EQ(lift_refusal(request(shares, {1, 1})), Errc::refused);
  EXPECT_TRUE(*is_killed(ports, "uid:1000"));
  const auto lifted = lift_kill(by, request(shares, {1, 2}));
  ASSERT_TRUE(lifted) << lifted.error().what;
  EXPECT_EQ(lifted->number, 1);
  EXPECT_TRUE(is_lift(*lifted));
  EXPECT_FALSE(*is_killed(ports, "uid:1000"));
  EXPECT_EQ(objects(kOwn, ledger::Outcome::denied), (Texts(3, "lift")));
  EXPECT_EQ(read_all(), 5u) << "and its budgets bind it";
  EXPECT_EQ(lift_refusal(request(shares, {1, 2})), Errc::conflict);
  be_killed();
  EXPECT_TRUE(*is_killed(ports, "uid:1000")) << "it can be killed again";
  EXPECT_EQ(lift_kill(by, request(shares, {0, 1}))->number, 2);
}

TEST_F(BreakGlass, ALiftIsInTheLedgerAndReported) {
  const auto shares = seal();
  be_killed();
  ASSERT_TRUE(lift_kill(by, request(shares, {0, 2})));
  tend();
  tend();
  EXPECT_EQ(objects(kOwn), (Texts{"seal", "lift", "report"}));
  const ledger::Event lift = events(kOwn)[1];
  EXPECT_EQ(lift.actor.credential, "uid:1000");
  EXPECT_EQ(lift.case_reference, "4711");
  EXPECT_EQ(lift.detail, "the console is away");
  EXPECT_EQ(lift.query, R"({"glass":1})");
  const auto report = glass_report(ports, 1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->opening.credential, "uid:1000");
  EXPECT_TRUE(report->opening.reported);
  EXPECT_TRUE(report->tenants.empty());
  EXPECT_FALSE(glass_status(ports)->open);
}

TEST_F(BreakGlass, ALiftTellsNobodyWhoWasNotKilledWhetherSharesAreRight) {
  const auto shares = seal();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(lift_refusal(request(shares, {0, 1})), Errc::conflict);
  EXPECT_EQ(lift_refusal(request(shares, {0})), Errc::conflict);
  EXPECT_TRUE(open_glass(by, request(shares, {0, 1}))) << "nor is a try used up";
}

TEST_F(BreakGlass, LiftsHaveFiveTriesAnHourAndLeaveThoseOfTheOthersAlone) {
  const auto shares = seal();
  be_killed();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lift_refusal(request(shares, {0})), Errc::refused);
  EXPECT_EQ(lift_refusal(request(shares, {0, 1})), Errc::exhausted) << "also with the right ones";
  EXPECT_EQ(objects(kOwn, ledger::Outcome::capped), (Texts{"lift"}));
  const Administration other{ports, who("uid:0")};
  EXPECT_TRUE(open_glass(other, request(shares, {0, 1})));
  world.clock.advance(minutes(61));
  EXPECT_TRUE(lift_kill(by, request(shares, {0, 1})));
}

TEST_F(BreakGlass, NothingButAnOperatorsAccountIsBroughtBack) {
  const auto shares = seal();
  const store::Grant session_grant{.id = "s_1",
                                   .parent = "uid:1000",
                                   .kind = "session",
                                   .tenant = tenants[0].id,
                                   .made = world.clock.now()};
  world.write([&](store::Txn& txn) { return store::insert_grant(txn, session_grant); });
  ASSERT_EQ(kill({ports, who("uid:0")}, {.value = "uid:1000", .tree = Tree::yes})->size(), 2u);
  const Administration session{ports, who("s_1")};
  EXPECT_EQ(lift_kill(session, request(shares, {0, 1})).error().code, Errc::conflict);
  ASSERT_TRUE(lift_kill(by, request(shares, {0, 1})));
  EXPECT_TRUE(*is_killed(ports, "s_1")) << "what ended with it stays ended";
}

TEST_F(BreakGlass, ALiftEndsWhatIsOpen) {
  const auto shares = seal();
  ASSERT_TRUE(open_glass(by, request(shares, {0, 1})));
  read(tenants[0]);
  be_killed();
  ASSERT_EQ(lift_kill(by, request(shares, {0, 1}))->number, 2);
  tend();
  EXPECT_EQ(read_all(), 5u) << "the budgets bind again";
  EXPECT_EQ(objects(kOwn), (Texts{"seal", "open", "read", "close", "lift", "report", "report"}));
  EXPECT_EQ(activities(tenants[0]), (Texts{"break_glass_open", "break_glass_report"}));
}

TEST_F(BreakGlass, AsksForAReasonAndACase) {
  auto asked = request(seal(), {0, 1});
  be_killed();
  asked.reason.clear();
  EXPECT_EQ(refusal(asked), Errc::malformed);
  EXPECT_EQ(lift_refusal(asked), Errc::malformed);
  asked.reason = "why";
  asked.case_reference = "a\nb";
  EXPECT_EQ(refusal(asked), Errc::malformed);
}

}  // namespace
}  // namespace countersign::flow
