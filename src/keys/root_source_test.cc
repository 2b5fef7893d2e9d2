#include "keys/root_source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "keys/root_devices_test.h"
#include "keys/root_source_pkcs11.h"
#include "testing/seeded_random.h"

namespace countersign::keys {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

class RootSourceTest : public ::testing::Test {
 protected:
  testing::SeededRandom random;
  PrivateFolder folder;
  const std::string file = folder.file("root.key");
  const RootKeys keys = RootKeys::fresh(random);

  RootSource source(const std::string& text) const { return *RootSource::parse(text, file); }
  Bytes on_disk() const {
    std::ifstream in(file, std::ios::binary);
    return Bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  }
  static bool holds(const Bytes& bytes, const RootKeys& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!std::ranges::search(bytes, list.at(i).key).empty()) return true;
    }
    return false;
  }
  static bool same(const RootKeys& a, const RootKeys& b) { return a.encode().reveal() == b.encode().reveal(); }

  void expect_refusal(const std::string& text, Errc code, const std::string& says) {
    const auto read = source(text).read();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, code) << read.error().what;
    EXPECT_NE(read.error().what.find(says), std::string::npos) << read.error().what;
  }

  // Creates, reads, replaces and reads again; nothing of the keys stands in the file.
  void keeps_keys(const std::string& text) {
    RootSource first = source(text);
    const auto created = first.create(keys, random);
    ASSERT_TRUE(created) << created.error().what;
    EXPECT_EQ(first.create(keys, random).error().code, Errc::conflict);
    EXPECT_FALSE(holds(on_disk(), keys));
    RootSource second = source(text);
    EXPECT_TRUE(same(*second.read(), keys));
    const RootKeys more = *keys.with_added(random, kNow);
    ASSERT_TRUE(second.replace(more, random));
    EXPECT_FALSE(holds(on_disk(), more));
    EXPECT_TRUE(same(*source(text).read(), more));
    EXPECT_EQ(RootSource::of_file(file)->text(), text);
  }
};

TEST_F(RootSourceTest, AFileHoldsTheKeysAsTheyAre) {
  RootSource plain = source("file");
  ASSERT_TRUE(plain.create(keys, random));
  EXPECT_EQ(on_disk().size(), kRootKeySize);
  const RootKeys more = *keys.with_added(random, kNow);
  ASSERT_TRUE(plain.replace(more, random));
  EXPECT_TRUE(same(*source("file").read(), more));
  EXPECT_TRUE(same(*RootKeys::open(file), more));
  EXPECT_EQ(RootSource::of_file(file)->text(), "file");
}

TEST_F(RootSourceTest, WhatIsReplacedLeavesNothingBesideAndClearsWhatACrashLeft) {
  RootSource plain = source("file");
  ASSERT_TRUE(plain.create(keys, random));
  folder.write("root.key.new", "half a list");
  ASSERT_TRUE(plain.replace(*keys.with_added(random, kNow), random));
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
}

TEST_F(RootSourceTest, AFileThatGoesIsOverwrittenUnlessABackupHasItsBytes) {
  RootSource plain = source("file");
  ASSERT_TRUE(plain.create(keys, random));
  std::ifstream opened(file, std::ios::binary);  // the file of now, whatever its name becomes
  const RootKeys more = *keys.with_added(random, kNow);
  ASSERT_TRUE(plain.replace(more, random));
  const Bytes old((std::istreambuf_iterator<char>(opened)), std::istreambuf_iterator<char>());
  EXPECT_EQ(old, Bytes(kRootKeySize));

  std::filesystem::create_hard_link(file, folder.file("backup"));
  ASSERT_TRUE(plain.replace(*more.with_added(random, kNow), random));
  EXPECT_TRUE(same(*RootKeys::open(folder.file("backup")), more));
}

