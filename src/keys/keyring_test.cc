#include "keys/keyring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::keys {
namespace {

namespace fs = std::filesystem;

const std::string kMonth = "2026-11";

Bytes read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return Bytes(text.begin(), text.end());
}

void write_file(const fs::path& file, ByteView bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text_of(bytes);
}

class KeyringTest : public ::testing::Test {
 protected:
  testing::TempDir temporary;
  testing::SeededRandom random;
  const fs::path folder = temporary.path() / "keyring";
  const fs::path month_file = folder / (kMonth + ".keys");
  const Bytes root = Bytes(32, 7), other_root = Bytes(32, 8);
  const TenantId a = TenantId::trusted("DAAAAA"), b = TenantId::trusted("DABBBB");

  static HeadKeys heads(const std::vector<ByteView>& roots) {
    HeadKeys out;
    for (const ByteView key : roots) out.push_back(std::move(head_keys(*RootKeys::decode(key)).front()));
    return out;
  }
  Keyring open() { return Keyring(folder, heads({root}), random); }
  std::string made(Keyring& ring, const TenantId& tenant, const std::string& month = kMonth) {
    const Result<Secret> key = ring.make_month_key(tenant, month);
    EXPECT_TRUE(key) << key.error().what;
    return key ? std::string(key->reveal()) : std::string();
  }
  std::string found(Keyring& ring, const TenantId& tenant, const std::string& month = kMonth) {
    const Result<Secret> key = ring.month_key(tenant, month);
    return key ? std::string(key->reveal()) : name(key.error().code);
  }
};

