#include "flow/exports.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/json_read.h"
#include "core/crypto/hash.h"
#include "core/history/export.h"
#include "core/record/auth_event.h"
#include "flow/custody.h"
#include "flow/kill.h"
#include "flow/scope.h"
#include "flow/sign_in.h"
#include "flow/signers.h"
#include "store/ledger.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::SmallWorld;

// A person with a key.
struct Person {
  crypto::Es256Key key;
  store::Signer signer;
  Bytes sign(std::string_view text) const { return key.sign(bytes_of(text)); }
};

Actor as(std::string credential) {
  Actor out;
  out.credential = std::move(credential);
  return out;
}

enum class Engine { memory, sqlite };

class Exports : public ::testing::TestWithParam<Engine> {
 protected:
  testing::TempDir dir_;
  SmallWorld world_{GetParam() == Engine::memory ? store::open_memory() : *store::open("sqlite", dir_.path())};
  Ports& ports_ = *world_.ports;
  Administration by_{ports_, as("uid:0")};
  const Tenant& tenant_ = world_.tenant;
  const std::int64_t today_ = record::day_of(world_.clock.now());

  Person person(const std::string& name, const TenantId& of) {
    const auto key = crypto::Es256Key::generate(world_.random);
    return {key, *add_signer(by_, {of, name, key.public_key()})};
  }
  Person ada_ = person("Ada", tenant_.id), ben_ = person("Ben", tenant_.id);

  void write_events(int count) {
    for (int i = 0; i < count; ++i) {
      record::AuthEvent event;
      event.id = EventId::make(world_.random);
      event.tenant = tenant_.id;
      event.at = world_.clock.now();
      event.result = "success";
      const auto row = seal_event(ports_, event);
      ASSERT_TRUE(row) << row.error().what;
      world_.write([&](store::Txn& txn) { return store::append_history(txn, *row); });
    }
  }
  ExportDraft draft(DayKeys keys = DayKeys::none, std::int64_t days = 1) {
    return {.tenant = tenant_.id,
            .days = {today_ - days + 1, today_},
            .keys = keys,
            .requester = ada_.signer.id,
            .purpose = "audit",
            .case_reference = "4711"};
  }
  ExportView ask(const ExportDraft& wanted) {
    const auto asked = ask_export(by_, wanted);
    EXPECT_TRUE(asked) << asked.error().what;
    return *asked;
  }
  ExportView ask() { return ask(draft()); }
  ExportName of(const ExportView& view) const { return {tenant_.id, view.stored.id}; }
  Result<ExportView> sign(const ExportView& view, const Person& who) {
    return sign_export(by_, of(view), who.sign(view.stored.intent));
  }
  Result<ExportView> approve(const ExportView& view, const Person& who) {
    return approve_export(by_, of(view), {who.signer.id, who.sign(view.stored.intent)});
  }
  ExportState state(const ExportView& view) { return find_export(ports_, of(view))->state; }
  // Signed by one, and its veto window over.
  ExportView ready() {
    const ExportView view = ask();
    EXPECT_EQ(sign(view, ada_)->state, ExportState::approved);
    world_.clock.advance(minutes(30));
    return view;
  }

  struct Fetched {
    Result<void> done;
    int rows = 0, keys = 0;
    bool ended = false;
  };
  Fetched fetch(const ExportView& view, const Bytes& proof) {
    int rows = 0, keys = 0;
    bool ended = false;
    auto done = fetch_export(by_, of(view), proof, [&](std::string_view line) {
      rows += line.starts_with("{\"row\"");
      keys += line.starts_with("{\"day\"");
      ended = ended || line.starts_with("{\"end\"");
      return true;
    });
    return {std::move(done), rows, keys, ended};
  }
  Fetched fetch(const ExportView& view, const Person& who) {
    const auto challenge = export_challenge(ports_, of(view));
    EXPECT_TRUE(challenge) << challenge.error().what;
    return fetch(view, who.sign(challenge ? *challenge : ""));
  }

