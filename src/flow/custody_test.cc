#include "flow/custody.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/history/opening.h"
#include "core/record/stored_event.h"
#include "flow/export_history.h"
#include "flow/sign_in.h"
#include "store/ledger.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using testing::SmallWorld;

const Reader kReader{.actor = {.kind = "operator", .credential = "uid:0"}, .purpose = "test"};

class Custody : public ::testing::Test {
 protected:
  SmallWorld world_;
  Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  crypto::X25519Key key_ = crypto::X25519Key::generate(world_.random);
  const Tenant& tenant_ = world_.tenant;

  Secret token_of(const MadeLink& link) { return Secret(link.url.substr(link.url.find("token=") + 6)); }
  Secret link(LinkPurpose purpose = LinkPurpose::slot) { return token_of(*make_custody_link(by_, tenant_, purpose)); }

  Result<bool> upload(const Secret& token, const crypto::X25519PublicKey& key) {
    std::promise<Result<bool>> promise;
    SlotUpload out{Secret(token.reveal()), "Ada's laptop", key, Bytes{1}, Bytes(32, 2), Bytes(60, 3), "192.0.2.1"};
    take_slot(ports_, std::move(out), [&](Result<bool> done) { promise.set_value(std::move(done)); });
    return promise.get_future().get();
  }
  void hand_over() {
    ASSERT_TRUE(upload(link(), key_.public_key()));
    ASSERT_TRUE(give_custody_to_tenant(by_, tenant_, OldKeys::keep));
  }
  CustodyView view() { return *custody_of(ports_, tenant_.id); }

