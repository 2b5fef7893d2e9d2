// One test for each step of WebAuthn Level 3 §7.2 that is ours: everything else about the response is right.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "core/codec/base64.h"
#include "core/factor/webauthn.h"
#include "testing/virtual_authenticator.h"

namespace countersign::factor::webauthn {
namespace {

using codec::Cbor;
using testing::Attest;
using testing::VirtualAuthenticator;

constexpr std::size_t kFlags = 32;  // where they stand in authenticator data

class WebauthnAuthentication : public ::testing::Test {
 protected:
  const std::string origin = "https://mfa.example:8443";
  Ceremony ceremony;
  VirtualAuthenticator device;
  Bytes user = Bytes(16, 1), state;

  WebauthnAuthentication() {
    ceremony.rp = {"mfa.example", {origin}, {}};
    ceremony.challenge = Bytes(kChallengeSize, 7);
    enrol();
  }
  void enrol() {
    device.credentials.clear();
    CreationOptions options;
    options.person = {user, "ada", "Ada"};
    const auto response = read_registration(device.create(creation_options_json(ceremony, options), origin));
    ASSERT_TRUE(response);
    const auto credential = verify_registration(ceremony, *response, {});
    ASSERT_TRUE(credential) << credential.error().what;
    state = encode(*credential);
    ceremony.challenge[0] ^= 1;
  }
  AuthenticationResponse response() {
    const std::string json = device.get(request_options_json(ceremony, {{decode(state)->id, {}}}), origin);
    return *read_authentication(json);
  }
  Result<Proven> authentication() { return verify_authentication(state, ceremony, user, response()); }
  static void expect_failure(const Result<Proven>& result, Errc code, int step) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
    const std::string begins = "step " + std::to_string(step) + ": ";
    EXPECT_EQ(result.error().what.substr(0, begins.size()), begins) << result.error().what;
  }
  void fails(Errc code, int step) { expect_failure(authentication(), code, step); }
  void fails(int step) { fails(Errc::refused, step); }
};

TEST_F(WebauthnAuthentication, TakesWhatIsRight) {
  const auto proven = authentication();
  ASSERT_TRUE(proven) << proven.error().what;
  EXPECT_TRUE(proven->user_verified);
  EXPECT_FALSE(proven->backed_up);
  EXPECT_EQ(decode(proven->next_state)->sign_count, 1u);
}

TEST_F(WebauthnAuthentication, NeedsNoUserHandle) {
  device.lies.user_handle = Bytes{};
  EXPECT_TRUE(authentication());
}

TEST_F(WebauthnAuthentication, ReportsAnUnverifiedUserWhereNoneIsRequired) {
  ceremony.user_verification = UserVerification::preferred;
  device.lies.no_user_verified = true;
  const auto proven = authentication();
  ASSERT_TRUE(proven);
  EXPECT_FALSE(proven->user_verified);
}

TEST_F(WebauthnAuthentication, Step5RefusesAnotherCredential) {
  device.lies.other_credential_id = true;
  fails(5);
}

TEST_F(WebauthnAuthentication, Step6RefusesAnotherUser) {
  device.lies.user_handle = Bytes(16, 2);
  fails(6);
}

TEST_F(WebauthnAuthentication, Step6RefusesAUserHandleWhereTheOwnerHasNone) {
  user.clear();
  fails(6);
}

TEST_F(WebauthnAuthentication, Step7RefusesAuthenticatorDataOfAnotherLength) {
  for (std::size_t size = 0; size <= 38; ++size) {
    if (size == 37) continue;
    device.lies.authenticator_data = [size](Bytes& data) { data.resize(size); };
    fails(Errc::malformed, 7);
  }
}

TEST_F(WebauthnAuthentication, Step7RefusesAttestedCredentialData) {
  device.lies.authenticator_data = [&](Bytes& data) {
    const auto& held = device.credentials[0];
    data[kFlags] |= 0x40;
    append(data, device.aaguid);
    append(data, Bytes{0, static_cast<std::uint8_t>(held.id.size())});
    append(data, held.id);
    append(data, VirtualAuthenticator::cose_key(held.key.public_key()));
  };
  fails(Errc::malformed, 7);
}

// Signed over what was sent, with a mark of byte order: only the reader must take it away.
TEST_F(WebauthnAuthentication, Step8IsTheReadersOfClientData) {
  AuthenticationResponse sent = response();
  sent.client_data.insert(sent.client_data.begin(), {0xef, 0xbb, 0xbf});
  expect_failure(verify_authentication(state, ceremony, user, sent), Errc::refused, 21);
}

TEST_F(WebauthnAuthentication, Step9RefusesClientDataThatIsNotJson) {
  AuthenticationResponse sent = response();
  sent.client_data.pop_back();
  expect_failure(verify_authentication(state, ceremony, user, sent), Errc::malformed, 9);
}

TEST_F(WebauthnAuthentication, Step10RefusesAnotherType) {
  device.lies.type = "webauthn.create";
  fails(10);
}

TEST_F(WebauthnAuthentication, Step11RefusesAnotherChallenge) {
  device.lies.challenge = codec::to_base64(codec::Base64::url, Bytes(kChallengeSize, 9));
  fails(11);
}

TEST_F(WebauthnAuthentication, Step11RefusesAChallengeThatIsAPart) {
  const std::string whole = codec::to_base64(codec::Base64::url, ceremony.challenge);
  for (const std::string& other : {whole.substr(1), whole + "A", whole + "=", std::string()}) {
    device.lies.challenge = other;
    fails(11);
  }
}

TEST_F(WebauthnAuthentication, Step12RefusesAnotherOrigin) {
  device.lies.origin = "https://mfa.example.evil.example:8443";
  fails(12);
}

TEST_F(WebauthnAuthentication, Step13RefusesAForeignFrame) {
  device.lies.cross_origin = true;
  fails(13);
}

TEST_F(WebauthnAuthentication, Step14RefusesAFrameOfAnotherPage) {
  ceremony.rp.top_origins = {"https://portal.example"};
  device.lies.cross_origin = true;
  device.lies.top_origin = "https://portal.example";
  EXPECT_TRUE(authentication());
  device.lies.top_origin = "https://portal.example.evil.example";
  fails(14);
}

TEST_F(WebauthnAuthentication, Step15RefusesAnotherRelyingParty) {
  device.lies.rp_id = "other.example";
  fails(15);
}

TEST_F(WebauthnAuthentication, Step16RefusesAnAbsentUser) {
  device.lies.no_user_present = true;
  fails(16);
}

TEST_F(WebauthnAuthentication, Step17RefusesAnUnverifiedUserWhereItIsRequired) {
  device.lies.no_user_verified = true;
  fails(17);
}

TEST_F(WebauthnAuthentication, Step18RefusesBackedUpWithoutEligible) {
  device.lies.backed_up_not_eligible = true;
  fails(18);
}

TEST_F(WebauthnAuthentication, Step19RefusesAnEligibilityThatCame) {
  device.lies.eligibility_flipped = true;
  fails(19);
}

TEST_F(WebauthnAuthentication, Step19RefusesAnEligibilityThatWent) {
  device.backup_eligible = true;
  enrol();
  EXPECT_TRUE(authentication());
  device.lies.eligibility_flipped = true;
  fails(19);
}

// Step 20 computes a hash; Step8IsTheReadersOfClientData shows that it is over the bytes as sent.

TEST_F(WebauthnAuthentication, Step21RefusesASignatureOfAnotherKey) {
  device.lies.other_signer = true;
  fails(21);
}

TEST_F(WebauthnAuthentication, Step21RefusesTheSignatureOfAnotherCeremony) {
  AuthenticationResponse first = response(), second = response();
  second.signature = first.signature;
  expect_failure(verify_authentication(state, ceremony, user, second), Errc::refused, 21);
}

TEST_F(WebauthnAuthentication, Step21RefusesEveryFlippedBit) {
  const AuthenticationResponse right = response();
  ASSERT_TRUE(verify_authentication(state, ceremony, user, right));
  const auto flips = [&](Bytes AuthenticationResponse::* part) {
    AuthenticationResponse sent = right;
    for (std::size_t bit = 0; bit < (sent.*part).size() * 8; ++bit) {
      (sent.*part)[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(verify_authentication(state, ceremony, user, sent)) << bit;
      (sent.*part)[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
  };
  flips(&AuthenticationResponse::authenticator_data);
  flips(&AuthenticationResponse::signature);
  flips(&AuthenticationResponse::client_data);
  flips(&AuthenticationResponse::id);
}

TEST_F(WebauthnAuthentication, Step22RefusesACounterThatStandsStill) {
  const auto first = authentication();
  ASSERT_TRUE(first);
  state = first->next_state;
  device.lies.counter_stands_still = true;
  fails(22);
}

TEST_F(WebauthnAuthentication, Step22RefusesACounterThatGoesBack) {
  for (int i = 0; i < 5; ++i) {
    const auto proven = authentication();
    ASSERT_TRUE(proven);
    state = proven->next_state;
  }
  device.lies.counter_goes_back = true;
  fails(22);
}

TEST_F(WebauthnAuthentication, Step22RefusesACounterThatFallsToZero) {
  const auto first = authentication();
  ASSERT_TRUE(first);
  state = first->next_state;
  device.lies.authenticator_data = [](Bytes& data) { std::fill(data.begin() + kFlags + 1, data.end(), 0); };
  fails(22);
}

TEST_F(WebauthnAuthentication, Step22TakesACounterThatIsAlwaysZero) {
  device.counts = false;
  for (int i = 0; i < 3; ++i) {
    const auto proven = authentication();
    ASSERT_TRUE(proven) << proven.error().what;
    state = proven->next_state;
  }
}

TEST_F(WebauthnAuthentication, Step22TakesTheWholeRangeOfACounter) {
  device.credentials[0].counter = 0xfffffffe;
  const auto proven = authentication();
  ASSERT_TRUE(proven);
  EXPECT_EQ(decode(proven->next_state)->sign_count, 0xffffffffu);
}

TEST_F(WebauthnAuthentication, Step23PassesOverExtensionOutputs) {
  device.lies.authenticator_data = [](Bytes& data) {
    data[kFlags] |= 0x80;
    append(data, Cbor(codec::CborMap{{Cbor(std::string("never_heard_of")), Cbor(Bytes(32, 1))}}).encode());
  };
  EXPECT_TRUE(authentication());
}

TEST_F(WebauthnAuthentication, Step24KeepsCounterAndBackupAndNothingElse) {
  device.backup_eligible = true;
  enrol();
  device.backed_up = true;
  device.credentials[0].counter = 41;
  const Credential before = *decode(state);
  const auto proven = authentication();
  ASSERT_TRUE(proven);
  EXPECT_TRUE(proven->backed_up);
  Credential after = *decode(proven->next_state);
  EXPECT_EQ(after.sign_count, 42u);
  EXPECT_TRUE(after.backed_up);
  after.sign_count = before.sign_count;
  after.backed_up = before.backed_up;
  EXPECT_EQ(encode(after), state);
}

// uvInitialized would need another factor to be raised (step 24.3): it stays.
TEST_F(WebauthnAuthentication, Step24LeavesUserVerifiedAsRegistered) {
  ceremony.user_verification = UserVerification::preferred;
  device.lies.no_user_verified = true;
  enrol();
  device.lies.no_user_verified = false;
  const auto proven = authentication();
  ASSERT_TRUE(proven);
  EXPECT_TRUE(proven->user_verified);
  EXPECT_FALSE(decode(proven->next_state)->user_verified);
}

TEST_F(WebauthnAuthentication, RefusesAStateThatIsNotOne) {
  const AuthenticationResponse sent = response();
  EXPECT_EQ(verify_authentication({}, ceremony, user, sent).error().code, Errc::malformed);
  Credential broken = *decode(state);
  broken.public_key.pop_back();
  expect_failure(verify_authentication(encode(broken), ceremony, user, sent), Errc::malformed, 21);
}

}  // namespace
}  // namespace countersign::factor::webauthn