  std::vector<ledger::Event> events() {
    std::vector<ledger::Event> out;
    EXPECT_TRUE(world_.store->read([&](store::Txn& txn) -> Result<void> {
      out.clear();
      TRY(store::ledger_entries(txn, tenant_.id.text(), 0, 1000, [&](const store::LedgerEntry& entry) {
        out.push_back(*ledger::decode_event(entry.entry));
      }));
      return {};
    }));
    return out;
  }
  std::vector<ledger::Event> events(std::string_view object) {
    std::vector<ledger::Event> out = events();
    std::erase_if(out, [&](const ledger::Event& event) { return event.object != object; });
    return out;
  }
  // The step was refused, and the last event of the ledger says so.
  void expect_refused(const Error& error, std::string_view words, Errc code = Errc::refused) {
    EXPECT_EQ(error.code, code) << error.what;
    EXPECT_NE(error.what.find(words), std::string::npos) << error.what;
    const ledger::Event last = events().back();
    EXPECT_NE(last.outcome, ledger::Outcome::ok);
    EXPECT_EQ(last.detail, error.what);
  }
};

INSTANTIATE_TEST_SUITE_P(Flow, Exports, ::testing::Values(Engine::memory, Engine::sqlite),
                         [](const auto& info) { return info.param == Engine::memory ? "memory" : "sqlite"; });

TEST_P(Exports, OfFewRowsTakeOneSignatureAndThePatienceOfItsTenant) {
  write_events(3);
  const ExportView view = ask(draft(DayKeys::with_rows));
  EXPECT_EQ(view.state, ExportState::asked);
  EXPECT_EQ(view.intent.rows, 5u);  // three sign-ins, two signers
  const auto signed_by_one = sign(view, ada_);
  ASSERT_TRUE(signed_by_one) << signed_by_one.error().what;
  EXPECT_EQ(signed_by_one->state, ExportState::approved);
  EXPECT_EQ(signed_by_one->stored.runs_at, world_.clock.now() + minutes(30));
  expect_refused(fetch(view, ada_.sign("too early")).done.error(), "its tenant may stop it");
  world_.clock.advance(minutes(30) - milliseconds(1));
  EXPECT_EQ(state(view), ExportState::approved);
  world_.clock.advance(milliseconds(1));
  EXPECT_EQ(state(view), ExportState::ready);
  const Fetched got = fetch(view, ada_);
  ASSERT_TRUE(got.done) << got.done.error().what;
  EXPECT_TRUE(got.ended);
  EXPECT_EQ(got.keys, 1);
  EXPECT_GE(got.rows, 5);
  EXPECT_EQ(state(view), ExportState::fetched);
}

TEST_P(Exports, LeaveInTheLedgerWhoSignedAndWhatLeft) {
  write_events(1);
  const ExportView view = ready();
  ASSERT_TRUE(fetch(view, ada_).done);
  const std::string digest = codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(view.stored.intent)));
  const auto asked = events("export_ask");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].type, ledger::EventType::count);
  EXPECT_EQ(asked[0].query, view.stored.intent);
  for (const char* object : {"export_request", "export_fetch"}) {
    const auto found = events(object);
    ASSERT_EQ(found.size(), 1u) << object;
    EXPECT_EQ(found[0].intent, digest);
    EXPECT_EQ(found[0].actor.id, ada_.signer.id);
    EXPECT_EQ(found[0].actor.session, view.stored.id);
    // With the ledger alone: this key signed this text.
    const auto proof = codec::parse_json(found[0].query);
    const auto part = [&](std::string_view name) { return std::string(*(*proof->need(name))->as_string()); };
    const auto key = crypto::Es256PublicKey::from_point(*codec::from_base64(codec::Base64::url, part("public_key")));
    EXPECT_TRUE(key->verify(bytes_of(part("text")), *codec::from_base64(codec::Base64::url, part("signature"))));
  }
  const auto left = events("history");
  ASSERT_FALSE(left.empty());
  for (const ledger::Event& event : left) {
    EXPECT_EQ(event.intent, digest);
    EXPECT_EQ(event.purpose + event.case_reference, "audit4711");
    EXPECT_EQ(event.actor.credential, "uid:0");
    EXPECT_EQ(event.actor.session, view.stored.id);
  }
}

