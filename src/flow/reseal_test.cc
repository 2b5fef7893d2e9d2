#include "flow/reseal.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <regex>
#include <set>
#include <thread>

#include "flow/check_passcode.h"
#include "core/ledger/checkpoint.h"
#include "flow/ledger.h"
#include "store/sealed.h"
#include "testing/fault_store.h"
#include "testing/small_world.h"
#include "testing/source_dir.h"

namespace countersign::flow {
namespace {

using testing::finish;
using testing::SmallWorld;

class Reseal : public ::testing::Test {
 protected:
  SmallWorld world;
  testing::TempDir folder;
  std::vector<std::string> steps;
  const ledger::Actor by{.kind = "operator", .credential = "uid:0"};
  std::function<void()> while_waiting = [] {};

  RotationPorts rotation(const Ports& ports) {
    return {ports, [this](milliseconds time) { world.clock.advance(time), while_waiting(); },
            [this](const RotationStep& step) {
              steps.push_back(std::string(step.step) + " " + step.what);
              return true;
            },
            by};
  }
  Result<void> rotate(const Ports& ports, Servers servers = Servers::this_one) {
    return rotate_root_key(rotation(ports), servers);
  }
  Result<void> rotate() { return rotate(*world.ports); }

  std::filesystem::path copy_of_root_key(const std::string& name) {
    std::filesystem::copy_file(world.root_key_file(), folder.path() / name,
                               std::filesystem::copy_options::overwrite_existing);
    return folder.path() / name;
  }
  std::unique_ptr<keys::LocalKeys> open(const std::filesystem::path& file) {
    return *keys::LocalKeys::open(file.string(), world.random);
  }
  // How many of all sealed values these keys open.
  struct Opened {
    int opens = 0, closed = 0;
  };
  Opened opened_by(keys::Keys& with) {
    Opened out;
    for (const store::SealedColumn& column : store::sealed_columns()) {
      const auto page = *store::read(*world.store, [&](store::Txn& txn) { return sealed_page(txn, column, {}, 1000); });
      for (const store::SealedValue& value : page) {
        if (value.sealed.empty()) continue;
        const bool opens =
            with.unseal({value.tenant, column.table, column.column, value.row}, value.sealed).has_value();
        ++(opens ? out.opens : out.closed);
      }
    }
    return out;
  }
  void fill(int users) {
    for (int i = 0; i < users; ++i) world.add_hotp(world.add_user("user" + std::to_string(i)));
  }
  Result<Standing> code(const Ports& ports, const std::string& username, const std::string& passcode) {
    return finish<Standing>([&](Done<Standing> done) {
      PasscodeRequest request;
      request.app = world.app;
      request.user = username;
      request.access.ip = "192.0.2.1";
      request.passcode = Secret(passcode);
      check_passcode(ports, std::move(request), std::move(done));
    });
  }
};

TEST_F(Reseal, EverySealedColumnOfTheMigrationsIsInTheList) {
  std::set<std::string> wanted, listed;
  const std::regex table("CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)"), sealed("^  (sealed_[a-z_]+) ");
  for (const auto& file : std::filesystem::directory_iterator(testing::source_dir() / "src/store/migrations")) {
    std::ifstream in(file.path());
    std::string line, of;
    std::smatch found;
    while (std::getline(in, line)) {
      if (std::regex_search(line, found, table)) of = found[1];
      if (std::regex_search(line, found, sealed)) wanted.insert(of + "." + found[1].str());
    }
  }
  for (const store::SealedColumn& column : store::sealed_columns()) {
    if (column.sql_column.starts_with("sealed_")) {
      listed.insert(std::string(column.table) + "." + std::string(column.sql_column));
    }
  }
  EXPECT_EQ(listed, wanted);
  EXPECT_GE(wanted.size(), 10u);
}

TEST_F(Reseal, ARotationSealsEverythingAnewAndDropsTheOldKey) {
  fill(3);
  const auto backup = copy_of_root_key("backup");
  const std::string before = world.keys->root_keys()->keys.front().id;
  EXPECT_EQ((*count_sealed(*world.ports))[before], 4);
  ASSERT_TRUE(rotate());
  const auto list = *world.keys->root_keys();
  ASSERT_EQ(list.keys.size(), 1u);
  EXPECT_NE(list.keys.front().id, before);
  EXPECT_EQ(*count_sealed(*world.ports), (std::map<std::string, std::int64_t>{{list.keys.front().id, 4}}));
  EXPECT_EQ(steps.front(), "added " + list.keys.front().id);
  EXPECT_EQ(steps.back(), "dropped " + before);

  EXPECT_EQ(opened_by(*open(world.root_key_file())).closed, 0);
  EXPECT_EQ(opened_by(*open(backup)).opens, 0);
  EXPECT_EQ(code(*world.ports, "user1", world.hotp_at(0))->reason, "valid_passcode");
  // The list has its digest keys with it: what was given out is found.
  const auto old = open(backup);
  EXPECT_EQ(*old->token_digest("credential", Secret("t")), *world.keys->token_digest("credential", Secret("t")));
}

TEST_F(Reseal, EachChangeOfTheListIsAnEventBeforeItIsMade) {
  ASSERT_TRUE(rotate());
  std::vector<std::string> said;
  ASSERT_TRUE(world.store->read([&](store::Txn& txn) -> Result<void> {
    TRY(store::ledger_entries(txn, ledger::kOperatorTree, 0, 100, [&](const store::LedgerEntry& entry) {
      const ledger::Event event = *ledger::decode_event(entry.entry);
      EXPECT_EQ(event.object, "root_key");
      EXPECT_EQ(event.actor.credential, "uid:0");
      said.push_back(event.detail.substr(0, event.detail.find(' ')));
    }));
    return {};
  }));
  EXPECT_EQ(said, (std::vector<std::string>{"add", "use", "drop"}));
}

TEST_F(Reseal, MoreRowsThanAPageAreAllReached) {
  fill(kResealPage + 2);
  ASSERT_TRUE(rotate());
  const auto counts = *count_sealed(*world.ports);
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts.begin()->second, kResealPage + 3);
}

TEST_F(Reseal, EveryTableIsSealedAnew) {
  // A row in each, written as its migration has it: the values are sealed for the places that flows name.
  const TenantId& t = world.tenant.id;
  const User user = world.add_user("alice");
  Phone phone;
  phone.tenant = t;
  phone.user = user.id;
  phone.id = PhoneId::make(world.random);
  phone.sealed_number = *world.keys->seal({t, "phones", "number", phone.id.text()}, Secret("+15550100100"));
  world.write([&](store::Txn& txn) { return store::insert_phone(txn, phone); });
  world.add_totp(user);
  ASSERT_TRUE(rotate());
  EXPECT_EQ(opened_by(*world.keys).closed, 0);
  EXPECT_EQ(opened_by(*world.keys).opens, 3);
}

TEST_F(Reseal, WhatIsWrittenUnderTheOldKeyMeanwhileIsFoundByTheNextPassage) {
  const auto old = open(copy_of_root_key("old"));
  int waits = 0;
  while_waiting = [&] {
    if (++waits > 2) return;
    Enrolment late =
        new_enrolment(*world.ports, world.tenant.id, UserId::trusted("DU" + std::to_string(waits)), "totp");
    late.sealed_state = *old->seal({late.tenant, "enrolments", "state", late.id.text()}, Secret("state"));
    world.write([&](store::Txn& txn) { return store::insert_enrolment(txn, late); });
  };
  ASSERT_TRUE(rotate());
  EXPECT_EQ(waits, 3);
  EXPECT_EQ(opened_by(*open(world.root_key_file())).closed, 0);
  EXPECT_EQ(opened_by(*world.keys).opens, 3);
}

TEST_F(Reseal, AValueThatDoesNotOpenStopsBeforeAnythingIsDropped) {
  Enrolment broken = new_enrolment(*world.ports, world.tenant.id, UserId::trusted("DU1"), "totp");
  broken.sealed_state = *world.keys->seal({broken.tenant, "enrolments", "state", "another"}, Secret("state"));
  world.write([&](store::Txn& txn) { return store::insert_enrolment(txn, broken); });
  const auto failed = rotate();
  EXPECT_EQ(failed.error().code, Errc::refused);
  EXPECT_NE(failed.error().what.find("enrolments " + broken.id.text()), std::string::npos);
  EXPECT_EQ(world.keys->root_keys()->keys.size(), 2u);
}

TEST_F(Reseal, NoSignInFailsWhileItRotates) {
  constexpr int kThreads = 4, kRotations = 3;
  fill(kThreads);
  std::atomic<bool> stop = false;
  std::array<std::atomic<int>, kThreads> done{};
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t counter = 0; !stop; ++counter) {
        const auto answer = code(*world.ports, "user" + std::to_string(i), world.hotp_at(counter));
        ++(answer && answer->reason == "valid_passcode" ? done[static_cast<std::size_t>(i)] : failed);
      }
    });
  }
  // As long as no sign-in takes longer than the rotation waits: each that was under way ends, and another after it.
  while_waiting = [&] {
    for (const std::atomic<int>& one : done) {
      const int seen = one;
      while (one < seen + 2 && failed == 0) std::this_thread::yield();
    }
  };
  for (int i = 0; i < kRotations; ++i) {
    const auto rotated = rotate();
    EXPECT_TRUE(rotated) << rotated.error().what;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  for (const std::atomic<int>& one : done) EXPECT_GE(one, 2 * kRotations);
  EXPECT_EQ(opened_by(*open(world.root_key_file())).closed, 0);
}

