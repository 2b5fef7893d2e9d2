// One test for each step of WebAuthn Level 3 §7.1 that is ours: everything else about the response is right.
#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/factor/webauthn.h"
#include "core/factor/webauthn_metadata.h"
#include "testing/virtual_authenticator.h"

namespace countersign::factor::webauthn {
namespace {

using codec::Cbor;
using testing::Attest;
using testing::VirtualAuthenticator;

constexpr std::size_t kFlags = 32;  // where they stand in authenticator data
constexpr std::size_t kIdLength = 32 + 1 + 4 + 16;

class WebauthnRegistration : public ::testing::Test {
 protected:
  const std::string origin = "https://mfa.example:8443";
  Ceremony ceremony;
  CreationOptions options;
  Makes makes;
  VirtualAuthenticator device;

  WebauthnRegistration() {
    ceremony.rp = {"mfa.example", {origin}, {}};
    ceremony.challenge = Bytes(kChallengeSize, 7);
    ceremony.now = from_unix_s(1'760'000'000);
    options.person = {Bytes(16, 1), "ada", "Ada"};
  }
  Result<Credential> registration() {
    const std::string json = device.create(creation_options_json(ceremony, options), origin);
    const RegistrationResponse response = TRY(read_registration(json));
    return verify_registration(ceremony, response, makes);
  }
  // That it fails with this code, at this step.
  void fails(Errc code, int step) {
    const auto result = registration();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
    const std::string begins = "step " + std::to_string(step) + ": ";
    EXPECT_EQ(result.error().what.substr(0, begins.size()), begins) << result.error().what;
  }
  void fails(int step) { fails(Errc::refused, step); }

  static Metadata metadata(const nlohmann::json& statement) {
    return *Metadata::read_statements(nlohmann::json::array({statement}).dump());
  }
  nlohmann::json roots() { return nlohmann::json::array({codec::to_base64(codec::Base64::padded, device.root())}); }
};

TEST_F(WebauthnRegistration, TakesWhatIsRight) {
  const auto credential = registration();
  ASSERT_TRUE(credential) << credential.error().what;
  EXPECT_EQ(credential->id, device.credentials[0].id);
  EXPECT_EQ(credential->public_key, VirtualAuthenticator::cose_key(device.credentials[0].key.public_key()));
  EXPECT_EQ(credential->aaguid, device.aaguid);
  EXPECT_EQ(credential->transports, std::vector<std::string>{"usb"});
  EXPECT_EQ(credential->format, "none");
  EXPECT_EQ(credential->trust, Trust::none);
  EXPECT_TRUE(credential->user_verified);
  EXPECT_FALSE(credential->backup_eligible);
}

TEST_F(WebauthnRegistration, TakesEachFormatOfTheVirtualAuthenticator) {
  for (const Attest attest : {Attest::none, Attest::packed_self, Attest::packed_x5c, Attest::fido_u2f}) {
    device.attest = attest;
    const auto credential = registration();
    ASSERT_TRUE(credential) << credential.error().what;
    EXPECT_EQ(credential->trust, attest == Attest::packed_self ? Trust::self : Trust::none);
  }
}

TEST_F(WebauthnRegistration, KeepsBackupFlags) {
  device.backup_eligible = device.backed_up = true;
  const auto credential = registration();
  ASSERT_TRUE(credential);
  EXPECT_TRUE(credential->backup_eligible);
  EXPECT_TRUE(credential->backed_up);
}

TEST_F(WebauthnRegistration, Step5TakesAByteOrderMarkAway) {
  device.lies.response = [](nlohmann::json& response) {
    auto& data = response["response"]["clientDataJSON"];
    Bytes bytes = {0xef, 0xbb, 0xbf};
    append(bytes, *codec::from_base64(codec::Base64::url, data.get<std::string>()));
    data = codec::to_base64(codec::Base64::url, bytes);
  };
  EXPECT_TRUE(registration());
}

TEST_F(WebauthnRegistration, Step6RefusesClientDataThatIsNotJson) {
  device.lies.response = [](nlohmann::json& response) {
    response["response"]["clientDataJSON"] = codec::to_base64(codec::Base64::url, bytes_of("{\"type\":"));
  };
  fails(Errc::malformed, 6);
}

TEST_F(WebauthnRegistration, Step6RefusesClientDataOverItsLimit) {
  device.lies.client_data = [](nlohmann::json& data) { data["more"] = std::string(8192, 'x'); };
  fails(Errc::malformed, 6);
}

TEST_F(WebauthnRegistration, Step6RefusesMembersOfAnotherTypeOrMissing) {
  for (const char* member : {"type", "challenge", "origin"}) {
    device.lies.client_data = [member](nlohmann::json& data) { data[member] = 1; };
    fails(Errc::malformed, 6);
    device.lies.client_data = [member](nlohmann::json& data) { data.erase(member); };
    fails(Errc::malformed, 6);
  }
  device.lies.client_data = [](nlohmann::json& data) { data["crossOrigin"] = "false"; };
  fails(Errc::malformed, 6);
  device.lies.client_data = [](nlohmann::json& data) { data["topOrigin"] = true; };
  fails(Errc::malformed, 6);
}

TEST_F(WebauthnRegistration, Step6RefusesAMemberTwice) {
  device.lies.response = [](nlohmann::json& response) {
    auto& data = response["response"]["clientDataJSON"];
    const Bytes bytes = *codec::from_base64(codec::Base64::url, data.get<std::string>());
    const std::string twice = R"({"origin":"https://evil.example",)" + std::string(text_of(bytes).substr(1));
    data = codec::to_base64(codec::Base64::url, bytes_of(twice));
  };
  fails(Errc::malformed, 6);
}

TEST_F(WebauthnRegistration, PassesOverTokenBindingAndWhatIsNotKnown) {
  device.lies.client_data = [](nlohmann::json& data) {
    data["tokenBinding"] = {{"status", "present"}, {"id", "x"}};
    data["other_keys_can_be_added_here"] = {1, 2, 3};
  };
  EXPECT_TRUE(registration());
}

TEST_F(WebauthnRegistration, Step7RefusesAnotherType) {
  device.lies.type = "webauthn.get";
  fails(7);
}

TEST_F(WebauthnRegistration, Step8RefusesAnotherChallenge) {
  device.lies.challenge = codec::to_base64(codec::Base64::url, Bytes(kChallengeSize, 8));
  fails(8);
}

TEST_F(WebauthnRegistration, Step8RefusesACeremonyWithoutAChallenge) {
  ceremony.challenge.clear();
  fails(8);
}

TEST_F(WebauthnRegistration, Step9RefusesAnotherOrigin) {
  for (const char* other :
       {"https://mfa.example", "http://mfa.example:8443", "https://mfa.example:8443/", "https://MFA.example:8443",
        "https://evil.example", "https://a.mfa.example:8443", "null", ""}) {
    device.lies.origin = other;
    fails(9);
  }
}

TEST_F(WebauthnRegistration, Step9TakesEachOriginOfTheList) {
  ceremony.rp.origins = {"https://console.mfa.example", "https://mfa.example:8443"};
  EXPECT_TRUE(registration());
  ceremony.rp.origins.clear();
  fails(9);
}

TEST_F(WebauthnRegistration, Step10RefusesAForeignFrame) {
  device.lies.cross_origin = true;
  fails(10);
  ceremony.rp.top_origins = {"https://portal.example"};
  EXPECT_TRUE(registration());
}

TEST_F(WebauthnRegistration, Step11RefusesAFrameOfAnotherPage) {
  ceremony.rp.top_origins = {"https://portal.example"};
  device.lies.cross_origin = true;
  device.lies.top_origin = "https://portal.example";
  EXPECT_TRUE(registration());
  device.lies.top_origin = "https://evil.example";
  fails(11);
}

TEST_F(WebauthnRegistration, Step11RefusesATopOriginWhereNobodyMayFrameUs) {
  device.lies.top_origin = "https://portal.example";
  fails(11);
}

// Step 12 computes a hash: that it is of these bytes shows with a signature over it.
TEST_F(WebauthnRegistration, Step12HashesTheClientDataAsSent) {
  device.attest = Attest::packed_self;
  device.lies.response = [](nlohmann::json& response) {
    auto& data = response["response"]["clientDataJSON"];
    Bytes bytes = *codec::from_base64(codec::Base64::url, data.get<std::string>());
    bytes.push_back(' ');
    data = codec::to_base64(codec::Base64::url, bytes);
  };
  fails(22);
}

TEST_F(WebauthnRegistration, Step13RefusesAnAttestationObjectThatIsNotOne) {
  for (const char* member : {"fmt", "attStmt", "authData"}) {
    device.lies.attestation_object = [member](codec::CborMap& object) {
      std::erase_if(object, [member](const auto& entry) { return entry.first == Cbor(std::string(member)); });
    };
    fails(Errc::malformed, 13);
    device.lies.attestation_object = [member](codec::CborMap& object) {
      for (auto& [key, value] : object) {
        if (key == Cbor(std::string(member))) value = Cbor(std::int64_t{1});
      }
    };
    fails(Errc::malformed, 13);
  }
}

TEST_F(WebauthnRegistration, Step13RefusesAKeyOfAMapTwice) {
  device.lies.attestation_object = [](codec::CborMap& object) { object.push_back(object.front()); };
  fails(Errc::malformed, 13);
}

TEST_F(WebauthnRegistration, Step13RefusesSomethingAfterTheEnd) {
  device.lies.authenticator_data = [](Bytes& data) { data.push_back(0); };
  fails(Errc::malformed, 13);
}

TEST_F(WebauthnRegistration, Step13RefusesEveryTruncation) {
  std::size_t whole = 0;
  device.lies.authenticator_data = [&](Bytes& data) { whole = data.size(); };
  ASSERT_TRUE(registration());
  for (std::size_t size = 0; size < whole; ++size) {
    device.lies.authenticator_data = [size](Bytes& data) { data.resize(size); };
    fails(Errc::malformed, 13);
  }
}

TEST_F(WebauthnRegistration, Step13RefusesDataWithoutACredential) {
  device.lies.authenticator_data = [](Bytes& data) {
    data[kFlags] &= 0xbf;
    data.resize(kFlags + 1 + 4);
  };
  fails(Errc::malformed, 13);
}

TEST_F(WebauthnRegistration, Step13RefusesExtensionsThatAreNoMapOfNames) {
  for (const Bytes& extensions : {Bytes{0x80}, Bytes{0xa1, 0x01, 0x01}, Bytes{0xa1}, Bytes{}}) {
    device.lies.authenticator_data = [&](Bytes& data) {
      data[kFlags] |= 0x80;
      append(data, extensions);
    };
    fails(Errc::malformed, 13);
  }
}

TEST_F(WebauthnRegistration, Step14RefusesAnotherRelyingParty) {
  device.lies.rp_id = "evil.example";
  fails(14);
}

TEST_F(WebauthnRegistration, Step15RefusesAnAbsentUser) {
  device.lies.no_user_present = true;
  fails(15);
}

TEST_F(WebauthnRegistration, Step16RefusesAnUnverifiedUserWhereItIsRequired) {
  device.lies.no_user_verified = true;
  fails(16);
  ceremony.user_verification = UserVerification::preferred;
  const auto credential = registration();
  ASSERT_TRUE(credential);
  EXPECT_FALSE(credential->user_verified);
}

TEST_F(WebauthnRegistration, Step17RefusesBackedUpWithoutEligible) {
  device.lies.backed_up_not_eligible = true;
  fails(17);
}

// Steps 18 and 19 leave BE and BS to policy; see KeepsBackupFlags.

TEST_F(WebauthnRegistration, Step20RefusesAnAlgorithmThatWasNotOffered) {
  // A COSE key's "alg" (03 26: ES256) becomes 03 27 (EdDSA): not an algorithm of this key; 03 38 24 would be PS256.
  device.lies.authenticator_data = [](Bytes& data) {
    const Bytes alg = {0x01, 0x02, 0x03, 0x26};
    const auto at = std::search(data.begin(), data.end(), alg.begin(), alg.end());
    ASSERT_NE(at, data.end());
    *(at + 3) = 0x38;
    data.insert(at + 4, 0x24);
  };
  fails(20);
}

TEST_F(WebauthnRegistration, Step20RefusesRs1) {
  Bytes modulus(256, 0xff);
  const Bytes key = Cbor(codec::CborMap{{Cbor(std::int64_t{1}), Cbor(std::int64_t{3})},
                                        {Cbor(std::int64_t{3}), Cbor(std::int64_t{-65535})},
                                        {Cbor(std::int64_t{-1}), Cbor(modulus)},
                                        {Cbor(std::int64_t{-2}), Cbor(Bytes{1, 0, 1})}})
                        .encode();
  device.lies.authenticator_data = [&](Bytes& data) {
    data.resize(kIdLength + 2 + 32);
    append(data, key);
  };
  fails(20);
}

TEST_F(WebauthnRegistration, Step20RefusesAPointOffTheCurve) {
  device.lies.authenticator_data = [](Bytes& data) { data.back() ^= 1; };
  fails(Errc::malformed, 20);
}

TEST_F(WebauthnRegistration, Step21RefusesAnUnknownFormat) {
  for (const char* format : {"Packed", "android-safetynet", "compound", "", "none "}) {
    device.lies.attestation_object = [format](codec::CborMap& object) { object[0].second = Cbor(std::string(format)); };
    fails(21);
  }
}

TEST_F(WebauthnRegistration, Step22RefusesASignatureOfAnotherKey) {
  device.lies.other_signer = true;
  for (const Attest attest : {Attest::packed_self, Attest::packed_x5c, Attest::fido_u2f}) {
    device.attest = attest;
    fails(22);
  }
}

TEST_F(WebauthnRegistration, Step23And24FindRootsByAaguid) {
  device.attest = Attest::packed_x5c;
  const Metadata known = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", roots()}});
  makes = {{device.aaguid}, &known};
  const auto credential = registration();
  ASSERT_TRUE(credential) << credential.error().what;
  EXPECT_EQ(credential->trust, Trust::chain);
}

TEST_F(WebauthnRegistration, Step23And24FindRootsOfU2fByKey) {
  device.attest = Attest::fido_u2f;
  const std::string identifier = codec::to_hex(device.key_identifier());
  const Metadata known =
      metadata({{"attestationCertificateKeyIdentifiers", {identifier}}, {"attestationRootCertificates", roots()}});
  makes = {{Aaguid{}}, &known};
  const auto credential = registration();
  ASSERT_TRUE(credential) << credential.error().what;
  EXPECT_EQ(credential->trust, Trust::chain);
}

TEST_F(WebauthnRegistration, Step24RefusesAMakeThatIsNotListed) {
  device.attest = Attest::packed_x5c;
  const Metadata known = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", roots()}});
  makes = {{*read_aaguid("00000000-0000-0000-0000-000000000001")}, &known};
  fails(24);
}

TEST_F(WebauthnRegistration, Step24RefusesAListedMakeThatIsNotProven) {
  const Metadata known = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", roots()}});
  for (const Attest attest : {Attest::none, Attest::packed_self}) {
    device.attest = attest;
    makes = {{device.aaguid}, &known};
    fails(24);
  }
  device.attest = Attest::packed_x5c;
  makes = {{device.aaguid}, nullptr};
  fails(24);
  VirtualAuthenticator other(99);
  const std::string wrong = codec::to_base64(codec::Base64::padded, other.root());
  const Metadata others = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", {wrong}}});
  makes = {{device.aaguid}, &others};
  fails(24);
}

// The AAGUID of a U2F statement is not signed: it opens no door that is meant for another make.
TEST_F(WebauthnRegistration, Step24DoesNotBelieveTheAaguidOfAU2fKey) {
  device.attest = Attest::fido_u2f;
  device.lies.authenticator_data = [&](Bytes& data) { std::copy_n(device.aaguid.begin(), 16, data.begin() + 37); };
  EXPECT_TRUE(registration());
  const Metadata known = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", roots()}});
  makes = {{device.aaguid}, &known};
  fails(24);
}

TEST_F(WebauthnRegistration, Step24TrustsNothingOutsideItsTime) {
  device.attest = Attest::packed_x5c;
  const Metadata known = metadata({{"aaguid", text(device.aaguid)}, {"attestationRootCertificates", roots()}});
  makes.metadata = &known;
  ceremony.now = from_unix_s(2'600'000'000);  // 2052
  const auto credential = registration();
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->trust, Trust::none);
  makes.allowed = {device.aaguid};
  fails(24);
}

TEST_F(WebauthnRegistration, Step25RefusesAnIdOver1023Bytes) {
  const auto with_id = [this](std::size_t size) {
    device.lies.authenticator_data = [size](Bytes& data) {
      const Bytes key(data.begin() + kIdLength + 2 + 32, data.end());
      data.resize(kIdLength);
      append(data, Bytes{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
      append(data, Bytes(size, 5));
      append(data, key);
    };
    device.lies.response = [size](nlohmann::json& response) {
      if (size != 0) response["id"] = response["rawId"] = codec::to_base64(codec::Base64::url, Bytes(size, 5));
    };
  };
  with_id(1023);
  EXPECT_TRUE(registration());
  with_id(1024);
  fails(25);
  with_id(0);
  fails(25);
}

// Step 26, no credential twice, is the store's: a unique column.

TEST_F(WebauthnRegistration, Step27RefusesAnIdThatIsNotTheAttestedOne) {
  device.lies.other_credential_id = true;
  fails(27);
}

TEST_F(WebauthnRegistration, Step28PassesOverExtensionOutputs) {
  device.lies.authenticator_data = [](Bytes& data) {
    data[kFlags] |= 0x80;
    const Cbor outputs(codec::CborMap{{Cbor(std::string("credProtect")), Cbor(std::int64_t{2})},
                                      {Cbor(std::string("never_heard_of")), Cbor(true)}});
    append(data, outputs.encode());
  };
  EXPECT_TRUE(registration());
}

}  // namespace
}  // namespace countersign::factor::webauthn
