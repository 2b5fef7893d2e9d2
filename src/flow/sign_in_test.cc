#include <gtest/gtest.h>

#include <thread>

#include "core/crypto/sign.h"
#include "flow/check_passcode.h"
#include "flow/preauth.h"
#include "flow/push.h"
#include "store/protection.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using testing::finish;
using testing::says;
using testing::SmallWorld;

class SignIn : public ::testing::Test {
 protected:
  SmallWorld world;

  Result<Standing> code(const std::string& username, const std::string& passcode, Keep keep = Keep::no) {
    return finish<Standing>([&](Done<Standing> done) {
      PasscodeRequest request;
      request.app = world.app;
      request.user = username;
      request.access.ip = "192.0.2.1";
      request.passcode = Secret(passcode);
      request.keep = keep;
      check_passcode(*world.ports, std::move(request), std::move(done));
    });
  }

  Result<Preauth> ask(const std::string& username, std::string ip = "192.0.2.1") {
    return finish<Preauth>([&](Done<Preauth> done) {
      PreauthRequest request;
      request.app = world.app;
      request.user = username;
      request.access.ip = std::move(ip);
      preauth(*world.ports, std::move(request), std::move(done));
    });
  }
};

TEST_F(SignIn, AcceptsACodeOnceAndLogsIt) {
  world.add_totp(world.add_user("alice"));
  const std::string now = world.totp_now();
  EXPECT_EQ(code("alice", now)->reason, "valid_passcode");
  EXPECT_EQ(code("alice", now)->reason, "invalid_passcode");
  const auto events = world.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(says(events[0], "result", "success") && says(events[0], "factor", "hardware_token"));
  EXPECT_TRUE(says(events[1], "result", "denied") && says(events[1], "reason", "invalid_passcode"));
}

TEST_F(SignIn, TheEventNamesTheUsersGroups) {
  const User alice = world.add_user("alice");
  world.add_totp(alice);
  Group staff;
  staff.tenant = alice.tenant;
  staff.id = GroupId::make(world.random);
  staff.name = "Staff";
  world.write([&](store::Txn& txn) -> Result<void> {
    TRY(store::insert_group(txn, staff));
    return store::join_group(txn, alice.tenant, staff.id, alice.id);
  });
  EXPECT_EQ(code("alice", world.totp_now())->state, signin::State::allowed);
  EXPECT_NE(world.events()[0].find("\"groups\":[\"Staff\"]"), std::string::npos);
}

TEST_F(SignIn, FindsTheUserWhateverTheCase) {
  world.add_totp(world.add_user("Alice"));
  EXPECT_EQ(code("aLICE", world.totp_now())->state, signin::State::allowed);
}

TEST_F(SignIn, LocksAfterTenFailuresAndNotBefore) {
  const User alice = world.add_user("alice");
  world.add_hotp(alice);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(code("alice", "000000")->reason, "invalid_passcode");
  EXPECT_EQ(code("alice", world.hotp_at(0))->reason, "valid_passcode");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(code("alice", "000000")->reason, "invalid_passcode");
  EXPECT_EQ(code("alice", world.hotp_at(1))->reason, "locked_out");
  EXPECT_EQ(ask("alice")->reason, "locked_out");
}