TEST_F(RootSourceTest, WhatIsNoSourceIsMalformed) {
  const std::string m = "?module-path=/m.so";
  const std::string bad[] = {"",
                             "File",
                             "vault:x",
                             "tpm2:a b",
                             "pkcs11:",
                             "pkcs11:object=o" + m,
                             "pkcs11:token=t" + m,
                             "pkcs11:token=t;object=o",
                             "pkcs11:token=t;object=o" + m + "&pin-value=1",
                             "pkcs11:token=t;token=u;object=o" + m,
                             "pkcs11:token=;object=o" + m,
                             "pkcs11:token=%4;object=o" + m,
                             "pkcs11:token=%zz;object=o" + m,
                             "pkcs11:token=%00;object=o" + m,
                             "pkcs11:token=t;object=o;type=cert" + m,
                             "pkcs11:token=t;object=o;slot-id=1" + m,
                             "pkcs11:" + std::string(2000, 'x')};
  for (const std::string& text : bad) {
    const auto parsed = RootSource::parse(text, file);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::malformed) << text;
  }
  const Pkcs11Uri uri =
      *Pkcs11Uri::parse("pkcs11:token=a%20b;serial=1f;object=o%3b;type=private?module-path=/m.so&pin-source=file:///p");
  EXPECT_EQ(uri.token, "a b");
  EXPECT_EQ(uri.serial, "1f");
  EXPECT_EQ(uri.object, "o;");
  EXPECT_EQ(uri.module_path, "/m.so");
  EXPECT_EQ(uri.pin_source, "/p");
}

TEST_F(RootSourceTest, AWrappedFileIsReadBackAsItWasAndDamageIsRefused) {
  const WrappedRoot made{"tpm2:", Bytes{1, 2, 3}, Bytes{4, 5}};
  Bytes stored = made.head();
  append(stored, made.sealed);
  const WrappedRoot again = *WrappedRoot::decode(stored);
  EXPECT_EQ(again.source, made.source);
  EXPECT_EQ(again.wrapped, made.wrapped);
  EXPECT_EQ(again.sealed, made.sealed);
  for (std::size_t i = 0; i < made.head().size(); ++i) {
    EXPECT_EQ(WrappedRoot::decode(ByteView(stored).first(i)).error().code, Errc::refused) << i;
  }
  EXPECT_EQ(WrappedRoot::decode(Bytes(kRootKeySize, 'C')).error().code, Errc::refused);
}

class TokenTest : public RootSourceTest {
 protected:
  std::unique_ptr<SoftToken> token;
  void SetUp() override {
    if (!SoftToken::is_here()) GTEST_SKIP() << "softhsm2 and opensc are not here";
    token = std::make_unique<SoftToken>();
    ASSERT_TRUE(token->made());
    ASSERT_TRUE(token->make_key("root", "rsa:2048", "--usage-decrypt"));
  }
};

TEST_F(TokenTest, AnRsaKeyInATokenKeepsTheRootKey) { keeps_keys(token->uri("root")); }

TEST_F(TokenTest, AKeyOnACurveKeepsTheRootKey) {
  ASSERT_TRUE(token->make_key("curve", "EC:prime256v1", "--usage-derive"));
  keeps_keys(token->uri("curve"));
}

TEST_F(TokenTest, WithoutItsTokenItSaysWhichAndWhatIsThere) {
  ASSERT_TRUE(source(token->uri("root")).create(keys, random));
  expect_refusal(SoftToken::uri("other", "root", "/nowhere"), Errc::unavailable,
                 "the token 'other' is not there (present: countersign)");
  const std::string text = token->uri("root");
  expect_refusal(text.substr(0, text.find("module-path")) + "module-path=/nowhere/driver.so", Errc::unavailable,
                 "/nowhere/driver.so: this PKCS#11 driver cannot be loaded");
}