TEST_F(Reseal, AfterAFaultAtAnyStatementEverythingOpensAndTheRestIsDoneLater) {
  fill(2);
  testing::FaultStore store(*world.store);
  Ports ports{store, *world.keys, world.clock, world.random, [](std::string_view) {}, {}};
  int n = 1;
  for (;; ++n) {
    store.fail_from(n, Errc::unavailable);
    const auto rotated = rotate(ports);
    store.heal();
    // As after kill -9: what is on disk opens everything.
    EXPECT_EQ(opened_by(*open(world.root_key_file())).closed, 0) << n;
    if (rotated) break;
    EXPECT_EQ(rotated.error().code, Errc::unavailable) << n;
    EXPECT_LE(world.keys->root_keys()->keys.size(), 2u) << "a rotation begun again makes no further key";
    ASSERT_LT(n, 200);
  }
  EXPECT_GT(n, 20);
  EXPECT_EQ(world.keys->root_keys()->keys.size(), 1u);
}

TEST_F(Reseal, ASecondServerFollowsBeforeAnythingIsSealedThatItCannotOpen) {
  fill(1);
  EXPECT_EQ(rotate(*world.ports, Servers::several).error().code, Errc::conflict);
  const std::string added = *add_root_key(*world.ports, by);
  EXPECT_EQ(add_root_key(*world.ports, by).error().code, Errc::conflict);
  const auto theirs = open(copy_of_root_key("theirs"));
  Ports second{*world.store, *theirs, world.clock, world.random, [](std::string_view) {}, {}};
  second.settings = world.ports->settings;
  while_waiting = [&] {
    EXPECT_TRUE(follow_root_key(second));
    EXPECT_EQ(opened_by(*theirs).closed, 0);
    EXPECT_EQ(opened_by(*world.keys).closed, 0);
  };
  std::uint64_t counter = 0;
  ASSERT_TRUE(rotate(*world.ports, Servers::several));
  EXPECT_EQ(theirs->root_keys()->keys.front().id, added);
  EXPECT_EQ(code(second, "user0", world.hotp_at(counter++))->reason, "valid_passcode");
  EXPECT_EQ(code(*world.ports, "user0", world.hotp_at(counter++))->reason, "valid_passcode");
  EXPECT_TRUE(follow_root_key(second));
}