TEST_F(SignIn, UnlocksByItselfWhenPolicySaysSo) {
  world.set_policy({{"lockout_threshold", "2"}, {"lockout_expire_minutes", "5"}});
  world.add_hotp(world.add_user("alice"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(code("alice", "000000")->reason, "invalid_passcode");
  EXPECT_EQ(code("alice", world.hotp_at(0))->reason, "locked_out");
  world.clock.advance(std::chrono::minutes(5));
  EXPECT_EQ(code("alice", "000000")->reason, "invalid_passcode");  // counts anew: one failure does not lock again
  EXPECT_EQ(code("alice", world.hotp_at(0))->reason, "valid_passcode");
}

TEST_F(SignIn, ASuccessIsNeverCountedTwiceInParallel) {
  world.add_hotp(world.add_user("alice"));
  world.set_policy({{"lockout_threshold", "1000"}});
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      const auto standing = code("alice", world.hotp_at(0));
      if (standing && standing->state == signin::State::allowed) ++allowed;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1);
  int successes = 0;
  for (const std::string& event : world.events()) successes += says(event, "result", "success");
  EXPECT_EQ(successes, 1);
}

TEST_F(SignIn, GuessesInParallelAreNoMoreThanTheThreshold) {
  world.add_hotp(world.add_user("alice"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) threads.emplace_back([&] { (void)code("alice", "000000"); });
  for (auto& thread : threads) thread.join();
  int guesses = 0;
  for (const std::string& event : world.events()) guesses += says(event, "reason", "invalid_passcode");
  EXPECT_EQ(guesses, 10);
}

TEST_F(SignIn, UnknownAndUnenrolledUsersAreTreatedAlike) {
  world.add_user("bare");
  EXPECT_EQ(ask("nobody")->result, PreauthResult::enroll);
  EXPECT_EQ(ask("bare")->result, PreauthResult::enroll);
  world.set_policy({{"new_user_behavior", "deny"}});
  EXPECT_EQ(ask("nobody")->reason, "deny_unenrolled_user");
  EXPECT_EQ(code("nobody", "123456")->reason, "deny_unenrolled_user");
}

TEST_F(SignIn, BypassAndDisabledUsersNeedNoFactor) {
  world.add_user("guest", UserStatus::bypass);
  world.add_user("gone", UserStatus::disabled);
  EXPECT_EQ(ask("guest")->reason, "bypass_user");
  EXPECT_EQ(ask("gone")->reason, "user_disabled");
  EXPECT_EQ(world.events().size(), 2u);
}

TEST_F(SignIn, AProtectedUsersCodeIsNoProof) {
  const User alice = world.add_user("alice");
  world.add_totp(alice);
  world.write([&](store::Txn& txn) { return store::protect_user(txn, alice.tenant, alice.id, world.clock.now()); });
  const auto standing = code("alice", world.totp_now());
  EXPECT_EQ(standing->state, signin::State::denied);
  EXPECT_EQ(standing->reason, "account_protected");
  EXPECT_EQ(ask("alice")->reason, "account_protected");
}

TEST_F(SignIn, AWriteSeesAProtectionThatCameSince) {
  const User before = world.add_user("alice");
  const auto looks = [&](const User& user) {
    std::optional<Errc> ended;
    world.write([&](store::Txn& txn) -> Result<void> {
      const auto open = still_open(*world.ports, txn, user, policy::Effective{});
      if (!open) ended = open.error().code;
      return {};
    });
    return ended;
  };
  EXPECT_EQ(looks(before), std::nullopt);
  world.write([&](store::Txn& txn) { return store::protect_user(txn, before.tenant, before.id, world.clock.now()); });
  EXPECT_EQ(looks(before), Errc::conflict);
  User after = before;
  after.protected_at = world.clock.now();
  EXPECT_EQ(looks(after), std::nullopt);
}

TEST_F(SignIn, AnotherTenantsUserDoesNotExist) {
  const User alice = world.add_user("alice");
  world.add_totp(alice);
  world.app = world.add_app(world.add_tenant("other"));
  EXPECT_EQ(ask("alice")->result, PreauthResult::enroll);
  const auto by_id = finish<Preauth>([&](Done<Preauth> done) {
    PreauthRequest request;
    request.app = world.app;
    request.user = alice.id;
    preauth(*world.ports, std::move(request), std::move(done));
  });
  EXPECT_EQ(by_id.error().code, Errc::not_found);
}

TEST_F(SignIn, ARememberedDeviceNeedsNoCodeUntilItsTimeIsOver) {
  world.set_policy({{"remembered_devices_days", "1"}});
  world.add_totp(world.add_user("alice"));
  const std::string token = code("alice", world.totp_now())->remember_token;
  ASSERT_FALSE(token.empty());
  const auto again = [&] {
    return finish<Preauth>([&](Done<Preauth> done) {
      PreauthRequest request;
      request.app = world.app;
      request.user = "alice";
      request.remember_token = Secret(token);
      preauth(*world.ports, std::move(request), std::move(done));
    });
  };
  EXPECT_EQ(again()->reason, "remembered_device");
  world.clock.advance(std::chrono::hours(24));
  EXPECT_EQ(again()->result, PreauthResult::auth);
}

TEST_F(SignIn, AKeptOutcomeIsFoundByItsId) {
  world.add_totp(world.add_user("alice"));
  const AttemptId id = code("alice", world.totp_now(), Keep::yes)->attempt;
  const auto found =
      finish<Standing>([&](Done<Standing> done) { attempt_standing(*world.ports, world.app, id, std::move(done)); });
  EXPECT_EQ(found->reason, "valid_passcode");
  const Application stranger = world.add_app(world.tenant);
  const auto foreign =
      finish<Standing>([&](Done<Standing> done) { attempt_standing(*world.ports, stranger, id, std::move(done)); });
  EXPECT_EQ(foreign.error().code, Errc::not_found);
}

}  // namespace
}  // namespace countersign::flow
