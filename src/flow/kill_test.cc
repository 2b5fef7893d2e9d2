#include "flow/kill.h"

#include <thread>

#include "core/record/stored_event.h"
#include "flow/find_app.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/portal_world_test.h"
#include "store/breach.h"
#include "testing/fault_store.h"

namespace countersign::flow {
namespace {

class Kill : public PortalTest {
 protected:
  Actor actor() const {
    Actor out;
    out.credential = "uid:7";
    return out;
  }
  Administration by{ports, actor()};

  Result<std::vector<Killed>> end(KillBy kind, std::string value, Tree tree = Tree::no) {
    return kill(by, {.by = kind, .value = std::move(value), .tree = tree});
  }
  CreatedApp make_app() {
    AppDraft draft;
    draft.tenant = world.tenant.id;
    draft.name = "made " + random_text(world.random, 6, kIdAlphabet);
    auto made = create_app(by, std::move(draft));
    EXPECT_TRUE(made) << made.error().what;
    return *std::move(made);
  }
  bool enabled(const Application& app) {
    return (*store::read(*world.store, [&](store::Txn& txn) { return store::app_by_id(txn, app.id); }))->enabled;
  }
  std::vector<std::string> children(const std::string& parent) {
    std::vector<std::string> out;
    const auto made = store::read(*world.store, [&](store::Txn& txn) { return store::grants_made_by(txn, parent); });
    for (const store::Grant& grant : *made) out.push_back(grant.id);
    return out;
  }
  int kill_events(const std::string& tree) {
    int out = 0;
    EXPECT_TRUE(world.store->read([&](store::Txn& txn) -> Result<void> {
      TRY(store::ledger_entries(txn, tree, 0, 10'000, [&](const store::LedgerEntry& one) {
        out += one.entry.find(R"("type":"kill")") != one.entry.npos;
      }));
      return {};
    }));
    return out;
  }
};

TEST_F(Kill, DisablesAnApplicationAtOnceAlsoInTheCache) {
  AppCache cache;
  world.ports->apps = &cache;
  const CreatedApp made = make_app();
  ASSERT_TRUE((*find_app(ports, made.app.id))->enabled);  // cached
  const auto done = end(KillBy::app, made.app.id.text());
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->at(0).kind, kMadeApplication);
  EXPECT_FALSE((*find_app(ports, made.app.id))->enabled);
  auto app = *find_app(ports, made.app.id);
  AppChange change;
  change.enabled = true;
  EXPECT_EQ(change_app(by, *app, std::move(change)).error().code, Errc::refused);
  EXPECT_FALSE(enabled(made.app));
}

TEST_F(Kill, EndsASessionOfThePortal) {
  give_passkey(ada);
  enter_by_passkey();
  const auto sessions =
      children(store::read(*world.store, [&](store::Txn& txn) { return store::enrolments_of(txn, ada.tenant, ada.id); })
                   ->at(0)
                   .id.text());
  ASSERT_EQ(sessions.size(), 1u);
  ASSERT_TRUE(look());
  ASSERT_TRUE(end(KillBy::session, sessions[0]));
  EXPECT_EQ(look().error().code, Errc::not_found);
}

TEST_F(Kill, TakesTheTreeWithIt) {
  world.add_totp(ada);
  const EnrolmentId passkey = give_passkey(ada);
  enter_by_passkey();
  const std::string parent = children(passkey.text()).at(0);
  PortalForm form;
  form.name = "Bag";
  ASSERT_EQ(outcome(press(portal_begin_passkey)), PortalOutcome::done);
  testing::VirtualAuthenticator bag(7);
  form.response = bag.create(seen().options, kPortalOrigin);
  ASSERT_EQ(outcome(press(portal_add_passkey, form)), PortalOutcome::done);
  ASSERT_EQ(children(parent).size(), 1u);
  ASSERT_EQ(enrolments(ada), 3u);
  const auto done = end(KillBy::credential, passkey.text(), Tree::yes);
  ASSERT_FALSE(done);  // a factor that nobody noted: it is found within its tenant
  EXPECT_EQ(done.error().code, Errc::not_found);
  const auto killed = kill(by, {.value = passkey.text(), .tree = Tree::yes, .tenant = world.tenant.id});
  ASSERT_TRUE(killed) << killed.error().what;
  EXPECT_EQ(killed->size(), 3u);  // the passkey, its session, the passkey made in it
  EXPECT_EQ(enrolments(ada), 1u);
  EXPECT_EQ(look().error().code, Errc::not_found);
}

