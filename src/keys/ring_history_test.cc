#include "keys/ring_history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "testing/manual_clock.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::keys {
namespace {

constexpr std::int64_t kDay = 20'779;  // 2026-11-22
const std::string kMonth = "2026-11";

class RingHistoryTest : public ::testing::Test {
 protected:
  testing::TempDir temporary;
  testing::SeededRandom random;
  testing::ManualClock clock;
  const std::filesystem::path folder = temporary.path() / "keyring";
  const RootKeys roots = RootKeys::fresh(random);
  RingHistory keys{folder, head_keys(roots), random, clock};
  const TenantId tenant = TenantId::trusted("DA1"), other = TenantId::trusted("DA2");
  const Release why{tenant, "c_77", "support 4711"};

  EpochOrder order(std::vector<crypto::X25519PublicKey> recipients, std::int64_t day = kDay) {
    return {tenant, day, "node-1", 8, std::move(recipients)};
  }
  NewEpoch begun(std::int64_t day = kDay) {
    const Result<crypto::X25519PublicKey> key = keys.make_tenant_key(tenant);
    EXPECT_TRUE(key);
    Result<NewEpoch> out = keys.begin_epoch(order({*key}, day));
    EXPECT_TRUE(out) << out.error().what;
    return *std::move(out);
  }
  std::string releases() {
    std::ifstream in(folder / kReleasesName);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_releases(const std::string& text) { std::ofstream(folder / kReleasesName, std::ios::trunc) << text; }
};

TEST_F(RingHistoryTest, AnEpochsKeyComesBackFromItsHeader) {
  const NewEpoch epoch = begun();
  EXPECT_EQ(epoch.key.size(), history::kEpochKeySize);
  EXPECT_EQ(epoch.header.day, kDay);
  EXPECT_EQ(keys.release_epoch(why, epoch.header)->reveal(), epoch.key.reveal());
}

TEST_F(RingHistoryTest, OlderPairsOpenOlderEpochs) {
  const NewEpoch first = begun(), second = begun();
  EXPECT_TRUE(keys.release_epoch(why, first.header));
  EXPECT_TRUE(keys.release_epoch(why, second.header));
}

TEST_F(RingHistoryTest, TwoEpochsShareNeitherIdNorKey) {
  const NewEpoch first = begun(), second = begun();
  EXPECT_NE(first.header.id, second.header.id);
  EXPECT_NE(first.key.reveal(), second.key.reveal());
}

TEST_F(RingHistoryTest, ADayOutsideTheCalendarIsMalformed) {
  for (const std::int64_t day : {std::int64_t{-1}, std::int64_t{2'932'897}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(keys.begin_epoch(order({*keys.make_tenant_key(tenant)}, day)).error().code, Errc::malformed) << day;
    EXPECT_EQ(keys.release_day(why, day).error().code, Errc::malformed) << day;
  }
}

TEST_F(RingHistoryTest, ARecipientOfSmallOrderIsRefused) {
  EXPECT_EQ(keys.begin_epoch(order({crypto::X25519PublicKey()})).error().code, Errc::refused);
}

TEST_F(RingHistoryTest, WhatIsSealedToOthersAloneIsRefused) {
  const crypto::X25519Key theirs = crypto::X25519Key::generate(random);
  const NewEpoch epoch = *keys.begin_epoch(order({theirs.public_key()}));
  EXPECT_EQ(keys.release_epoch(why, epoch.header).error().code, Errc::refused);
  const Secret day = *keys.release_day(why, kDay);
  EXPECT_EQ(history::unwrap(epoch.header, theirs, day.reveal_bytes())->reveal(), epoch.key.reveal());
}

TEST_F(RingHistoryTest, ForgottenPairsOpenNothing) {
  const NewEpoch epoch = begun();
  ASSERT_TRUE(keys.tag_in_epoch(epoch.header, history::IndexedField::user, "ada"));
  ASSERT_TRUE(keys.forget_tenant_keys(tenant));
  EXPECT_EQ(keys.release_epoch(why, epoch.header).error().code, Errc::refused);
  EXPECT_EQ(keys.tag_in_epoch(epoch.header, history::IndexedField::user, "ada").error().code, Errc::refused);
}

TEST_F(RingHistoryTest, AHeaderOfAnotherTenantOrDayIsRefused) {
  const NewEpoch epoch = begun();
  EXPECT_EQ(keys.release_epoch({other, "c", "p"}, epoch.header).error().code, Errc::refused);
  history::EpochHeader moved = epoch.header;
  moved.day = kDay + 1;
  EXPECT_EQ(keys.release_epoch(why, moved).error().code, Errc::refused);
  moved = epoch.header;
  moved.commit[0] ^= 1;
  EXPECT_EQ(keys.release_epoch(why, moved).error().code, Errc::refused);
}

TEST_F(RingHistoryTest, AShreddedMonthOpensNothingAndBeginsNothing) {
  const NewEpoch epoch = begun(), next_month = begun(kDay + 10);
  ASSERT_TRUE(keys.tag_in_epoch(epoch.header, history::IndexedField::user, "ada"));
  ASSERT_TRUE(keys.shred_month(tenant, kMonth));
  EXPECT_EQ(keys.release_epoch(why, epoch.header).error().code, Errc::not_found);
  EXPECT_EQ(keys.release_day(why, kDay).error().code, Errc::not_found);
  EXPECT_EQ(keys.tag_in_epoch(epoch.header, history::IndexedField::user, "ada").error().code, Errc::not_found);
  EXPECT_EQ(keys.begin_epoch(order({*keys.make_tenant_key(tenant)})).error().code, Errc::refused);
  EXPECT_TRUE(keys.release_epoch(why, next_month.header));
  EXPECT_EQ(*keys.months_of(tenant), std::vector<std::string>{"2026-12"});
}

TEST_F(RingHistoryTest, TagsAreThoseOfTheEpochsKey) {
  const NewEpoch epoch = begun(), second = begun();
  const auto tag = [&](const NewEpoch& in, std::string_view value) {
    return *keys.tag_in_epoch(in.header, history::IndexedField::number, value);
  };
  EXPECT_EQ(tag(epoch, "+12025550100"),
            history::tag(history::index_key(epoch.key), history::IndexedField::number, "+12025550100", 8));
  EXPECT_EQ(tag(epoch, "+12025550100"), tag(epoch, "+12025550100"));  // the second time from memory
  EXPECT_EQ(tag(second, "+12025550100"),
            history::tag(history::index_key(second.key), history::IndexedField::number, "+12025550100", 8));
}

TEST_F(RingHistoryTest, AnEpochWithoutTagsHasNone) {
  EpochOrder without = order({*keys.make_tenant_key(tenant)});
  without.tag_bits = 0;
  const NewEpoch epoch = *keys.begin_epoch(without);
  EXPECT_EQ(keys.tag_in_epoch(epoch.header, history::IndexedField::user, "ada").error().code, Errc::malformed);
}

// --- the list of releases

TEST_F(RingHistoryTest, EveryReleaseIsOnDiskBeforeItsAnswer) {
  const NewEpoch epoch = begun();
  EXPECT_EQ(releases(), "");
  clock.set(from_unix_s(1'795'320'000));
  ASSERT_TRUE(keys.release_epoch(why, epoch.header));
  EXPECT_EQ(*check_releases(releases()), 1u);
  EXPECT_NE(releases().find(R"("key":"epoch","tenant":"DA1","day":20779)"), std::string::npos) << releases();
  EXPECT_NE(releases().find(R"("credential":"c_77","purpose":"support 4711")"), std::string::npos) << releases();
  EXPECT_NE(releases().find("2026-11-22T04:00:00"), std::string::npos) << releases();
  ASSERT_TRUE(keys.release_day(why, kDay));
  EXPECT_EQ(*check_releases(releases()), 2u);
}

TEST_F(RingHistoryTest, NothingIsReleasedThatCannotBeNoted) {
  const NewEpoch epoch = begun();
  std::filesystem::create_directory(folder / kReleasesName);
  EXPECT_EQ(keys.release_epoch(why, epoch.header).error().code, Errc::unavailable);
  EXPECT_EQ(keys.release_day(why, kDay).error().code, Errc::unavailable);
}

TEST_F(RingHistoryTest, ALongPurposeIsMalformed) {
  const NewEpoch epoch = begun();
  EXPECT_EQ(keys.release_day({tenant, "c", std::string(257, 'p')}, kDay).error().code, Errc::malformed);
  EXPECT_EQ(keys.release_day({tenant, std::string(257, 'c'), "p"}, kDay).error().code, Errc::malformed);
}

TEST_F(RingHistoryTest, SeveralProcessesWriteOneChain) {
  begun();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      testing::SeededRandom chance;
      RingHistory mine(folder, head_keys(roots), chance, clock);
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(mine.release_day(why, kDay));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*check_releases(releases()), 40u);
}

TEST_F(RingHistoryTest, AHalfWrittenLineIsCutByTheNextRelease) {
  begun();
  ASSERT_TRUE(keys.release_day(why, kDay));
  const std::string whole = releases();
  write_releases(whole + whole.substr(0, 40));
  RingHistory again(folder, head_keys(roots), random, clock);
  ASSERT_TRUE(again.release_day(why, kDay));
  EXPECT_EQ(*check_releases(releases()), 2u);
}

TEST_F(RingHistoryTest, AnAlteredListIsRefusedAndReleasesStop) {
  begun();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(keys.release_day(why, kDay));
  const std::string whole = releases();
  const std::size_t second = whole.find('\n') + 1, third = whole.find('\n', second) + 1;
  std::string changed = whole;
  changed.replace(changed.find("support"), 7, "payroll");
  for (const std::string& bad : {changed, whole.substr(second), whole.substr(0, second) + whole.substr(third),
                                 whole.substr(0, whole.size() - 1)}) {
    EXPECT_EQ(check_releases(bad).error().code, Errc::refused) << bad;
  }
  write_releases(changed);
  RingHistory again(folder, head_keys(roots), random, clock);
  EXPECT_EQ(again.release_day(why, kDay).error().code, Errc::refused);
  EXPECT_EQ(releases(), changed);
}

TEST_F(RingHistoryTest, AListThatBecameShorterIsRefused) {
  begun();
  ASSERT_TRUE(keys.release_day(why, kDay));
  const std::string one = releases();
  ASSERT_TRUE(keys.release_day(why, kDay));
  write_releases(one);
  EXPECT_EQ(keys.release_day(why, kDay).error().code, Errc::refused);
}

// --- the ledger

TEST_F(RingHistoryTest, SignsNotesOfThisServerWithALastingKey) {
  const std::string note = "countersign/DA1\n3\nAAAA\n";
  const Bytes public_key = *keys.ledger_key();
  ASSERT_EQ(public_key.size(), crypto::kEd25519KeySize);
  RingHistory again(folder, head_keys(roots), random, clock);
  const Bytes signature = *again.sign_note(note);
  EXPECT_TRUE(crypto::Ed25519PublicKey::from_bytes(public_key)->verify(bytes_of(note), signature));
}

TEST_F(RingHistoryTest, SignsNothingElse) {
  for (const char* text : {"", "\n", "countersign/DA1", "evil\ncountersign/DA1\n", "Countersign/DA1\n"}) {
    EXPECT_EQ(keys.sign_note(text).error().code, Errc::malformed) << text;
  }
}

}  // namespace
}  // namespace countersign::keys
