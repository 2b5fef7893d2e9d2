// Rows about nobody: invisible to every reader, counted by none, and the end of whoever reads in bulk.
#include "flow/canaries.h"

#include <gtest/gtest.h>

#include <set>

#include "core/codec/hex.h"
#include "core/history/opening.h"
#include "core/ledger/checkpoint.h"
#include "core/record/stored_event.h"
#include "flow/break_glass.h"
#include "flow/close_epochs.h"
#include "flow/custody.h"
#include "flow/export_history.h"
#include "flow/kill.h"
#include "flow/recent_sign_ins.h"
#include "flow/scope.h"
#include "flow/scope_people.h"
#include "flow/sign_in.h"
#include "store/epochs.h"
#include "store/ledger.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using std::chrono::hours;

constexpr int kBlock = static_cast<int>(history::kCanaryEvery);

class Canaries : public ::testing::Test {
 protected:
  testing::SmallWorld world;
  Ports& ports = *world.ports;
  SignInCounts counts;
  std::vector<std::string> told;
  const Reader thief = reader("operator", "uid:1000");

  Canaries() {
    ports.counts = &counts;
    ports.tell = [this](std::string_view what, std::string_view) { told.emplace_back(what); };
  }

  static Reader reader(std::string kind, std::string credential) {
    return {.actor = {.kind = std::move(kind), .credential = std::move(credential)}, .purpose = "test"};
  }
  record::AuthEvent event(const TenantId& tenant) {
    record::AuthEvent out;
    out.txid = AttemptId::make(world.random);
    out.id = EventId::trusted(out.txid.text());
    out.tenant = tenant;
    out.at = world.clock.now();
    out.result = "success";
    out.user_key = "DUADA";
    out.user_name = "ada";
    out.email = "ada@acme.example";
    out.app_name = "vpn";
    out.access_device.ip = "198.51.100.9";
    out.auth_device = {"DPADA", "XXX-XXX-4321", "198.51.100.9"};
    return out;
  }
  void append(const TenantId& tenant, int rows) {
    std::vector<store::HistoryRow> sealed;
    for (int i = 0; i < rows; ++i) sealed.push_back(*seal_event(ports, event(tenant)));
    world.write([&](store::Txn& txn) -> Result<void> {
      for (const store::HistoryRow& row : sealed) TRY(store::append_history(txn, row));
      return {};
    });
  }
  // A tenant whose epoch of today has rows for 40 people and a canary: yesterday says that so many are to be expected.
  Tenant small_tenant(int number) {
    const Tenant out = world.add_tenant("t" + std::to_string(number));
    append(out.id, 40);
    return out;
  }
  std::vector<Tenant> small_tenants(int count) {
    std::vector<Tenant> out;
    for (int i = 0; i < count; ++i) out.push_back(small_tenant(i));
    world.clock.advance(hours(27));
    EXPECT_EQ(*close_epochs(ports), count);
    for (const Tenant& tenant : out) append(tenant.id, 40);
    return out;
  }
  std::int64_t today() { return record::day_of(world.clock.now()); }

