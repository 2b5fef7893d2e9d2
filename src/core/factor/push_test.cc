#include "core/factor/push.h"

#include <gtest/gtest.h>

#include "core/crypto/sign.h"
#include "testing/seeded_random.h"

namespace countersign::factor::push {
namespace {

struct Device {
  testing::SeededRandom random;
  crypto::Es256Key key;
  Bytes state;

  explicit Device(std::uint64_t seed = 1)
      : random(seed), key(crypto::Es256Key::generate(random)), state(*enrol(key.public_key().point())) {}
  Bytes sign(const std::string& message) const { return key.sign(bytes_of(message)); }
};

const std::string kMessage = answer_message("6f0c", "482", Decision::approve);

TEST(Push, AcceptsTheDevicesSignature) {
  const Device device;
  EXPECT_TRUE(verify_signature(device.state, kMessage, device.sign(kMessage)));
}

TEST(Push, RefusesASignatureOverAnotherAnswer) {
  const Device device;
  const Bytes signature = device.sign(kMessage);
  const std::string others[] = {
      answer_message("6f0d", "482", Decision::approve),
      answer_message("6f0c", "483", Decision::approve),
      answer_message("6f0c", "482", Decision::deny),
      answer_message("6f0c", "482", Decision::fraud),
  };
  for (const std::string& other : others) {
    EXPECT_EQ(verify_signature(device.state, other, signature).error().code, Errc::refused) << other;
  }
}

TEST(Push, RefusesAnotherDevicesSignature) {
  EXPECT_EQ(verify_signature(Device(1).state, kMessage, Device(2).sign(kMessage)).error().code, Errc::refused);
}

TEST(Push, RefusesASignatureOfAnotherLength) {
  const Device device;
  Bytes signature = device.sign(kMessage);
  signature.push_back(0);
  EXPECT_EQ(verify_signature(device.state, kMessage, signature).error().code, Errc::refused);
  EXPECT_EQ(verify_signature(device.state, kMessage, {}).error().code, Errc::refused);
}

TEST(Push, EnrolsOnlyPointsOnTheCurve) {
  Bytes point = Device().key.public_key().point();
  point.back() ^= 1;
  EXPECT_EQ(enrol(point).error().code, Errc::malformed);
  EXPECT_EQ(enrol({}).error().code, Errc::malformed);
}

TEST(PushState, IsRefusedWithAByteMoreOrLess) {
  const Device device;
  for (std::size_t size = 0; size <= device.state.size() + 1; ++size) {
    if (size == device.state.size()) continue;
    Bytes state = device.state;
    state.resize(size);
    EXPECT_EQ(verify_signature(state, kMessage, device.sign(kMessage)).error().code, Errc::malformed) << size;
  }
}

TEST(PushMessage, LetsNoFieldFlowIntoTheNext) {
  EXPECT_NE(answer_message("ab", "c", Decision::deny), answer_message("a", "bc", Decision::deny));
  EXPECT_NE(answer_message(std::string("a\0\1x", 4), "", Decision::deny), answer_message("a", "x", Decision::deny));
}

// docs/protocols/device.md: whoever writes an authenticator has only this to go by.
TEST(PushMessage, HasTheFormOfTheDeviceProtocol) {
  using namespace std::string_literals;
  EXPECT_EQ(answer_message("6f0c", "482", Decision::approve),
            "\0\x1c"s + "countersign device answer v1" + "\0\x04"s + "6f0c" + "\0\x03"s + "482" + "\0\x07"s +
                "approve");
}

TEST(PushDecision, ReadsBackWhatItWrites) {
  for (const Decision d : {Decision::approve, Decision::deny, Decision::fraud}) EXPECT_EQ(*decision(name(d)), d);
  EXPECT_EQ(decision("Approve").error().code, Errc::malformed);
}

TEST(Kinds, StandInTheOrderInWhichCodesAreTried) {
  std::vector<std::string_view> names;
  for (const Kind* k : kinds()) names.push_back(k->name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"totp", "hotp", "bypass", "push", "webauthn-platform",
                                                  "webauthn-roaming"}));
}

TEST(Kinds, AreFoundByName) {
  for (const Kind* k : kinds()) EXPECT_EQ(kind(k->name), k);
  EXPECT_EQ(kind("TOTP"), nullptr);
  EXPECT_EQ(kind("push")->verify, nullptr);
}

}  // namespace
}  // namespace countersign::factor::push