TEST_P(Exports, TellTheirTenantAtOnce) {
  const ExportView view = ask();
  const auto told = [&](std::string_view action) {
    const auto all = world_.events(store::Stream::activity);
    return std::ranges::count_if(all, [&](const auto& event) { return event.find(action) != std::string::npos; });
  };
  EXPECT_EQ(told("export_request"), 0);
  ASSERT_TRUE(sign(view, ada_));
  EXPECT_EQ(told("export_request"), 1);
  world_.clock.advance(minutes(30));
  ASSERT_TRUE(fetch(view, ada_).done);
  EXPECT_EQ(told("export_fetch"), 1);
}

TEST_P(Exports, OfManyRowsTakeASecondPerson) {
  ports_.settings.exports.second_person_rows = 4;
  write_events(3);
  const ExportView view = ask();
  EXPECT_EQ(sign(view, ada_)->state, ExportState::requested);
  world_.clock.advance(minutes(29));
  expect_refused(fetch(view, ada_.sign("")).done.error(), "second person");
  const auto approved = approve(view, ben_);
  ASSERT_TRUE(approved) << approved.error().what;
  EXPECT_EQ(approved->state, ExportState::approved);
  EXPECT_EQ(approved->stored.runs_at, world_.clock.now() + minutes(30));
  EXPECT_EQ(events("export_approve").back().type, ledger::EventType::approve);
  EXPECT_EQ(events("export_approve").back().actor.id, ben_.signer.id);
  world_.clock.advance(minutes(30));
  EXPECT_TRUE(fetch(view, ada_).done);
}

TEST_P(Exports, OfSeveralDaysKeysTakeASecondPerson) {
  EXPECT_EQ(sign(ask(draft(DayKeys::none, 9)), ada_)->state, ExportState::approved);
  EXPECT_EQ(sign(ask(draft(DayKeys::with_rows, 1)), ada_)->state, ExportState::approved);
  EXPECT_EQ(sign(ask(draft(DayKeys::with_rows, 2)), ada_)->state, ExportState::requested);
  EXPECT_EQ(sign(ask(draft(DayKeys::alone, 2)), ada_)->state, ExportState::requested);
}

TEST_P(Exports, TheSecondPersonIsAnotherOneOfTheSameSide) {
  ports_.settings.exports.second_person_rows = 0;
  const Person staff = person("Staff", {});
  const Person foreign = person("Foreign", world_.add_tenant("other").id);
  const ExportView view = ask();
  expect_refused(approve(view, ben_).error(), "nobody has signed");
  ASSERT_TRUE(sign(view, ada_));
  expect_refused(approve(view, ada_).error(), "must be another one");
  expect_refused(approve(view, staff).error(), "one's side");
  expect_refused(approve(view, foreign).error(), "may sign for this tenant");
  expect_refused(approve_export(by_, of(view), {"ad_none", {}}).error(), "may sign for this tenant");
  expect_refused(approve_export(by_, of(view), {ben_.signer.id, ada_.sign(view.stored.intent)}).error(), "exactly");
  world_.clock.advance(minutes(30));
  expect_refused(approve(view, ben_).error(), "has run out");
}

TEST_P(Exports, OfTheOperatorAreSignedByTwoOfItsOwn) {
  ports_.settings.exports.second_person_rows = 0;
  const Person one = person("One", {}), two = person("Two", {});
  ExportDraft wanted = draft();
  wanted.requester = one.signer.id;
  const ExportView view = ask(wanted);
  ASSERT_TRUE(sign(view, one));
  expect_refused(approve(view, ada_).error(), "one's side");
  EXPECT_EQ(approve(view, two)->state, ExportState::approved);
}

TEST_P(Exports, TakeNoOtherSignatureThanTheRequestersOfExactlyTheseBytes) {
  const ExportView view = ask(), other = ask();
  expect_refused(sign(view, ben_).error(), "exactly this text");
  expect_refused(sign_export(by_, of(view), ada_.sign(view.stored.intent + " ")).error(), "exactly this text");
  expect_refused(sign_export(by_, of(view), {}).error(), "exactly this text");
  // A signature of one export is none of another.
  const Bytes signature = ada_.sign(view.stored.intent);
  expect_refused(sign_export(by_, of(other), signature).error(), "exactly this text");
  ASSERT_TRUE(sign_export(by_, of(view), signature));
  expect_refused(sign_export(by_, of(view), signature).error(), "has its signatures");
}