TEST_F(KeyringTest, MakesNothingBeforeTheFirstKey) {
  Keyring ring = open();
  EXPECT_EQ(found(ring, a), "not_found");
  EXPECT_TRUE(ring.months_of(a)->empty());
  EXPECT_TRUE(ring.tenant_keys(a)->empty());
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(KeyringTest, AMonthsKeyStaysTheSameAndIsAnotherForEachTenantAndMonth) {
  Keyring ring = open();
  const std::string key = made(ring, a);
  EXPECT_EQ(key.size(), kFileSecretSize);
  EXPECT_EQ(made(ring, a), key);
  EXPECT_NE(made(ring, b), key);
  EXPECT_NE(made(ring, a, "2026-12"), key);
  Keyring again = open();
  EXPECT_EQ(found(again, a), key);
}

TEST_F(KeyringTest, TheDirectoryAndItsFilesAreOfTheOwnerAlone) {
  Keyring ring = open();
  made(ring, a);
  struct stat seen;
  ASSERT_EQ(::stat(folder.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0700u);
  for (const auto& entry : fs::directory_iterator(folder)) {
    ASSERT_EQ(::stat(entry.path().c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(KeyringTest, ADirectoryThatOthersMayEnterIsRefusedWithTheCure) {
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms(0750));
  Keyring ring = open();
  const Result<Secret> key = ring.make_month_key(a, kMonth);
  EXPECT_EQ(key.error().code, Errc::refused);
  EXPECT_NE(key.error().what.find("chmod 700"), std::string::npos);
}

TEST_F(KeyringTest, WhatIsNoMonthIsMalformed) {
  Keyring ring = open();
  for (const char* text : {"", "2026", "2026-13", "2026-00", "2026-1", "../2026", "2026-111", "1969-12", "2026_11"}) {
    EXPECT_EQ(ring.make_month_key(a, text).error().code, Errc::malformed) << text;
    EXPECT_EQ(ring.month_key(a, text).error().code, Errc::malformed) << text;
    EXPECT_EQ(ring.shred_month(a, text).error().code, Errc::malformed) << text;
    EXPECT_EQ(ring.prepare_month(text, {a}).error().code, Errc::malformed) << text;
  }
}

TEST_F(KeyringTest, AnotherRootKeyOpensNothingAndMakesNothing) {
  Keyring ring = open();
  made(ring, a);
  Keyring strange(folder, heads({other_root}), random);
  EXPECT_EQ(strange.month_key(a, kMonth).error().code, Errc::refused);
  EXPECT_EQ(strange.make_month_key(b, kMonth).error().code, Errc::refused);
}

TEST_F(KeyringTest, TwoProcessesShareTheDirectory) {
  Keyring one = open(), two = open();
  const std::string first = made(one, a);
  EXPECT_EQ(found(two, a), first);
  const std::string second = made(two, b);
  EXPECT_EQ(found(one, b), second);
  EXPECT_EQ(made(one, b), second);
  ASSERT_TRUE(one.shred_month(a, kMonth));
  EXPECT_EQ(found(two, a), "not_found");
  EXPECT_EQ(two.make_month_key(a, kMonth).error().code, Errc::refused);
}

TEST_F(KeyringTest, OneKeyWinsWhenManyMakeTheSameMonthAtOnce) {
  std::vector<std::string> keys(8);
  std::vector<std::thread> threads;
  for (std::string& key : keys) {
    threads.emplace_back([&] {
      Keyring ring = open();
      key = made(ring, a);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 1u);
}

TEST_F(KeyringTest, PreparesAMonthInOneWriteAndLeavesWhatIsThere) {
  Keyring ring = open();
  const std::string before = made(ring, a);
  ASSERT_TRUE(ring.prepare_month(kMonth, {a, b, b}));
  EXPECT_EQ(found(ring, a), before);
  EXPECT_EQ(found(ring, b).size(), kFileSecretSize);
  const auto size = fs::file_size(month_file);
  ASSERT_TRUE(ring.prepare_month(kMonth, {a, b}));
  EXPECT_EQ(fs::file_size(month_file), size);
}

// --- destroying

TEST_F(KeyringTest, AShreddedMonthIsGoneAndNotMadeAgain) {
  Keyring ring = open();
  made(ring, a);
  const std::string other = made(ring, b);
  ASSERT_TRUE(ring.shred_month(a, kMonth));
  EXPECT_EQ(found(ring, a), "not_found");
  EXPECT_EQ(ring.make_month_key(a, kMonth).error().code, Errc::refused);
  EXPECT_EQ(found(ring, b), other);
  ASSERT_TRUE(ring.prepare_month(kMonth, {a, b}));
  EXPECT_EQ(found(ring, a), "not_found");
  EXPECT_EQ(ring.shred_month(a, kMonth).error().code, Errc::not_found);
  EXPECT_EQ(ring.shred_month(TenantId::trusted("DACCCC"), kMonth).error().code, Errc::not_found);
}

// A thief who kept a descriptor, or reads the blocks that were the file.
TEST_F(KeyringTest, TheOldFilesBytesAreOverwritten) {
  Keyring ring = open();
  made(ring, a);
  const int kept = ::open(month_file.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(kept, 0);
  const std::size_t size = fs::file_size(month_file);
  ASSERT_TRUE(ring.shred_month(a, kMonth));
  Bytes left(size, 1);
  ASSERT_EQ(::pread(kept, left.data(), size, 0), static_cast<ssize_t>(size));
  ::close(kept);
  EXPECT_EQ(left, Bytes(size));
  for (const auto& entry : fs::directory_iterator(folder)) {
    EXPECT_TRUE(entry.path().filename() == "lock" || entry.path() == month_file) << entry.path();
  }
}

TEST_F(KeyringTest, ARecordOfTheOldFileDoesNotOpenInTheNewOne) {
  Keyring ring = open();
  made(ring, a);
  const Bytes before = read_file(month_file);
  ASSERT_TRUE(ring.shred_month(a, kMonth));
  Bytes mixed = read_file(month_file);
  mixed.resize(kKeyFileHeadSize);
  append(mixed, ByteView(before).subspan(kKeyFileHeadSize));
  write_file(month_file, mixed);
  Keyring again = open();
  EXPECT_EQ(again.month_key(a, kMonth).error().code, Errc::refused);
}

TEST_F(KeyringTest, ADestructionCutShortIsEndedByTheNextStart) {
  Keyring ring = open();
  made(ring, a);
  const Bytes before = read_file(month_file);
  ASSERT_TRUE(ring.shred_month(a, kMonth));
  const fs::path aside = month_file.string() + ".old";  // as after a crash between the new file and the overwriting
  write_file(aside, before);
  fs::permissions(aside, fs::perms(0600));
  const int kept = ::open(aside.c_str(), O_RDONLY | O_CLOEXEC);
  Keyring again = open();
  ASSERT_TRUE(again.prepare());
  EXPECT_FALSE(fs::exists(aside));
  Bytes left(before.size(), 1);
  ASSERT_EQ(::pread(kept, left.data(), left.size(), 0), static_cast<ssize_t>(left.size()));
  ::close(kept);
  EXPECT_EQ(left, Bytes(before.size()));
  EXPECT_EQ(found(again, a), "not_found");
}

TEST_F(KeyringTest, ACrashBeforeTheNewFileTookItsPlaceHarmsNothing) {
  Keyring ring = open();
  const std::string key = made(ring, a);
  fs::create_hard_link(month_file, month_file.string() + ".old");
  Keyring again = open();
  ASSERT_TRUE(again.prepare());
  EXPECT_EQ(found(again, a), key);
  EXPECT_FALSE(fs::exists(month_file.string() + ".old"));
}

TEST_F(KeyringTest, AskingAgainEndsADestructionThatFailedHalfWay) {
  Keyring ring = open();
  made(ring, a);
  const Bytes before = read_file(month_file);
  ASSERT_TRUE(ring.shred_month(a, kMonth));
  write_file(month_file.string() + ".old", before);
  EXPECT_TRUE(ring.shred_month(a, kMonth));
  EXPECT_EQ(ring.shred_month(a, kMonth).error().code, Errc::not_found);
}

// --- crashes and faults

TEST_F(KeyringTest, ATornTailIsRecognisedAtEveryLengthAndCut) {
  Keyring ring = open();
  const std::string first = made(ring, a);
  const Bytes one = read_file(month_file);
  made(ring, b);
  const Bytes two = read_file(month_file);
  for (std::size_t size = one.size(); size < two.size(); ++size) {
    write_file(month_file, ByteView(two).first(size));
    Keyring again = open();
    EXPECT_EQ(found(again, a), first) << size;
    EXPECT_EQ(found(again, b), "not_found") << size;
  }
  Bytes zeros = two;  // a file that grew before its bytes came
  std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(one.size()), zeros.end(), std::uint8_t{0});
  write_file(month_file, zeros);
  Keyring again = open();
  EXPECT_EQ(found(again, b), "not_found");
  const std::string fresh = made(again, b);
  EXPECT_EQ(fs::file_size(month_file), two.size());
  Keyring third = open();
  EXPECT_EQ(found(third, a), first);
  EXPECT_EQ(found(third, b), fresh);
}

TEST_F(KeyringTest, NoFlippedBitGivesAnotherKey) {
  Keyring ring = open();
  const std::string first = made(ring, a), second = made(ring, b);
  const Bytes whole = read_file(month_file);
  for (std::size_t i = 0; i < whole.size() * 8; ++i) {
    Bytes flipped = whole;
    flipped[i / 8] ^= static_cast<std::uint8_t>(1 << i % 8);
    write_file(month_file, flipped);
    Keyring again = open();
    const Result<Secret> key = again.month_key(a, kMonth);
    if (key) {
      EXPECT_EQ(key->reveal(), first) << i;
    } else {
      EXPECT_TRUE(key.error().code == Errc::refused || key.error().code == Errc::not_found) << i;
    }
  }
}

TEST_F(KeyringTest, DamageBeforeTheEndIsRefusedAndNothingIsMadeAgain) {
  Keyring ring = open();
  made(ring, a);
  made(ring, b);
  Bytes damaged = read_file(month_file);
  damaged[kKeyFileHeadSize + 20] ^= 1;  // in the first frame
  write_file(month_file, damaged);
  Keyring again = open();
  EXPECT_EQ(again.month_key(a, kMonth).error().code, Errc::refused);
  EXPECT_EQ(again.make_month_key(a, kMonth).error().code, Errc::refused);
  EXPECT_EQ(read_file(month_file), damaged);
}

TEST_F(KeyringTest, AMonthsFileUnderAnotherNameIsRefused) {
  Keyring ring = open();
  made(ring, a);
  fs::rename(month_file, folder / "2026-12.keys");
  EXPECT_EQ(ring.month_key(a, "2026-12").error().code, Errc::refused);
}

// Runs `act` in a child whose files cannot grow over `size` bytes; the answer is its exit code.
template <class F>
int with_full_disk(rlim_t size, F act) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, size};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(act());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(KeyringTest, AFullDiskIsUnavailableAndHalfAWriteIsNotUsed) {
  Keyring ring = open();
  const std::string first = made(ring, a);
  const Bytes before = read_file(month_file);
  const int code = with_full_disk(before.size() + 30, [&] {
    Keyring full = open();
    const Result<Secret> key = full.make_month_key(b, kMonth);
    if (key || key.error().code != Errc::unavailable) return 1;
    return found(full, b) == "not_found" && found(full, a) == first ? 0 : 2;
  });
  EXPECT_EQ(code, 0);
  const int shredding = with_full_disk(kKeyFileHeadSize, [&] {
    Keyring full = open();
    const Result<void> shredded = full.shred_month(a, kMonth);
    if (shredded || shredded.error().code != Errc::unavailable) return 1;
    return found(full, a) == first ? 0 : 2;
  });
  EXPECT_EQ(shredding, 0);
  EXPECT_EQ(read_file(month_file), before);
  EXPECT_EQ(made(ring, a), first);
}

// --- pairs, the ledger, rotation

TEST_F(KeyringTest, TenantsKeysComeNewestFirstAndAreForgottenTogether) {
  Keyring ring = open();
  ASSERT_TRUE(ring.add_tenant_key(a, Secret(std::string(32, '1'))));
  ASSERT_TRUE(ring.add_tenant_key(b, Secret(std::string(32, '2'))));
  ASSERT_TRUE(ring.add_tenant_key(a, Secret(std::string(32, '3'))));
  const Result<std::vector<Secret>> keys = open().tenant_keys(a);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0].reveal(), std::string(32, '3'));
  EXPECT_EQ((*keys)[1].reveal(), std::string(32, '1'));
  ASSERT_TRUE(ring.forget_tenant_keys(a));
  EXPECT_TRUE(open().tenant_keys(a)->empty());
  EXPECT_EQ(open().tenant_keys(b)->size(), 1u);
  EXPECT_TRUE(ring.forget_tenant_keys(a));
}

TEST_F(KeyringTest, TheLedgersSeedIsMadeOnce) {
  Keyring ring = open();
  const Secret seed = *ring.ledger_seed();
  EXPECT_EQ(seed.size(), kFileSecretSize);
  EXPECT_EQ(open().ledger_seed()->reveal(), seed.reveal());
}

TEST_F(KeyringTest, AfterARotationTheOldRootKeyOpensNothing) {
  Keyring ring = open();
  const std::string key = made(ring, a);
  made(ring, a, "2026-12");
  const std::string seed(ring.ledger_seed()->reveal());
  ASSERT_TRUE(ring.shred_month(a, "2026-12"));
  EXPECT_EQ(*ring.rewrap(heads({other_root, root})), 3u);
  EXPECT_EQ(found(ring, a), key);
  EXPECT_EQ(*ring.rewrap(heads({other_root, root})), 0u);
  Keyring fresh(folder, heads({other_root}), random);
  EXPECT_EQ(found(fresh, a), key);
  EXPECT_EQ(fresh.ledger_seed()->reveal(), seed);
  EXPECT_EQ(fresh.make_month_key(a, "2026-12").error().code, Errc::refused);
  EXPECT_EQ(open().month_key(a, kMonth).error().code, Errc::refused);
}

TEST_F(KeyringTest, ListsTheMonthsThatStillOpen) {
  Keyring ring = open();
  for (const char* month : {"2026-12", "2026-01", "2025-07", "2027-01"}) made(ring, a, month);
  made(ring, b, "2024-01");
  ASSERT_TRUE(ring.shred_month(a, "2026-01"));
  EXPECT_EQ(*ring.months_of(a), (std::vector<std::string>{"2025-07", "2026-12", "2027-01"}));
}

TEST_F(KeyringTest, AHundredThousandTenantsTakeLessThan20MegabytesAMonth) {
  std::vector<TenantId> tenants;
  for (int i = 0; i < 100'000; ++i) tenants.push_back(TenantId::make(random));
  Keyring ring = open();
  ASSERT_TRUE(ring.prepare_month(kMonth, tenants));
  EXPECT_LT(ring.memory(), 20'000'000u);
  Keyring again = open();
  EXPECT_EQ(found(again, tenants.back()), found(ring, tenants.back()));
  made(again, a);
  EXPECT_LT(again.memory(), 20'000'000u);
}

TEST_F(KeyringTest, KeepsThreeMonthsInMemory) {
  Keyring ring = open();
  std::vector<std::size_t> sizes;
  for (int month = 1; month <= 6; ++month) {
    made(ring, a, "2026-0" + std::to_string(month));
    sizes.push_back(ring.memory());
  }
  EXPECT_LT(sizes[1], sizes[2]);
  EXPECT_EQ(sizes[2], sizes[5]);
}

}  // namespace
}  // namespace countersign::keys