  std::vector<store::StoredEpoch> epochs(const TenantId& tenant) {
    return *store::read(*world.store, [&](store::Txn& txn) { return store::epochs_of(txn, tenant, 0, 1'000'000); });
  }
  struct Rows {
    std::vector<store::HistoryRow> people, canaries;
  };
  Rows rows(const TenantId& tenant) {
    Rows out;
    for (const store::StoredEpoch& epoch : epochs(tenant)) {
      const history::CanaryMarks marks = *canary_marks(ports, tenant, epoch.id);
      EXPECT_TRUE(store::read(*world.store, [&](store::Txn& txn) {
        return store::history_of_epoch(txn, tenant, {epoch.day, epoch.id, 0, 100'000},
                                       [&](const store::HistoryRow& row) {
                                         (is_canary(marks, row) ? out.canaries : out.people).push_back(row);
                                       });
      }));
    }
    return out;
  }
  struct Read {
    std::vector<std::string> users;
    Result<void> end;
  };
  Read read(const Reader& by, const TenantId& tenant) {
    std::vector<std::string> users;
    Result<void> end = read_history(ports, by, {.tenant = tenant}, [&](const OpenedEvent& one) {
      users.push_back(std::get<record::AuthEvent>(one).user_name);
      return true;
    });
    return {std::move(users), std::move(end)};
  }
  struct Exported {
    std::vector<std::string> lines;
    std::size_t rows = 0;
    Result<void> end;
  };
  Exported exported(const TenantId& tenant, DayKeys keys = DayKeys::none) {
    Exported out;
    const std::int64_t first = today() - 5;
    out.end = export_history(ports, thief, {tenant, {first, today()}, keys}, [&](std::string_view line) {
      out.lines.emplace_back(line);
      out.rows += line.starts_with("{\"row\"") ? 1 : 0;
      return true;
    });
    return out;
  }
  std::vector<ledger::Event> events(std::string_view tree, ledger::EventType type) {
    std::vector<ledger::Event> out;
    EXPECT_TRUE(store::read(*world.store, [&](store::Txn& txn) {
      return store::ledger_entries(txn, tree, 0, 10'000, [&](const store::LedgerEntry& entry) {
        ledger::Event one = *ledger::decode_event(entry.entry);
        if (one.type == type) out.push_back(std::move(one));
      });
    }));
    return out;
  }
  std::vector<ledger::Event> events(const TenantId& tenant, ledger::EventType type) {
    return events(tenant.text(), type);
  }
  ExposedTenant exposed(const TenantId& tenant) {
    const auto found = find_scope(ports, {.by = ScopeBy::credential,
                                          .value = thief.actor.credential,
                                          .from = Instant(hours(1)),
                                          .to = world.clock.now() + seconds(1)});
    EXPECT_TRUE(found) << found.error().what;
    for (const ExposedTenant& one : found->tenants) {
      if (one.tenant == tenant) return one;
    }
    ADD_FAILURE() << "the scope does not name the tenant";
    return {};
  }
};

TEST_F(Canaries, AreOneRowInTwoThousand) {
  append(world.tenant.id, 3 * kBlock);
  const Rows all = rows(world.tenant.id);
  EXPECT_EQ(all.people.size(), 3u * kBlock);
  EXPECT_EQ(all.canaries.size(), 3u);
}

TEST_F(Canaries, AShortDayHasOneToo) {
  const Tenant tenant = small_tenants(1).front();
  const Rows all = rows(tenant.id);
  EXPECT_EQ(all.people.size(), 80u);
  ASSERT_EQ(all.canaries.size(), 1u);
  EXPECT_EQ(all.canaries[0].day, today());
}

TEST_F(Canaries, LookLikeAnyOtherRowFromOutside) {
  append(world.tenant.id, kBlock);
  const Rows all = rows(world.tenant.id);
  ASSERT_EQ(all.canaries.size(), 1u);
  const store::HistoryRow& canary = all.canaries[0];
  EXPECT_EQ(canary.sealed.size(), all.people[0].sealed.size());
  EXPECT_EQ(canary.id.text().size(), all.people[0].id.text().size());
  EXPECT_EQ(canary.user_tag.has_value(), all.people[0].user_tag.has_value());
  EXPECT_FALSE(is_canary(history::CanaryMarks(Bytes(32, 1)), canary)) << "who has another key knows none";
}