TEST_P(Exports, AreSignedWithinHalfAnHourWhateverTheClockDoes) {
  const ExportView view = ask();
  world_.clock.advance(-hours(1));
  expect_refused(sign(view, ada_).error(), "the clock was set back");
  world_.clock.advance(hours(2));
  expect_refused(sign(view, ada_).error(), "has run out");
  world_.clock.advance(-hours(1));
  expect_refused(sign(view, ada_).error(), "has run out");  // once seen, it stays so
}

TEST_P(Exports, AClockSetBackOpensNoWindowAndOneSetForwardEndsTheChallenge) {
  const ExportView view = ready();
  const Bytes proof = ada_.sign(*export_challenge(ports_, of(view)));
  world_.clock.advance(-hours(1));
  expect_refused(fetch(view, proof).done.error(), "its tenant may stop it");
  world_.clock.advance(minutes(45));
  expect_refused(fetch(view, proof).done.error(), "its tenant may stop it");
  world_.clock.advance(hours(1));
  expect_refused(fetch(view, proof).done.error(), "a challenge of now");
  EXPECT_TRUE(fetch(view, ada_).done);
}

TEST_P(Exports, AreStoppedByAVetoUntilTheyAreFetched) {
  const ExportView asked = ask(), in_window = ask(), after_window = ask(), fetched = ask();
  for (const ExportView* one : {&in_window, &after_window, &fetched}) ASSERT_TRUE(sign(*one, ada_));
  ASSERT_TRUE(veto_export(by_, of(asked), std::nullopt));
  ASSERT_TRUE(veto_export(by_, of(in_window), std::nullopt));
  expect_refused(veto_export(by_, of(in_window), std::nullopt).error(), "stopped by a veto");
  world_.clock.advance(minutes(30));
  ASSERT_TRUE(veto_export(by_, of(after_window), std::nullopt));
  ASSERT_TRUE(fetch(fetched, ada_).done);
  expect_refused(veto_export(by_, of(fetched), std::nullopt).error(), "was fetched");
  for (const ExportView* one : {&in_window, &after_window}) {
    expect_refused(fetch(*one, ada_.sign("")).done.error(), "stopped by a veto");
  }
  expect_refused(sign(asked, ada_).error(), "stopped by a veto");
}

TEST_P(Exports, AVetoMayBeSignedByWhoMaySign) {
  const ExportView view = ask(), other = ask();
  const std::string text = history::export_veto(view.stored.id, view.digest);
  expect_refused(veto_export(by_, of(view), Signed{ben_.signer.id, ben_.sign("stop")}).error(), "exactly this text");
  expect_refused(veto_export(by_, of(other), Signed{ben_.signer.id, ben_.sign(text)}).error(), "exactly this text");
  ASSERT_TRUE(veto_export(by_, of(view), Signed{ben_.signer.id, ben_.sign(text)}));
  EXPECT_EQ(events("export_veto").back().actor.id, ben_.signer.id);
}

TEST_P(Exports, AreFetchedByTheRequesterAlone) {
  const ExportView view = ready();
  const std::string challenge = *export_challenge(ports_, of(view));
  expect_refused(fetch(view, ben_.sign(challenge)).done.error(), "the requester's signature");
  expect_refused(fetch(view, ada_.sign(view.stored.intent)).done.error(), "the requester's signature");
  world_.clock.advance(minutes(15));
  expect_refused(fetch(view, ada_.sign(challenge)).done.error(), "a challenge of now");
  EXPECT_TRUE(fetch(view, ada_).done);
}

TEST_P(Exports, AreFetchedOnce) {
  const ExportView view = ready();
  const Bytes proof = ada_.sign(*export_challenge(ports_, of(view)));
  ASSERT_TRUE(fetch(view, proof).done);
  expect_refused(fetch(view, proof).done.error(), "ask for another one");
  EXPECT_EQ(export_challenge(ports_, of(view)).error().code, Errc::refused);
}

