#include "core/crypto/hpke.h"

#include <gtest/gtest.h>

#include <map>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto::hpke {
namespace {

using testing::SeededRandom;
using testing::unhex;

Bytes hex_or_empty(const nlohmann::json& suite, const char* name) {
  return suite.contains(name) ? unhex(suite[name]) : Bytes();
}

struct Inputs {
  Bytes info, psk, psk_id;
  explicit Inputs(const nlohmann::json& suite)
      : info(unhex(suite["info"])), psk(hex_or_empty(suite, "psk")), psk_id(hex_or_empty(suite, "psk_id")) {}
  Psk both() const { return {psk, psk_id}; }
};

Sender sender_of(const nlohmann::json& suite) {
  const Inputs in(suite);
  const auto recipient = *X25519PublicKey::from_bytes(unhex(suite["pkRm"]));
  return *setup_sender(derive_key_pair(unhex(suite["ikmE"])), recipient, in.info, in.both());
}

Context recipient_of(const nlohmann::json& suite) {
  const Inputs in(suite);
  return *setup_recipient(unhex(suite["enc"]), *X25519Key::from_bytes(unhex(suite["skRm"])), in.info, in.both());
}

// Our suite among the file's: AEAD 2, modes 0 and 1. The others are counted.
std::vector<nlohmann::json> ours(const nlohmann::json& file, int& skipped) {
  std::vector<nlohmann::json> out;
  for (const auto& suite : file) {
    if (suite["kem_id"] == 0x20 && suite["kdf_id"] == 1 && suite["aead_id"] == 2) {
      out.push_back(suite);
    } else {
      ++skipped;
    }
  }
  return out;
}

// Every message of the file between those it lists is sealed too, to come to 255 and 256.
TEST(Hpke, SealsAndOpensAsTheStandardDoes) {
  VECTORS_OR_SKIP(file, "hpke/rfc9180-x25519-sha256.json");
  int suites = 0, skipped = 0, sealed = 0;
  for (const auto& suite : ours(file, skipped)) {
    Sender sender = sender_of(suite);
    Context recipient = recipient_of(suite);
    EXPECT_EQ(sender.enc, unhex(suite["enc"]));
    std::map<std::uint64_t, nlohmann::json> listed;
    for (const auto& one : suite["encryptions"]) listed[one["seq"]] = one;
    for (std::uint64_t i = 0; i <= listed.rbegin()->first; ++i) {
      const auto found = listed.find(i);
      if (found == listed.end()) {
        ASSERT_TRUE(recipient.open({}, sender.context.seal({}, {}))) << i;
        continue;
      }
      const auto& one = found->second;
      const Bytes aad = unhex(one["aad"]), cipher = unhex(one["ct"]), plain = unhex(one["pt"]);
      EXPECT_EQ(sender.context.seal(aad, plain), cipher) << i;
      const auto opened = recipient.open(aad, cipher);
      ASSERT_TRUE(opened) << i;
      EXPECT_EQ(*opened, plain) << i;
      ++sealed;
    }
    ++suites;
  }
  EXPECT_EQ(suites, 2);
  EXPECT_EQ(skipped, 4);
  EXPECT_EQ(sealed, 20);
}

TEST(Hpke, ExportsWhatTheStandardExports) {
  VECTORS_OR_SKIP(file, "hpke/rfc9180-x25519-sha256.json");
  int exported = 0, skipped = 0;
  for (const auto& suite : ours(file, skipped)) {
    const Sender sender = sender_of(suite);
    const Context recipient = recipient_of(suite);
    for (const auto& one : suite["exports"]) {
      const Bytes context = unhex(one["exporter_context"]), value = unhex(one["exported_value"]);
      EXPECT_TRUE(equal(sender.context.export_secret(context, one["L"])->reveal_bytes(), value));
      EXPECT_TRUE(equal(recipient.export_secret(context, one["L"])->reveal_bytes(), value));
      ++exported;
    }
  }
  EXPECT_EQ(exported, 6);
}

TEST(Hpke, DerivesTheStandardsKeyPairs) {
  VECTORS_OR_SKIP(file, "hpke/rfc9180-x25519-sha256.json");
  int pairs = 0;
  for (const auto& suite : file) {  // the same KEM in every suite
    for (const char* whose : {"R", "E"}) {
      const std::string end = whose;
      const X25519Key key = derive_key_pair(unhex(suite["ikm" + end]));
      EXPECT_TRUE(equal(key.scalar().reveal_bytes(), unhex(suite["sk" + end + "m"])));
      EXPECT_EQ(key.public_key(), *X25519PublicKey::from_bytes(unhex(suite["pk" + end + "m"])));
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 12);
}

TEST(Hpke, RefusesAFlippedBitOfWhateverWentIn) {
  VECTORS_OR_SKIP(file, "hpke/rfc9180-x25519-sha256.json");
  int tried = 0, skipped = 0;
  for (const auto& suite : ours(file, skipped)) {
    for (const char* what : {"ct", "aad", "enc", "info", "psk", "psk_id"}) {
      nlohmann::json changed = suite;
      nlohmann::json& holder = suite.contains(what) ? changed : changed["encryptions"][0];
      if (!holder.contains(what)) continue;  // mode base has no psk
      std::string text = holder[what];
      text[0] = text[0] == '0' ? '1' : '0';
      holder[what] = text;
      const auto& one = changed["encryptions"][0];
      EXPECT_EQ(recipient_of(changed).open(unhex(one["aad"]), unhex(one["ct"])).error().code, Errc::refused) << what;
      ++tried;
    }
  }
  EXPECT_EQ(tried, 10);
}

struct HpkeTest : ::testing::Test {
  SeededRandom random;
  X25519Key key = X25519Key::generate(random);
  Bytes psk = Bytes(32, 7), id = Bytes(3, 1);
};

TEST_F(HpkeTest, StaysWhereItWasAfterARefusal) {
  Sender sender = *setup_sender(random, key.public_key(), {}, {psk, id});
  Context recipient = *setup_recipient(sender.enc, key, {}, {psk, id});
  const Bytes first = sender.context.seal({}, bytes_of("first")), second = sender.context.seal({}, bytes_of("second"));
  EXPECT_EQ(recipient.open({}, second).error().code, Errc::refused);
  EXPECT_EQ(text_of(*recipient.open({}, first)), "first");
  EXPECT_EQ(recipient.open({}, first).error().code, Errc::refused);
  EXPECT_EQ(text_of(*recipient.open({}, second)), "second");
}

TEST_F(HpkeTest, TakesNoPskWithoutIdNorAShortOne) {
  for (const Psk& bad : {Psk{psk, {}}, Psk{{}, id}, Psk{ByteView(psk).first(31), id}}) {
    EXPECT_EQ(setup_sender(random, key.public_key(), {}, bad).error().code, Errc::malformed);
    EXPECT_EQ(setup_recipient(key.public_key().bytes(), key, {}, bad).error().code, Errc::malformed);
  }
}

TEST_F(HpkeTest, ModesAreApart) {
  Sender sender = *setup_sender(random, key.public_key(), {}, {psk, id});
  Context recipient = *setup_recipient(sender.enc, key, {});
  EXPECT_EQ(recipient.open({}, sender.context.seal({}, bytes_of("text"))).error().code, Errc::refused);
}

TEST_F(HpkeTest, RefusesKeysOfSmallOrderOnBothSides) {
  EXPECT_EQ(setup_sender(random, X25519PublicKey(), {}).error().code, Errc::refused);
  EXPECT_EQ(setup_recipient(Bytes(32, 0), key, {}).error().code, Errc::refused);
  EXPECT_EQ(setup_recipient(Bytes(31, 9), key, {}).error().code, Errc::malformed);
}

TEST_F(HpkeTest, SealsOneMessageInOneCall) {
  const Bytes sealed = *seal(random, key.public_key(), bytes_of("info"), bytes_of("aad"), bytes_of("text"));
  EXPECT_EQ(sealed.size(), kEncSize + 4 + kAeadTagSize);
  EXPECT_EQ(open(key, bytes_of("info"), bytes_of("aad"), sealed)->reveal(), "text");
  EXPECT_EQ(open(key, bytes_of("info"), bytes_of("other"), sealed).error().code, Errc::refused);
  EXPECT_EQ(open(X25519Key::generate(random), bytes_of("info"), bytes_of("aad"), sealed).error().code, Errc::refused);
  EXPECT_EQ(open(key, {}, {}, Bytes(47)).error().code, Errc::malformed);
}

TEST_F(HpkeTest, ExportsAtMost255Blocks) {
  const Sender sender = *setup_sender(random, key.public_key(), {});
  EXPECT_EQ(sender.context.export_secret({}, 255 * 32)->size(), 8160u);
  EXPECT_EQ(sender.context.export_secret({}, 255 * 32 + 1).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::crypto::hpke