TEST_F(TokenTest, AWrongOrMissingPinIsNamedByItsFile) {
  ASSERT_TRUE(source(token->uri("root")).create(keys, random));
  const std::string wrong = folder.write("wrong", "000000\n");
  expect_refusal(SoftToken::uri("countersign", "root", wrong), Errc::refused, "refuses the PIN in " + wrong);
  expect_refusal(SoftToken::uri("countersign", "root", folder.file("none")), Errc::not_found, folder.file("none"));
  const std::string text = token->uri("root");
  expect_refusal(text.substr(0, text.find("&pin-source")), Errc::refused, "asks for a PIN");
}

TEST_F(TokenTest, AnotherKeyOfTheTokenDoesNotOpenIt) {
  ASSERT_TRUE(source(token->uri("root")).create(keys, random));
  ASSERT_TRUE(token->make_key("second", "rsa:2048", "--usage-decrypt"));
  expect_refusal(token->uri("second"), Errc::refused, "does not open root.key");
  expect_refusal(token->uri("third"), Errc::not_found, "holds no private key 'third'");
}

TEST_F(TokenTest, ASmallKeyIsNotUsed) {
  ASSERT_TRUE(token->make_key("small", "rsa:1024", "--usage-decrypt"));
  EXPECT_EQ(source(token->uri("small")).create(keys, random).error().code, Errc::refused);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(TokenTest, KeysMoveFromTheFileToTheTokenAndBack) {
  ASSERT_TRUE(source("file").create(keys, random));
  expect_refusal(token->uri("root"), Errc::refused, "countersign keys wrap --to");
  ASSERT_TRUE(source(token->uri("root")).take_over(keys, random));
  EXPECT_FALSE(holds(on_disk(), keys));
  expect_refusal("file", Errc::refused, "is wrapped by a device");
  ASSERT_TRUE(source("file").take_over(*source(token->uri("root")).read(), random));
  EXPECT_TRUE(same(*source("file").read(), keys));
}

TEST_F(TokenTest, ADamagedWrappedFileIsRefused) {
  ASSERT_TRUE(source(token->uri("root")).create(keys, random));
  Bytes stored = on_disk();
  stored.back() ^= 1;
  folder.write("root.key", std::string(text_of(stored)));
  expect_refusal(token->uri("root"), Errc::refused, "was altered");
}

class TpmTest : public RootSourceTest {
 protected:
  std::unique_ptr<SoftTpm> tpm;
  void SetUp() override {
    if (!SoftTpm::is_here()) GTEST_SKIP() << "swtpm is not here";
    tpm = std::make_unique<SoftTpm>();
    ASSERT_TRUE(tpm->made());
  }
};

TEST_F(TpmTest, ATpmKeepsTheRootKeyAlsoAfterItWasOff) {
  keeps_keys(tpm->uri());
  const RootKeys before = *source(tpm->uri()).read();
  tpm->stop();
  tpm->start();
  EXPECT_TRUE(same(*source(tpm->uri()).read(), before));
}

TEST_F(TpmTest, AnotherTpmDoesNotOpenIt) {
  ASSERT_TRUE(source(tpm->uri()).create(keys, random));
  const SoftTpm other;
  expect_refusal(other.uri(), Errc::refused, "sealed by another TPM");
}

TEST_F(TpmTest, WithoutItsTpmItSaysWhere) {
  ASSERT_TRUE(source(tpm->uri()).create(keys, random));
  tpm->stop();
  expect_refusal(tpm->uri(), Errc::unavailable, "no TPM answers at 'swtpm:path=");
}

TEST_F(TpmTest, WhatADeviceWrappedIsNotOpenedByATpm) {
  RootSource wrapped = source(tpm->uri());
  ASSERT_TRUE(wrapped.create(keys, random));
  WrappedRoot stored = *WrappedRoot::decode(on_disk());
  stored.wrapped.assign(256, 7);
  Bytes altered = stored.head();
  append(altered, stored.sealed);
  folder.write("root.key", std::string(text_of(altered)));
  expect_refusal(tpm->uri(), Errc::refused, "holds nothing that a TPM sealed");
}

}  // namespace
}  // namespace countersign::keys