TEST_P(Exports, AreFetchedOnceAlsoByTwoAtATime) {
  const ExportView view = ready();
  const Bytes proof = ada_.sign(*export_challenge(ports_, of(view)));
  std::array<std::optional<Fetched>, 4> got;
  {
    std::vector<std::jthread> threads;
    for (auto& one : got) threads.emplace_back([&] { one = fetch(view, proof); });
  }
  EXPECT_EQ(std::ranges::count_if(got, [](const auto& one) { return one->done.has_value(); }), 1);
  EXPECT_EQ(std::ranges::count_if(got, [](const auto& one) { return one->rows > 0; }), 1);
  EXPECT_EQ(events("export_fetch").size(), 4u);
}

TEST_P(Exports, ThatBrokeOffWereFetched) {
  write_events(3);
  const ExportView view = ready();
  const Bytes proof = ada_.sign(*export_challenge(ports_, of(view)));
  ASSERT_TRUE(fetch_export(by_, of(view), proof, [](std::string_view) { return false; }));
  expect_refused(fetch(view, proof).done.error(), "ask for another one");
}

TEST_P(Exports, ComeOutOfTheReadersBudget) {
  write_events(5);
  ports_.settings.allowances = {{.kind = "operator", .rows_a_day = 3}};
  const Fetched got = fetch(ready(), ada_);
  EXPECT_EQ(got.done.error().code, Errc::exhausted);
  EXPECT_EQ(got.rows, 3);
  EXPECT_FALSE(got.ended);
}

TEST_P(Exports, TakeASecondPersonWhereRowsWereAddedMeanwhile) {
  ports_.settings.exports.second_person_rows = 4;
  const ExportView view = ready();
  write_events(3);
  expect_refused(fetch(view, ada_).done.error(), "more rows by now");
}

TEST_P(Exports, OfWhoWasKilledOrRemovedAreDead) {
  ports_.settings.exports.second_person_rows = 2;
  const Person cid = person("Cid", tenant_.id);
  const ExportView asked = ask(), approved = ask();
  ASSERT_TRUE(sign(approved, ada_));
  ASSERT_TRUE(approve(approved, ben_));
  world_.clock.advance(minutes(30));
  world_.clock.advance(-minutes(15));
  ASSERT_TRUE(kill(by_, {.by = KillBy::signer, .value = ben_.signer.id}));
  EXPECT_EQ(state(approved), ExportState::dead);
  expect_refused(fetch(approved, ada_.sign("")).done.error(), "removed or killed");
  EXPECT_EQ(state(asked), ExportState::asked);
  ASSERT_TRUE(remove_signer(by_, tenant_.id, ada_.signer.id));
  EXPECT_EQ(state(asked), ExportState::dead);
  expect_refused(sign(asked, ada_).error(), "removed or killed");
  expect_refused(ask_export(by_, draft()).error(), "may sign for this tenant");
}

TEST_P(Exports, AreReachedByTheKillOfWhoMadeTheSigner) {
  const ExportView view = ask();
  ASSERT_TRUE(sign(view, ada_));
  const Administration other{ports_, as("uid:9")};
  const auto dead = kill(other, {.by = KillBy::credential, .value = "uid:0", .tree = Tree::yes});
  ASSERT_TRUE(dead) << dead.error().what;
  const auto has = [&](std::string_view id) {
    return std::ranges::any_of(*dead, [&](const Killed& one) { return one.id == id; });
  };
  EXPECT_TRUE(has(ada_.signer.id));
  EXPECT_TRUE(has(view.stored.id));
  EXPECT_EQ(state(view), ExportState::dead);
}

TEST_P(Exports, ThemselvesCanBeKilled) {
  const ExportView view = ready();
  ASSERT_TRUE(kill(by_, {.by = KillBy::credential, .value = view.stored.id}));
  EXPECT_EQ(state(view), ExportState::dead);
}

TEST_P(Exports, AreInTheScopeOfWhoSignedThem) {
  write_events(2);
  const ExportView view = ready();
  ASSERT_TRUE(fetch(view, ada_).done);
  const ScopeQuery query{
      .by = ScopeBy::credential, .value = ada_.signer.id, .from = Instant(), .to = world_.clock.now() + hours(1)};
  const auto scope = find_scope(ports_, query);
  ASSERT_TRUE(scope) << scope.error().what;
  ASSERT_EQ(scope->tenants.size(), 1u);
  EXPECT_GE(scope->tenants[0].returned, 4u);
}