TEST_F(Kill, LeavesWhatWasMadeBeforeWhereItIsAsked) {
  const CreatedApp older = make_app();
  world.clock.advance(seconds(60));
  const Instant since = world.clock.now();
  const CreatedApp newer = make_app();
  const Administration other{ports, {}};
  ASSERT_TRUE(kill(other, {.value = "uid:7", .tree = Tree::yes, .since = since}));
  EXPECT_TRUE(enabled(older.app));
  EXPECT_FALSE(enabled(newer.app));
  EXPECT_TRUE(*is_killed(ports, "uid:7"));
  EXPECT_FALSE(*is_killed(ports, "uid:8"));
}

TEST_F(Kill, CanBeAskedForAgain) {
  const CreatedApp made = make_app();
  ASSERT_TRUE(end(KillBy::app, made.app.id.text()));
  const auto again = end(KillBy::app, made.app.id.text());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->at(0).already);
  EXPECT_EQ(kill_events(world.tenant.id.text()), 2);  // also that it was asked for in vain
}

TEST_F(Kill, FindsNothingOfAnotherTenant) {
  const Tenant other = world.add_tenant("other");
  const CreatedApp made = make_app();
  const auto done = kill(by, {.by = KillBy::app, .value = made.app.id.text(), .tenant = other.id});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::not_found);
  EXPECT_TRUE(enabled(made.app));
  const EnrolmentId passkey = give_passkey(ada);
  EXPECT_EQ(kill(by, {.value = passkey.text(), .tenant = other.id}).error().code, Errc::not_found);
  EXPECT_EQ(enrolments(ada), 1u);
}

TEST_F(Kill, KillsOnlyWhatIsAskedFor) {
  const CreatedApp made = make_app();
  EXPECT_EQ(end(KillBy::session, made.app.id.text()).error().code, Errc::not_found);
  EXPECT_EQ(end(KillBy::signer, made.app.id.text()).error().code, Errc::not_found);
  EXPECT_EQ(end(KillBy::credential, "no such thing").error().code, Errc::not_found);
  EXPECT_EQ(end(KillBy::credential, "").error().code, Errc::malformed);
  EXPECT_TRUE(enabled(made.app));
}

TEST_F(Kill, EndsAUsersSessionsAndLetsHimSignInAgain) {
  give_passkey(ada);
  enter_by_passkey();
  const KillQuery query{.value = ada.id.text(), .tenant = world.tenant.id};
  ASSERT_TRUE(kill(by, query));
  EXPECT_EQ(look().error().code, Errc::not_found);
  enter_by_passkey();
  EXPECT_TRUE(look());
}

TEST_F(Kill, IsAllOrNothingWhereverTheStoreBreaks) {
  const CreatedApp made = make_app();
  testing::FaultStore fault(*world.store);
  Ports broken{fault, *world.keys, world.clock, world.random, world.ports->wake, world.ports->settings};
  const Administration there{broken, actor()};
  bool done = false;
  for (int n = 1; n < 200 && !done; ++n) {
    fault.fail_from(n, Errc::unavailable);
    done = kill(there, {.by = KillBy::app, .value = made.app.id.text()}).has_value();
    fault.heal();
    EXPECT_EQ(enabled(made.app), !done);
    EXPECT_EQ(kill_events(world.tenant.id.text()), done ? 1 : 0);
  }
  EXPECT_TRUE(done);
}

TEST_F(Kill, SparesTheCallersOwnCredential) { EXPECT_EQ(end(KillBy::credential, "uid:7").error().code, Errc::refused); }

TEST_F(Kill, EndsASigner) {
  world.write([&](store::Txn& txn) {
    return store::insert_signer(txn, {.id = "ad_1",
                                      .tenant = world.tenant.id,
                                      .name = "Dana",
                                      .public_key = Bytes(65, 4),
                                      .made = world.clock.now()});
  });
  ASSERT_TRUE(end(KillBy::signer, "ad_1"));
  const auto signer = store::read(*world.store, [](store::Txn& txn) { return store::signer_by_id(txn, "ad_1"); });
  EXPECT_TRUE((*signer)->killed);
}

TEST_F(Kill, OfTwoAtOnceEndsEachThingOnce) {
  const CreatedApp made = make_app();
  std::vector<std::thread> threads;
  std::atomic<int> fresh = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto done = end(KillBy::app, made.app.id.text());
      if (done && !done->at(0).already) ++fresh;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fresh, 1);
  EXPECT_FALSE(enabled(made.app));
}

}  // namespace
}  // namespace countersign::flow