TEST_F(Canaries, SayNothingOfWhoeverTheyStandBeside) {
  const record::AuthEvent beside = event(world.tenant.id);
  const EventId id = EventId::make(world.random);
  const auto text = canary_beside(world.random, record::encode(beside), id);
  ASSERT_TRUE(text);
  EXPECT_TRUE(record::is_canary(*text));
  EXPECT_FALSE(record::is_canary(record::encode(beside)));
  record::AuthEvent decoy;
  decoy.id = id;
  ASSERT_TRUE(record::decode(*text, decoy));
  EXPECT_EQ(decoy.at, beside.at);
  EXPECT_EQ(decoy.app_name, beside.app_name);
  EXPECT_NE(decoy.user_key, beside.user_key);
  EXPECT_NE(decoy.user_name, beside.user_name);
  EXPECT_EQ(decoy.email, decoy.user_name + "@acme.example");
  EXPECT_TRUE(decoy.access_device.ip.starts_with("10.")) << decoy.access_device.ip;
  EXPECT_EQ(decoy.auth_device.ip, decoy.access_device.ip);
  EXPECT_NE(decoy.auth_device.key, beside.auth_device.key);
  EXPECT_TRUE(decoy.auth_device.name.starts_with("XXX-XXX-01")) << decoy.auth_device.name;
  EXPECT_EQ(text->find("ada"), std::string::npos);
  EXPECT_FALSE(canary_beside(world.random, "no event", id));
}

TEST_F(Canaries, ANormalReaderSeesAndDoesNothingOfThem) {
  append(world.tenant.id, 2 * kBlock);
  const Read done = read(thief, world.tenant.id);
  ASSERT_TRUE(done.end) << done.end.error().what;
  EXPECT_EQ(done.users, std::vector<std::string>(2u * kBlock, "ada"));
  std::uint64_t named = 0;
  for (const ledger::Event& one : events(world.tenant.id, ledger::EventType::read)) named += one.count;
  EXPECT_EQ(named, 2u * kBlock) << "rows about nobody are not charged";
  EXPECT_TRUE(events(world.tenant.id, ledger::EventType::canary).empty());
  EXPECT_FALSE(*is_killed(ports, thief.actor.credential));
  const auto found = testing::finish<std::vector<record::AuthEvent>>([&](auto finish) {
    recent_sign_ins(ports, reader("user", "s_1"), world.tenant.id, UserId::trusted("DUADA"), finish);
  });
  ASSERT_TRUE(found);
  for (const record::AuthEvent& one : *found) EXPECT_EQ(one.user_name, "ada");
}

TEST_F(Canaries, AreNotInWhatAnIncidentCounts) {
  append(world.tenant.id, 2 * kBlock);
  ASSERT_TRUE(read(thief, world.tenant.id).end);
  ExposedTenant open = exposed(world.tenant.id);
  EXPECT_EQ(open.returned, 2u * kBlock);
  EXPECT_EQ(open.released, 2u * kBlock);
  world.clock.advance(hours(27));
  ASSERT_EQ(*close_epochs(ports), 1);
  EXPECT_EQ(exposed(world.tenant.id).released, 2u * kBlock) << "a closed epoch knows how many are about nobody";
  ASSERT_TRUE(exported(world.tenant.id).end);
  EXPECT_EQ(exposed(world.tenant.id).returned, 2u * kBlock) << "an export's canaries are not counted either";
  const Administration by{ports, {}};
  const auto found = find_scope(ports, {.by = ScopeBy::credential,
                                        .value = thief.actor.credential,
                                        .from = Instant(hours(1)),
                                        .to = world.clock.now() + seconds(1)});
  const auto people = people_of(by, *found, exposed(world.tenant.id));
  ASSERT_TRUE(people) << people.error().what;
  EXPECT_EQ(people->people.size(), 1u);
  EXPECT_EQ(people->numbers, 1u);
  EXPECT_EQ(people->people[0].rows, 2u * kBlock);
}

TEST_F(Canaries, AreCountedByTheTrailerThatClosesTheirEpoch) {
  append(world.tenant.id, kBlock);
  world.clock.advance(hours(27));
  ASSERT_EQ(*close_epochs(ports), 1);
  const store::StoredEpoch epoch = epochs(world.tenant.id).at(0);
  EXPECT_EQ(epoch.rows, kBlock + 1u);
  EXPECT_EQ(epoch.canaries, 1u);
}