TEST_P(Exports, OfAnotherTenantAreNotThere) {
  const ExportView view = ready();
  const Tenant other = world_.add_tenant("other");
  const ExportName theirs{other.id, view.stored.id}, none{tenant_.id, "ex_none"};
  const auto words = [](const Error& error) {
    EXPECT_EQ(error.code, Errc::not_found);
    return error.what;
  };
  const std::string expected = words(find_export(ports_, none).error());
  const Bytes nothing;
  EXPECT_EQ(words(find_export(ports_, theirs).error()), expected);
  EXPECT_EQ(words(sign_export(by_, theirs, nothing).error()), expected);
  EXPECT_EQ(words(approve_export(by_, theirs, {ada_.signer.id, nothing}).error()), expected);
  EXPECT_EQ(words(veto_export(by_, theirs, std::nullopt).error()), expected);
  EXPECT_EQ(words(export_challenge(ports_, theirs).error()), expected);
  EXPECT_EQ(words(fetch_export(by_, theirs, nothing, [](std::string_view) { return true; }).error()), expected);
  EXPECT_EQ(state(view), ExportState::ready);
  EXPECT_TRUE(exports(ports_, other.id, 9)->empty());
}

TEST_P(Exports, AreAtMostSixteenAtATime) {
  for (int i = 0; i < kOpenExportsMax; ++i) ask();
  const auto more = ask_export(by_, draft());
  EXPECT_EQ(more.error().code, Errc::exhausted);
  EXPECT_EQ(events().back().outcome, ledger::Outcome::capped);
  world_.clock.advance(kExportSigning);
  EXPECT_TRUE(ask_export(by_, draft()));
  EXPECT_EQ(exports(ports_, tenant_.id, 99)->size(), 17u);
}

TEST_P(Exports, AreOfDaysThatWereAndHaveAPurpose) {
  const auto with = [&](auto change) {
    ExportDraft wanted = draft();
    change(wanted);
    return ask_export(by_, wanted).error().code;
  };
  EXPECT_EQ(with([&](ExportDraft& d) { d.days.last = today_ + 1; }), Errc::malformed);
  EXPECT_EQ(with([&](ExportDraft& d) { d.days.first = today_ + 1; }), Errc::malformed);
  EXPECT_EQ(with([&](ExportDraft& d) { d.days.first = today_ - 400; }), Errc::malformed);
  EXPECT_EQ(with([&](ExportDraft& d) { d.purpose = ""; }), Errc::malformed);
  EXPECT_EQ(with([&](ExportDraft& d) { d.case_reference = "\n"; }), Errc::malformed);
  EXPECT_EQ(with([&](ExportDraft& d) { d.requester = "ad_none"; }), Errc::refused);
}

TEST_P(Exports, AlteredInTheDatabaseAreRefused) {
  const ExportView view = ask(), forged = ask();
  const auto store = [&](store::StoredExport changed) {
    world_.write([&](store::Txn& txn) -> Result<void> {
      TRY(store::update_export(txn, changed));
      return {};
    });
  };
  store::StoredExport unsigned_one = forged.stored;
  unsigned_one.state = "approved";
  unsigned_one.runs_at = world_.clock.now();
  unsigned_one.expires = world_.clock.now() + hours(1);
  store(unsigned_one);
  expect_refused(fetch(forged, ada_).done.error(), "exactly this text");
  store::StoredExport unknown = view.stored;
  unknown.state = "blessed";
  store(unknown);
  expect_refused(sign(view, ada_).error(), "altered in the database");
}

TEST_P(Exports, WaitForNoVetoWhereNoneIsConfigured) {
  ports_.settings.exports.veto = minutes(0);
  const ExportView view = ask();
  EXPECT_EQ(sign(view, ada_)->state, ExportState::ready);
  EXPECT_TRUE(fetch(view, ada_).done);
}

TEST_P(Exports, RunOutWhereNobodyFetchesThem) {
  const ExportView view = ready();
  world_.clock.advance(kExportReady);
  EXPECT_EQ(state(view), ExportState::expired);
  EXPECT_EQ(export_challenge(ports_, of(view)).error().code, Errc::refused);
}

}  // namespace
}  // namespace countersign::flow