  // An event of history, as a sign-in writes it.
  void write_event(const std::string& user) {
    record::AuthEvent event;
    event.id = EventId::make(world_.random);
    event.tenant = tenant_.id;
    event.at = world_.clock.now();
    event.result = "success";
    event.user_name = user;
    const auto row = seal_event(ports_, event);
    ASSERT_TRUE(row) << row.error().what;
    world_.write([&](store::Txn& txn) { return store::append_history(txn, *row); });
  }
  std::vector<std::string> exported(DayKeys keys) {
    std::vector<std::string> out;
    const std::int64_t today = record::day_of(world_.clock.now());
    const auto done = export_history(ports_, kReader, {tenant_.id, {today, today}, keys}, [&](std::string_view line) {
      out.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(done) << done.error().what;
    return out;
  }
  // Names of users whose sign-ins open.
  std::vector<std::string> users_in(const std::vector<std::string>& lines, const crypto::X25519Key& key) {
    history::Opening opening(key);
    std::vector<std::string> out;
    for (const std::string& line : lines) {
      const auto step = opening.take(line);
      if (!step) ADD_FAILURE() << step.error().what;
      if (!step || !step->row || step->row->subject.stream != "authentication") continue;
      record::AuthEvent event;
      EXPECT_TRUE(record::decode(step->row->text, event));
      out.push_back(event.user_name);
    }
    EXPECT_TRUE(opening.end_of_file());
    return out;
  }
  std::vector<ledger::Event> ledger_events(ledger::EventType type) {
    std::vector<ledger::Event> out;
    EXPECT_TRUE(world_.store->read([&](store::Txn& txn) -> Result<void> {
      TRY(store::ledger_entries(txn, tenant_.id.text(), 0, 1000, [&](const store::LedgerEntry& entry) {
        const auto event = ledger::decode_event(entry.entry);
        if (event && event->type == type) out.push_back(*event);
      }));
      return {};
    }));
    return out;
  }
};

TEST_F(Custody, IsOfTheServiceUntilTheTenantHasAKey) {
  EXPECT_EQ(view().keeping.custody, store::Custody::service);
  EXPECT_EQ(give_custody_to_tenant(by_, tenant_, OldKeys::keep).error().code, Errc::conflict);
  hand_over();
  EXPECT_EQ(view().keeping.custody, store::Custody::tenant);
  for (const store::RecipientKey& key : view().recipients) EXPECT_EQ(key.retired.has_value(), key.kind == "service");
}

TEST_F(Custody, OfTheTenantSealsForTheTenantAlone) {
  write_event("before");
  hand_over();
  write_event("after");
  EXPECT_EQ(users_in(exported(DayKeys::with_rows), key_), std::vector<std::string>{"after"});
  const auto read = read_history(ports_, kReader, {.tenant = tenant_.id}, [](const OpenedEvent&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::refused);
  EXPECT_NE(read.error().what.find("countersign reader"), std::string::npos);
}

TEST_F(Custody, OpensNothingWithoutTheDaysKey) {
  hand_over();
  write_event("ada");
  EXPECT_TRUE(users_in(exported(DayKeys::none), key_).empty());
  EXPECT_EQ(ledger_events(ledger::EventType::key_release).size(), 0u);
  const auto keys = exported(DayKeys::alone);
  auto both = keys;
  for (std::string& line : exported(DayKeys::none)) both.push_back(std::move(line));
  EXPECT_EQ(users_in(both, key_), std::vector<std::string>{"ada"});
}

TEST_F(Custody, RecordsWhatLeftBeforeItLeaves) {
  hand_over();
  write_event("ada");
  write_event("ben");
  exported(DayKeys::with_rows);
  const auto released = ledger_events(ledger::EventType::key_release);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].days, std::vector<std::int64_t>{record::day_of(world_.clock.now())});
  EXPECT_EQ(released[0].actor.credential, "uid:0");
  std::uint64_t rows = 0;
  for (const ledger::Event& event : ledger_events(ledger::EventType::export_)) rows += event.count;
  // Two sign-ins, and three changes: the link, the slot, the custody.
  EXPECT_EQ(rows, 5u);
}

TEST_F(Custody, ExportsNoMoreRowsThanTheBudgetHas) {
  hand_over();
  for (int i = 0; i < 5; ++i) write_event("ada");
  ports_.settings.allowances = {{.kind = "operator", .rows_a_day = 3}};
  int rows = 0;
  bool ended = false;
  const std::int64_t today = record::day_of(world_.clock.now());
  const auto done =
      export_history(ports_, kReader, {tenant_.id, {today, today}, DayKeys::none}, [&](std::string_view line) {
        rows += line.starts_with("{\"row\"");
        ended = ended || line.starts_with("{\"end\"");
        return true;
      });
  EXPECT_EQ(done.error().code, Errc::exhausted);
  EXPECT_EQ(rows, 3);
  EXPECT_FALSE(ended);
  EXPECT_EQ(ledger_events(ledger::EventType::export_).back().outcome, ledger::Outcome::capped);
}

TEST_F(Custody, RefusesDaysThatAreNone) {
  for (const store::DayRange days : {store::DayRange{2, 1}, store::DayRange{-1, 1}, store::DayRange{0, 400}}) {
    const auto done = export_history(ports_, kReader, {tenant_.id, days, DayKeys::none},
                                     [](std::string_view) { return true; });
    EXPECT_EQ(done.error().code, Errc::malformed);
  }
}

TEST_F(Custody, LinksWorkOnceAndForAnHour) {
  const Secret token = link();
  EXPECT_TRUE(open_invitation(ports_, token));
  EXPECT_TRUE(open_invitation(ports_, token));  // looking uses nothing up
  EXPECT_TRUE(*upload(token, key_.public_key()));
  EXPECT_EQ(open_invitation(ports_, token).error().code, Errc::refused);
  EXPECT_EQ(upload(token, key_.public_key()).error().code, Errc::refused);
  const Secret late = link();
  world_.clock.advance(kCustodyLinkLifetime);
  EXPECT_EQ(open_invitation(ports_, late).error().code, Errc::refused);
  EXPECT_EQ(upload(late, key_.public_key()).error().code, Errc::refused);
  EXPECT_EQ(open_invitation(ports_, Secret("")).error().code, Errc::refused);
  EXPECT_EQ(open_invitation(ports_, Secret(std::string(65, 'a'))).error().code, Errc::refused);
}

TEST_F(Custody, AddsAPasskeyToTheSameKeyAlone) {
  EXPECT_TRUE(*upload(link(), key_.public_key()));
  const Secret second = link();
  const auto invited = open_invitation(ports_, second);
  EXPECT_EQ(invited->key, key_.public_key());
  EXPECT_EQ(invited->slots.size(), 1u);
  const auto other = crypto::X25519Key::generate(world_.random);
  EXPECT_EQ(upload(second, other.public_key()).error().code, Errc::malformed);
  EXPECT_FALSE(*upload(second, key_.public_key()));
  EXPECT_EQ(view().slots.size(), 2u);
}

TEST_F(Custody, RenewingBeginsAnotherKeyAndRetiresTheFirst) {
  hand_over();
  const auto next = crypto::X25519Key::generate(world_.random);
  const Secret token = link(LinkPurpose::renew);
  EXPECT_TRUE(open_invitation(ports_, token)->slots.empty());
  EXPECT_TRUE(*upload(token, next.public_key()));
  write_event("ada");
  const auto lines = exported(DayKeys::with_rows);
  EXPECT_EQ(users_in(lines, next), std::vector<std::string>{"ada"});
  EXPECT_TRUE(users_in(lines, key_).empty());
}

TEST_F(Custody, TakesNoKeyThatNothingCanBeSealedTo) {
  EXPECT_EQ(upload(link(), crypto::X25519PublicKey()).error().code, Errc::malformed);
  const RecipientDraft draft{.name = "none", .key = {}};
  EXPECT_EQ(add_recipient(by_, tenant_, draft).error().code, Errc::malformed);
}

TEST_F(Custody, KeyFilesAndProgramsAreRecipientsToo) {
  const auto siem = crypto::X25519Key::generate(world_.random);
  ASSERT_TRUE(add_recipient(by_, tenant_, {RecipientKind::siem, "splunk", siem.public_key()}));
  EXPECT_EQ(give_custody_to_tenant(by_, tenant_, OldKeys::keep).error().code, Errc::conflict);
  ASSERT_TRUE(add_recipient(by_, tenant_, {RecipientKind::tenant, "office", key_.public_key()}));
  EXPECT_EQ(add_recipient(by_, tenant_, {RecipientKind::tenant, "office", key_.public_key()}).error().code,
            Errc::conflict);
  ASSERT_TRUE(give_custody_to_tenant(by_, tenant_, OldKeys::forget));
  write_event("ada");
  const auto lines = exported(DayKeys::with_rows);
  EXPECT_EQ(users_in(lines, key_), std::vector<std::string>{"ada"});
  EXPECT_EQ(users_in(lines, siem), std::vector<std::string>{"ada"});
}

TEST_F(Custody, EightRecipientsAreEnough) {
  for (std::size_t i = 0; i + 1 < history::kRecipientsMax; ++i) {
    const auto key = crypto::X25519Key::generate(world_.random);
    ASSERT_TRUE(add_recipient(by_, tenant_, {RecipientKind::siem, "siem", key.public_key()}));
  }
  // The service's own is the eighth.
  EXPECT_EQ(add_recipient(by_, tenant_, {RecipientKind::siem, "siem", key_.public_key()}).error().code,
            Errc::exhausted);
}

TEST_F(Custody, TheLastWayToATenantsKeyStays) {
  hand_over();
  EXPECT_EQ(remove_slot(by_, tenant_, view().slots[0].id).error().code, Errc::conflict);
  EXPECT_EQ(retire_recipient(by_, tenant_, history::recipient_id(key_.public_key())).error().code, Errc::conflict);
  ASSERT_TRUE(upload(link(), key_.public_key()));
  EXPECT_TRUE(remove_slot(by_, tenant_, view().slots[0].id));
  EXPECT_EQ(remove_slot(by_, tenant_, "none").error().code, Errc::not_found);
}

TEST_F(Custody, GoesBackToTheServiceWhoseNewRowsItReads) {
  EXPECT_EQ(give_custody_to_service(by_, tenant_).error().code, Errc::conflict);
  ASSERT_TRUE(upload(link(), key_.public_key()));
  ASSERT_TRUE(give_custody_to_tenant(by_, tenant_, OldKeys::keep));
  world_.clock.advance(std::chrono::hours(24));
  ASSERT_TRUE(give_custody_to_service(by_, tenant_));
  write_event("ada");
  std::vector<std::string> users;
  const std::int64_t today = record::day_of(world_.clock.now());
  const Instant from = Instant(std::chrono::days(today));
  const auto read = read_history(ports_, kReader, {.tenant = tenant_.id, .from = from}, [&](const OpenedEvent& event) {
    users.push_back(std::get<record::AuthEvent>(event).user_name);
    return true;
  });
  EXPECT_TRUE(read) << read.error().what;
  EXPECT_EQ(users, std::vector<std::string>{"ada"});
}

TEST_F(Custody, EveryChangeIsInTheActivityLogAndInTheLedger) {
  hand_over();
  std::vector<std::string> objects;
  for (const ledger::Event& event : ledger_events(ledger::EventType::config_change)) objects.push_back(event.object);
  EXPECT_EQ(objects, (std::vector<std::string>{"custody_link_create", "custody_slot_add", "custody_update"}));
}

}  // namespace
}  // namespace countersign::flow