TEST_F(Canaries, ATransactionThatWasUndoneLeavesNone) {
  std::vector<store::HistoryRow> sealed;
  for (int i = 0; i < kBlock; ++i) sealed.push_back(*seal_event(ports, event(world.tenant.id)));
  EXPECT_EQ(std::ranges::count_if(sealed, [](const auto& row) { return row.companion != nullptr; }), 1);
  const auto undone = store::write_and_wait(*world.store, [&](store::Txn& txn) -> Result<bool> {
    for (const store::HistoryRow& row : sealed) TRY(store::append_history(txn, row));
    return Error{Errc::refused, "no"};
  });
  ASSERT_FALSE(undone);
  append(world.tenant.id, 1);
  EXPECT_EQ(rows(world.tenant.id).people.size() + rows(world.tenant.id).canaries.size(), 1u);
}

TEST_F(Canaries, EndAReaderInBulkBeforeTheEleventhTenantsRows) {
  const std::vector<Tenant> tenants = small_tenants(14);
  std::size_t with_rows = 0;
  std::set<std::string> refused;
  for (const Tenant& tenant : tenants) {
    const Read done = read(thief, tenant.id);
    with_rows += done.users.empty() ? 0 : 1;
    if (!done.end) refused.insert(std::string(done.end.error().what));
    if (!done.end) EXPECT_EQ(done.end.error().code, Errc::refused);
    if (*is_killed(ports, thief.actor.credential)) break;  // faces refuse it from here on
  }
  EXPECT_EQ(with_rows, 10u) << "800 rows at most";
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_NE(refused.begin()->find("was killed"), std::string::npos);
  const auto alarm = events(tenants[10].id, ledger::EventType::canary);
  ASSERT_EQ(alarm.size(), 1u);
  EXPECT_EQ(alarm[0].outcome, ledger::Outcome::denied);
  EXPECT_EQ(alarm[0].count, 1u);
  EXPECT_EQ(alarm[0].actor.credential, "uid:1000");
  const auto kills = events(ledger::kOperatorTree, ledger::EventType::kill);
  ASSERT_EQ(kills.size(), 1u);
  EXPECT_NE(kills[0].query.find("uid:1000"), std::string::npos);
  EXPECT_EQ(told, std::vector<std::string>{"alarm"});
  EXPECT_EQ(counts.alarms, 1);
}

TEST_F(Canaries, WhoWasBroughtBackBeginsAnew) {
  const std::vector<Tenant> tenants = small_tenants(22);
  const auto read_until_killed = [&](std::size_t from) {
    std::size_t i = from;
    while (!*is_killed(ports, "uid:1000")) (void)!read(thief, tenants[i++].id).end;
    return i - from;
  };
  EXPECT_EQ(read_until_killed(0), 11u);
  Actor operator_;
  operator_.credential = "uid:1000";
  const Administration by{ports, operator_};
  auto shares = std::move(seal_glass(by)->shares);
  shares.pop_back();
  const auto lifted = lift_kill(by, {std::move(shares), "a backup that went through all tenants", "4711"});
  ASSERT_TRUE(lifted) << lifted.error().what;
  EXPECT_EQ(told, (std::vector<std::string>{"alarm", "alarm"}));
  EXPECT_EQ(read_until_killed(11), 11u) << "ten more tenants, and not one";
}

TEST_F(Canaries, TwoPagesAtOnceKillOnlyOnce) {
  const std::vector<Tenant> tenants = small_tenants(11);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(read(thief, tenants[static_cast<std::size_t>(i)].id).end);
  EXPECT_EQ(read(thief, tenants[10].id).end.error().code, Errc::refused);
  const auto grant = *store::read(*world.store, [&](store::Txn& txn) { return store::grant_of(txn, "uid:1000"); });
  world.clock.advance(seconds(5));
  EXPECT_EQ(read(thief, tenants[10].id).end.error().code, Errc::refused) << "a page that was under way meanwhile";
  const auto again = *store::read(*world.store, [&](store::Txn& txn) { return store::grant_of(txn, "uid:1000"); });
  EXPECT_EQ(again->killed, grant->killed);
}

