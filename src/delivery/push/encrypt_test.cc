#include "delivery/push/encrypt.h"

#include <gtest/gtest.h>

#include <map>

#include "core/codec/base64.h"
#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::push {
namespace {

struct Vector {
  std::map<std::string, Bytes> values;
  Vector() {
    for (const auto& row : testing::load_table("rfc8291.txt")) {
      const auto bytes = codec::from_base64(codec::Base64::url, row.at(1));
      EXPECT_TRUE(bytes) << row[0];
      if (bytes) values[row[0]] = *bytes;
    }
    EXPECT_EQ(values.size(), 7U);
  }
  webpush::Subscription subscription() {
    return {.endpoint = "https://push.example.net/",
            .p256dh = values["ua_public"],
            .auth = Secret(ByteView(values["auth_secret"]))};
  }
  Ephemeral ephemeral() { return {*crypto::Es256Key::from_scalar(values["as_private"]), values["salt"]}; }
};

TEST(Encrypt, MakesTheMessageOfTheRfc) {
  Vector v;
  EXPECT_EQ(v.ephemeral().key.public_key().point(), v.values["as_public"]);
  const auto message = encrypt(v.subscription(), v.ephemeral(), v.values["plaintext"]);
  ASSERT_TRUE(message) << message.error().what;
  EXPECT_EQ(codec::to_base64(codec::Base64::url, *message), codec::to_base64(codec::Base64::url, v.values["message"]));
}

TEST(Encrypt, NoTwoMessagesAreAlike) {
  Vector v;
  testing::SeededRandom random;
  const auto one = encrypt(v.subscription(), draw_ephemeral(random), v.values["plaintext"]);
  const auto two = encrypt(v.subscription(), draw_ephemeral(random), v.values["plaintext"]);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_EQ(one->size(), two->size());
}

TEST(Encrypt, FillsARecordAndNoMore) {
  Vector v;
  const auto full = encrypt(v.subscription(), v.ephemeral(), Bytes(kPlainMax, 7));
  ASSERT_TRUE(full);
  EXPECT_EQ(full->size(), kRecordSize);
  const auto more = encrypt(v.subscription(), v.ephemeral(), Bytes(kPlainMax + 1, 7));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::exhausted);
}

TEST(Encrypt, NeedsAPointOnTheCurve) {
  Vector v;
  webpush::Subscription broken = v.subscription();
  broken.p256dh.back() ^= 1;
  const auto message = encrypt(broken, v.ephemeral(), {});
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::push