TEST_F(Reseal, AServerThatRunsTakesTheCopiedFileUp) {
  const auto theirs = open(copy_of_root_key("theirs"));
  Ports second{*world.store, *theirs, world.clock, world.random, [](std::string_view) {}, {}};
  const std::string added = *add_root_key(*world.ports, by);
  copy_of_root_key("theirs");  // in the place of the file that server has open
  while_waiting = [&] { EXPECT_TRUE(follow_root_key(second)); };
  ASSERT_TRUE(rotate(*world.ports, Servers::several));
  EXPECT_EQ(theirs->root_keys()->keys.front().id, added);
}

TEST_F(Reseal, AServerWithoutTheNewFileSaysWhatToDo) {
  const auto theirs = open(copy_of_root_key("theirs"));
  Ports second{*world.store, *theirs, world.clock, world.random, [](std::string_view) {}, {}};
  ASSERT_TRUE(add_root_key(*world.ports, by));
  while_waiting = [&] { EXPECT_EQ(follow_root_key(second).error().code, Errc::not_found); };
  ASSERT_TRUE(rotate(*world.ports, Servers::several));
  EXPECT_NE(follow_root_key(second).error().what.find("copy root.key"), std::string::npos);
}

TEST_F(Reseal, ANoteOfAnOlderKeyBringsNobodyBack) {
  const std::string old = world.keys->root_keys()->keys.front().id;
  const std::string added = *add_root_key(*world.ports, by);
  ASSERT_TRUE(world.keys->use_root_key(added));
  world.write([&](store::Txn& txn) { return store::put_server_value(txn, "root_key", bytes_of("use " + old)); });
  EXPECT_TRUE(follow_root_key(*world.ports));
  EXPECT_EQ(world.keys->root_keys()->keys.front().id, added);
}

}  // namespace
}  // namespace countersign::flow
