#include "core/webpush/subscription.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/crypto/sign.h"
#include "testing/seeded_random.h"

namespace countersign::webpush {
namespace {

constexpr std::string_view kPoint =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr std::string_view kAuth = "BTBZMqHH6r4Tts7J_aSIgg";

std::string json(std::string_view endpoint, std::string_view point, std::string_view auth) {
  return "{\"endpoint\":\"" + std::string(endpoint) + "\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"" +
         std::string(point) + "\",\"auth\":\"" + std::string(auth) + "\"}}";
}

std::string good() { return json("https://push.example.net/1", kPoint, kAuth); }

Errc refusal(std::string_view text) {
  const auto read = read_subscription(text);
  EXPECT_FALSE(read) << text;
  return read ? Errc::unavailable : read.error().code;
}

TEST(Subscription, IsReadAsABrowserWritesIt) {
  const auto read = read_subscription(good());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->endpoint, "https://push.example.net/1");
  EXPECT_EQ(codec::to_base64(codec::Base64::url, read->p256dh), kPoint);
  EXPECT_EQ(codec::to_base64(codec::Base64::url, read->auth.reveal_bytes()), kAuth);
}

TEST(Subscription, ComesBackAsItWasWritten) {
  const auto first = read_subscription(good());
  ASSERT_TRUE(first);
  const auto second = read_subscription(write_subscription(*first));
  ASSERT_TRUE(second);
  EXPECT_EQ(write_subscription(*second), write_subscription(*first));
  const auto sealed = decode(encode(*first).reveal());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(write_subscription(*sealed), write_subscription(*first));
}

TEST(Subscription, OfAnotherFormIsMalformed) {
  const std::string off_curve(kPoint.substr(0, kPoint.size() - 4));
  for (const std::string& text :
       {std::string("[]"), std::string("{}"), std::string("nonsense"), good() + "x",
        json("ftp://push.example.net/1", kPoint, kAuth), json("https://push.example.net/1", off_curve + "AAAA", kAuth),
        json("https://push.example.net/1", std::string(kPoint) + "A", kAuth),
        json("https://push.example.net/1", kPoint, "BTBZMqHH6r4Tts7J_aSI"),
        json("https://push.example.net/1", kPoint, "BTBZMqHH6r4Tts7J/aSIgg"),
        json("https://push.example.net/1", kPoint, "BTBZMqHH6r4Tts7J_aSIgg=="),
        std::string("{\"endpoint\":\"https://a.example/\",") + good().substr(1),
        std::string("{\"endpoint\":1,\"keys\":{}}"),
        std::string("{\"endpoint\":\"https://a.example/\",\"keys\":[]}")}) {
    EXPECT_EQ(refusal(text), Errc::malformed) << text;
  }
}

TEST(Subscription, IsNotReadBeyondItsLimit) {
  EXPECT_EQ(refusal(good() + std::string(kSubscriptionMax, ' ')), Errc::exhausted);
}

TEST(Subscription, SealedTextMustBeWhole) {
  const auto read = read_subscription(good());
  ASSERT_TRUE(read);
  const Secret sealed = encode(*read);
  const std::string text(sealed.reveal());
  for (const std::string& broken :
       {text + "x", text.substr(0, text.size() - 1), "2;" + text.substr(2), std::string()}) {
    ASSERT_FALSE(decode(broken));
    EXPECT_EQ(decode(broken).error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace countersign::webpush
