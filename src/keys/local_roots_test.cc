#include <gtest/gtest.h>

#include <filesystem>

#include "core/codec/hex.h"
#include "keys/local.h"
#include "keys/root_devices_test.h"
#include "testing/seeded_random.h"

namespace countersign::keys {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

class LocalRoots : public ::testing::Test {
 protected:
  testing::SeededRandom random;
  PrivateFolder folder;
  const std::string file = folder.file("root.key");
  const TenantId tenant = TenantId::trusted("DA1");
  const Place place{tenant, "phones", "number", "DP1"};
  std::unique_ptr<LocalKeys> keys = made();

  std::unique_ptr<LocalKeys> made() {
    EXPECT_TRUE(LocalKeys::create(file, random));
    return opened(file);
  }
  std::unique_ptr<LocalKeys> opened(const std::string& from) { return *LocalKeys::open(from, random); }
  std::vector<RootUse> uses() {
    std::vector<RootUse> out;
    const RootList list = *keys->root_keys();
    for (const RootKeyState& key : list.keys) out.push_back(key.use);
    return out;
  }
};

TEST_F(LocalRoots, AKeyWaitsThenSealsAndTheOldOneOpensUntilItIsDropped) {
  const std::string first = keys->root_keys()->keys[0].id;
  const Bytes old_value = *keys->seal(place, Secret("x"));
  const std::string second = *keys->add_root_key(kNow);
  EXPECT_EQ(uses(), (std::vector{RootUse::seals, RootUse::waits}));
  EXPECT_EQ(root_of(*keys->seal(place, Secret("x"))), first);
  ASSERT_TRUE(keys->use_root_key(second));
  EXPECT_EQ(uses(), (std::vector{RootUse::seals, RootUse::opens}));
  EXPECT_EQ(keys->root_keys()->keys[0].made, kNow);
  EXPECT_EQ(root_of(*keys->seal(place, Secret("x"))), second);
  EXPECT_EQ(keys->unseal(place, old_value)->reveal(), "x");
  EXPECT_EQ(keys->drop_root_key(second).error().code, Errc::conflict);
  ASSERT_TRUE(keys->drop_root_key(first));
  EXPECT_EQ(keys->unseal(place, old_value).error().code, Errc::refused);
  EXPECT_EQ(keys->drop_root_key(first).error().code, Errc::not_found);
  EXPECT_EQ(keys->root_keys()->source, "file");
}

TEST_F(LocalRoots, EveryStepIsOnDiskBeforeItsAnswer) {
  const std::string first = keys->root_keys()->keys[0].id, second = *keys->add_root_key(kNow);
  EXPECT_EQ(opened(file)->root_keys()->keys.size(), 2u);
  ASSERT_TRUE(keys->use_root_key(second));
  EXPECT_EQ(opened(file)->root_keys()->keys[0].id, second);
  ASSERT_TRUE(keys->drop_root_key(first));
  EXPECT_EQ(opened(file)->root_keys()->keys.size(), 1u);
}

TEST_F(LocalRoots, ValuesAreSealedAnewWithoutComingOut) {
  const Bytes old_value = *keys->seal(place, Secret("x"));
  EXPECT_EQ(*keys->reseal(place, old_value), old_value);
  const std::string second = *keys->add_root_key(kNow);
  ASSERT_TRUE(keys->use_root_key(second));
  const Bytes again = *keys->reseal(place, old_value);
  EXPECT_EQ(root_of(again), second);
  EXPECT_EQ(keys->unseal(place, again)->reveal(), "x");
  const Place moved{tenant, "phones", "number", "DP2"};
  EXPECT_EQ(keys->reseal(moved, old_value).error().code, Errc::refused);
}

TEST_F(LocalRoots, AKeyOfAnotherServersListIsTakenFromTheFile) {
  const std::string theirs = folder.file("theirs.key");
  std::filesystem::copy_file(file, theirs);
  const auto second = opened(theirs);
  const std::string added = *keys->add_root_key(kNow);
  EXPECT_EQ(second->know_root_key(added).error().code, Errc::not_found);
  std::filesystem::copy_file(file, theirs, std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(second->know_root_key(added));
  EXPECT_EQ(second->root_keys()->keys[1].use, RootUse::waits);
  ASSERT_TRUE(keys->use_root_key(added));
  EXPECT_EQ(second->unseal(place, *keys->seal(place, Secret("x")))->reveal(), "x");
}

TEST_F(LocalRoots, AStrangersFileIsNotTakenUp) {
  const auto stranger = folder.file("stranger.key");
  ASSERT_TRUE(LocalKeys::create(stranger, random));
  const auto other = opened(stranger);
  const std::string added = *other->add_root_key(kNow);
  std::filesystem::copy_file(stranger, file, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(keys->know_root_key(added).error().code, Errc::not_found);
}

TEST_F(LocalRoots, WhatIsNoIdIsMalformed) {
  for (const char* id : {"", "12", "zzzzzzzz", "0123456789"}) {
    EXPECT_EQ(keys->use_root_key(id).error().code, Errc::malformed) << id;
  }
  EXPECT_EQ(keys->use_root_key("01234567").error().code, Errc::not_found);
}

TEST_F(LocalRoots, TheKeyringHangsOnTheNewKeyAndOpensWithoutTheOld) {
  const Bytes before = *keys->ledger_key();
  const std::string first = keys->root_keys()->keys[0].id;
  ASSERT_TRUE(keys->use_root_key(*keys->add_root_key(kNow)));
  ASSERT_TRUE(keys->drop_root_key(first));
  EXPECT_EQ(*opened(file)->ledger_key(), before);
}

TEST_F(LocalRoots, AListThatCannotBeWrittenStaysAsItWas) {
  LocalKeys nowhere(RootKeys::fresh(random), random);
  EXPECT_EQ(nowhere.add_root_key(kNow).error().code, Errc::unavailable);
  EXPECT_EQ(nowhere.root_keys()->keys.size(), 1u);
}

TEST_F(LocalRoots, ATokenIsAskedOnlyOnceForAWholeRotation) {
  if (!SoftToken::is_here()) GTEST_SKIP() << "softhsm2 and opensc are not here";
  SoftToken token;
  ASSERT_TRUE(token.make_key("root", "rsa:2048", "--usage-decrypt"));
  const LocalKeys::Files files{
      .root_key = folder.file("wrapped.key"), .keyring = folder.file("ring"), .root_source = token.uri("root")};
  ASSERT_TRUE(RootSource::parse(files.root_source, files.root_key)->create(RootKeys::fresh(random), random));
  class StillClock : public Clock {
    Instant now() const override { return kNow; }
  } clock;
  const auto hardware = *LocalKeys::open(files, random, clock);
  const Bytes value = *hardware->seal(place, Secret("x"));
  EXPECT_EQ(hardware->root_keys()->source, "pkcs11");
  const std::string first = hardware->root_keys()->keys[0].id;
  ::setenv("SOFTHSM2_CONF", "/nowhere", 1);  // the token is pulled
  ASSERT_TRUE(hardware->use_root_key(*hardware->add_root_key(kNow)));
  const Bytes again = *hardware->reseal(place, value);
  ASSERT_TRUE(hardware->drop_root_key(first));
  EXPECT_FALSE(LocalKeys::open(files, random, clock));
  token.plug_in();
  EXPECT_EQ((*LocalKeys::open(files, random, clock))->unseal(place, again)->reveal(), "x");
}

}  // namespace
}  // namespace countersign::keys