TEST_F(Canaries, AnHourIsAnHour) {
  const std::vector<Tenant> tenants = small_tenants(14);
  for (const Tenant& tenant : tenants) {
    EXPECT_TRUE(read(thief, tenant.id).end) << "a help desk that looks at one tenant after another all day";
    world.clock.advance(std::chrono::minutes(7));
  }
  EXPECT_TRUE(told.empty());
}

TEST_F(Canaries, AreNoMatterToOneWhoReadsOneTenantAgainAndAgain) {
  append(world.tenant.id, kBlock);
  for (int i = 0; i < 15; ++i) EXPECT_TRUE(read(thief, world.tenant.id).end);
  EXPECT_TRUE(told.empty());
}

TEST_F(Canaries, MarkATenantsOwnReadAndEndNobody) {
  ports.settings.allowances = {{.kind = "tenant_admin"}};
  for (const Tenant& tenant : small_tenants(14)) {
    EXPECT_TRUE(read(reader("tenant_admin", "c_admin"), tenant.id).end);
  }
  EXPECT_FALSE(*is_killed(ports, "c_admin"));
}

TEST_F(Canaries, AnExportIsMarkedByThoseThatLeftInIt) {
  append(world.tenant.id, 2 * kBlock);
  const Exported done = exported(world.tenant.id);
  ASSERT_TRUE(done.end);
  EXPECT_EQ(done.rows, 2u * kBlock + 2) << "what is sealed leaves whole: its trailer counts all of it";
  std::set<std::pair<std::string, std::uint64_t>> named, there;
  for (const ledger::Event& one : events(world.tenant.id, ledger::EventType::canary)) {
    EXPECT_EQ(one.outcome, ledger::Outcome::ok);
    for (const ledger::RowSet& set : one.rows) {
      const auto numbers = *ledger::parse_row_ranges(set.rows);
      for (const std::uint64_t number : numbers) named.emplace(set.epoch, number);
    }
  }
  for (const store::HistoryRow& row : rows(world.tenant.id).canaries) {
    const auto place = *history::place_of(row.sealed);
    there.emplace(codec::to_hex(place.epoch), place.number);
  }
  EXPECT_EQ(named, there);
  EXPECT_TRUE(told.empty());
}

TEST_F(Canaries, ExportsOfManyTenantsEndTheReaderToo) {
  const std::vector<Tenant> tenants = small_tenants(11);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(exported(tenants[static_cast<std::size_t>(i)].id).end);
  const Exported last = exported(tenants[10].id);
  EXPECT_EQ(last.end.error().code, Errc::refused);
  EXPECT_LE(last.rows, 40u) << "yesterday's epoch at most, which has none";
  EXPECT_TRUE(*is_killed(ports, thief.actor.credential));
}

TEST_F(Canaries, AreKnownToTheTenantThatKeepsItsKeys) {
  const Administration by{ports, {}};
  const auto key = crypto::X25519Key::generate(world.random);
  ASSERT_TRUE(add_recipient(by, world.tenant, {RecipientKind::tenant, "office", key.public_key()}));
  ASSERT_TRUE(give_custody_to_tenant(by, world.tenant, OldKeys::forget));
  append(world.tenant.id, kBlock);
  world.clock.advance(hours(27));
  ASSERT_GE(*close_epochs(ports), 2);
  EXPECT_EQ(rows(world.tenant.id).canaries.size(), 1u) << "the service knows it without opening it";
  const Exported done = exported(world.tenant.id, DayKeys::with_rows);
  ASSERT_TRUE(done.end);
  history::Opening opening(key);
  int people = 0, canaries = 0;
  for (const std::string& line : done.lines) {
    const auto step = opening.take(line);
    ASSERT_TRUE(step) << step.error().what;
    for (const std::string& problem : step->problems) EXPECT_EQ(problem.find("incomplete"), std::string::npos);
    if (!step->row || step->row->subject.stream != "authentication") continue;
    (record::is_canary(step->row->text) ? canaries : people) += 1;
  }
  EXPECT_TRUE(opening.end_of_file());
  EXPECT_EQ(people, kBlock);
  EXPECT_EQ(canaries, 1);
}

}  // namespace
}  // namespace countersign::flow
