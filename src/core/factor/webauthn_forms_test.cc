// What is read and written around the ceremonies of WebAuthn: responses, options, the stored record.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/codec/base64.h"
#include "core/factor/webauthn.h"

namespace countersign::factor::webauthn {
namespace {

using nlohmann::json;

json registration() {
  return {
      {"id", "AQID"},
      {"rawId", "AQID"},
      {"type", "public-key"},
      {"authenticatorAttachment", "platform"},
      {"clientExtensionResults", json::object()},
      {"response", {{"clientDataJSON", "e30"}, {"attestationObject", "oA"}, {"transports", {"internal", "hybrid"}}}}};
}
json authentication() {
  return {{"id", "AQID"},
          {"rawId", "AQID"},
          {"type", "public-key"},
          {"response",
           {{"clientDataJSON", "e30"}, {"authenticatorData", "AA"}, {"signature", "AQ"}, {"userHandle", "BwgJ"}}}};
}
Errc registration_error(const json& j) { return read_registration(j.dump()).error().code; }
Errc authentication_error(const json& j) { return read_authentication(j.dump()).error().code; }

TEST(WebauthnResponse, IsReadFromJson) {
  const auto first = read_registration(registration().dump());
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(first->id, (Bytes{1, 2, 3}));
  EXPECT_EQ(text_of(first->client_data), "{}");
  EXPECT_EQ(first->attestation_object, Bytes{0xa0});
  EXPECT_EQ(first->transports, (std::vector<std::string>{"internal", "hybrid"}));
  EXPECT_EQ(first->attachment, Attachment::platform);

  const auto second = read_authentication(authentication().dump());
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->authenticator_data, Bytes{0});
  EXPECT_EQ(second->signature, Bytes{1});
  EXPECT_EQ(second->user_handle, (Bytes{7, 8, 9}));
}

TEST(WebauthnResponse, NeedsEachMember) {
  for (const char* member : {"id", "rawId", "type", "response"}) {
    json j = registration();
    j.erase(member);
    EXPECT_EQ(registration_error(j), Errc::malformed) << member;
    j[member] = 7;
    EXPECT_EQ(registration_error(j), Errc::malformed) << member;
  }
  for (const char* member : {"clientDataJSON", "attestationObject"}) {
    json j = registration();
    j["response"].erase(member);
    EXPECT_EQ(registration_error(j), Errc::malformed) << member;
  }
  for (const char* member : {"clientDataJSON", "authenticatorData", "signature"}) {
    json j = authentication();
    j["response"].erase(member);
    EXPECT_EQ(authentication_error(j), Errc::malformed) << member;
    j["response"][member] = "not base64!";
    EXPECT_EQ(authentication_error(j), Errc::malformed) << member;
  }
}

TEST(WebauthnResponse, IsRefusedInOtherForms) {
  json j = registration();
  j["rawId"] = "AQIE";
  EXPECT_EQ(registration_error(j), Errc::malformed);
  j = registration();
  j["type"] = "password";
  EXPECT_EQ(registration_error(j), Errc::malformed);
  j = registration();
  j["id"] = j["rawId"] = "";
  EXPECT_EQ(registration_error(j), Errc::malformed);
  j = registration();
  j["id"] = j["rawId"] = "AQID====";
  EXPECT_EQ(registration_error(j), Errc::malformed);
  for (const char* text : {"", "[]", "null", "{}", "{", "\"x\""}) {
    EXPECT_EQ(read_registration(text).error().code, Errc::malformed) << text;
    EXPECT_EQ(read_authentication(text).error().code, Errc::malformed) << text;
  }
}

TEST(WebauthnResponse, RefusesAMemberTwice) {
  const std::string text = registration().dump();
  EXPECT_EQ(read_registration(R"({"id":"AQID",)" + text.substr(1)).error().code, Errc::malformed);
  const auto at = text.find(R"("attestationObject")");
  EXPECT_EQ(read_registration(text.substr(0, at) + R"("attestationObject":"oA",)" + text.substr(at)).error().code,
            Errc::malformed);
}

TEST(WebauthnResponse, IsRefusedOver64KiB) {
  json j = registration();
  const std::size_t rest = 64 * 1024 - j.dump().size() - std::string(R"("more":"",)").size();
  j["more"] = std::string(rest, 'x');
  EXPECT_TRUE(read_registration(j.dump()));
  j["more"] = std::string(rest + 1, 'x');
  EXPECT_EQ(registration_error(j), Errc::malformed);
}

TEST(WebauthnResponse, LimitsTransports) {
  json j = registration();
  j["response"]["transports"] = std::vector<std::string>(16, std::string(32, 't'));
  EXPECT_TRUE(read_registration(j.dump()));
  j["response"]["transports"] = std::vector<std::string>(17, "usb");
  EXPECT_EQ(registration_error(j), Errc::malformed);
  for (const json& wrong : {json(std::string(33, 't')), json(""), json("a b"), json("\xc3\xa4"), json(1)}) {
    j["response"]["transports"] = json::array({wrong});
    EXPECT_EQ(registration_error(j), Errc::malformed) << wrong;
  }
  j["response"]["transports"] = "usb";
  EXPECT_EQ(registration_error(j), Errc::malformed);
  j["response"].erase("transports");
  EXPECT_TRUE(read_registration(j.dump())->transports.empty());
}

TEST(WebauthnResponse, TakesAnAttachmentItKnows) {
  json j = registration();
  j["authenticatorAttachment"] = "cross-platform";
  EXPECT_EQ(read_registration(j.dump())->attachment, Attachment::roaming);
  for (const json& other : {json("implant"), json(nullptr)}) {
    j["authenticatorAttachment"] = other;
    EXPECT_EQ(read_registration(j.dump())->attachment, std::nullopt);
  }
}

TEST(WebauthnResponse, TakesAUserHandleOf64BytesOrNone) {
  json j = authentication();
  const auto handle = [&j](std::size_t size) {
    j["response"]["userHandle"] = codec::to_base64(codec::Base64::url, Bytes(size, 1));
    return read_authentication(j.dump());
  };
  EXPECT_EQ(handle(64)->user_handle->size(), 64u);
  EXPECT_EQ(handle(65).error().code, Errc::malformed);
  EXPECT_EQ(handle(0)->user_handle, std::nullopt);
  j["response"]["userHandle"] = nullptr;
  EXPECT_EQ(read_authentication(j.dump())->user_handle, std::nullopt);
}

Ceremony ceremony() {
  Ceremony out;
  out.rp = {"mfa.example", {"https://mfa.example"}, {}};
  out.challenge = Bytes(kChallengeSize, 0xff);
  return out;
}

TEST(WebauthnOptions, ForCreationHaveTheFormOfTheSpecification) {
  CreationOptions options;
  options.rp_name = "Countersign";
  options.person = {{1, 2, 3}, "ada", "Ada <Lovelace>"};
  options.exclude = {{{4, 5}, {"usb", "nfc"}}, {{6}, {}}};
  options.attachment = Attachment::roaming;
  options.direct_attestation = true;
  const json expected = {{"rp", {{"id", "mfa.example"}, {"name", "Countersign"}}},
                         {"user", {{"id", "AQID"}, {"name", "ada"}, {"displayName", "Ada <Lovelace>"}}},
                         {"challenge", "__________________________________________8"},
                         {"pubKeyCredParams",
                          {{{"type", "public-key"}, {"alg", -7}},
                           {{"type", "public-key"}, {"alg", -8}},
                           {{"type", "public-key"}, {"alg", -35}},
                           {{"type", "public-key"}, {"alg", -36}},
                           {{"type", "public-key"}, {"alg", -53}},
                           {{"type", "public-key"}, {"alg", -257}}}},
                         {"timeout", 300000},
                         {"excludeCredentials",
                          {{{"type", "public-key"}, {"id", "BAU"}, {"transports", {"usb", "nfc"}}},
                           {{"type", "public-key"}, {"id", "Bg"}}}},
                         {"authenticatorSelection",
                          {{"authenticatorAttachment", "cross-platform"},
                           {"residentKey", "preferred"},
                           {"requireResidentKey", false},
                           {"userVerification", "required"}}},
                         {"attestation", "direct"}};
  EXPECT_EQ(json::parse(creation_options_json(ceremony(), options)), expected);
}

TEST(WebauthnOptions, ForCreationLeaveOutWhatIsNotSet) {
  Ceremony relaxed = ceremony();
  relaxed.user_verification = UserVerification::preferred;
  const json j = json::parse(creation_options_json(relaxed, {}));
  EXPECT_FALSE(j["authenticatorSelection"].contains("authenticatorAttachment"));
  EXPECT_EQ(j["authenticatorSelection"]["userVerification"], "preferred");
  EXPECT_EQ(j["attestation"], "none");
  EXPECT_EQ(j["excludeCredentials"], json::array());
}

TEST(WebauthnOptions, ForAuthenticationHaveTheFormOfTheSpecification) {
  const json expected = {{"challenge", "__________________________________________8"},
                         {"timeout", 300000},
                         {"rpId", "mfa.example"},
                         {"allowCredentials", {{{"type", "public-key"}, {"id", "BAU"}, {"transports", {"internal"}}}}},
                         {"userVerification", "required"}};
  EXPECT_EQ(json::parse(request_options_json(ceremony(), {{{4, 5}, {"internal"}}})), expected);
  EXPECT_EQ(json::parse(request_options_json(ceremony(), {}))["allowCredentials"], json::array());
}

Credential full() {
  Credential c;
  c.id = Bytes(kCredentialIdMax, 3);
  c.public_key = Bytes(77, 4);
  c.sign_count = 0x01020304;
  c.user_verified = c.backup_eligible = c.backed_up = true;
  c.aaguid = *read_aaguid("08987058-cadc-4b81-b6e1-30de50dcbe96");
  c.transports = {"internal", "hybrid"};
  c.format = "packed";
  c.trust = Trust::chain;
  return c;
}

TEST(WebauthnState, ReadsBackWhatItWrites) {
  const Credential c = full();
  const auto back = decode(encode(c));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, c.id);
  EXPECT_EQ(back->public_key, c.public_key);
  EXPECT_EQ(back->sign_count, c.sign_count);
  EXPECT_TRUE(back->user_verified && back->backup_eligible && back->backed_up);
  EXPECT_EQ(back->aaguid, c.aaguid);
  EXPECT_EQ(back->transports, c.transports);
  EXPECT_EQ(back->format, c.format);
  EXPECT_EQ(back->trust, Trust::chain);
  EXPECT_EQ(encode(*back), encode(c));
}

TEST(WebauthnState, IsRefusedWithAByteMoreOrLess) {
  const Bytes whole = encode(full());
  for (std::size_t size = 0; size <= whole.size() + 1; ++size) {
    if (size == whole.size()) continue;
    Bytes state = whole;
    state.resize(size);
    EXPECT_EQ(decode(state).error().code, Errc::malformed) << size;
  }
}

TEST(WebauthnState, IsRefusedBeyondItsLimits) {
  const auto refused = [](auto spoil) {
    Credential c = full();
    spoil(c);
    return !decode(encode(c)) && decode(encode(c)).error().code == Errc::malformed;
  };
  EXPECT_TRUE(refused([](Credential& c) { c.id.clear(); }));
  EXPECT_TRUE(refused([](Credential& c) { c.id.push_back(0); }));
  EXPECT_TRUE(refused([](Credential& c) { c.public_key.resize(2049); }));
  EXPECT_TRUE(refused([](Credential& c) { c.format.clear(); }));
  EXPECT_TRUE(refused([](Credential& c) { c.format = std::string(33, 'f'); }));
  EXPECT_TRUE(refused([](Credential& c) { c.transports = std::vector<std::string>(17, "usb"); }));
  EXPECT_TRUE(refused([](Credential& c) { c.transports = {std::string(33, 't')}; }));
  EXPECT_TRUE(refused([](Credential& c) { c.transports = {""}; }));
  EXPECT_TRUE(refused([](Credential& c) { c.backup_eligible = false; }));
  EXPECT_FALSE(refused([](Credential&) {}));
  Bytes state = encode(full());
  for (const std::size_t at : {0u, 1u, 2u}) {  // version, flags, trust
    Bytes wrong = state;
    wrong[at] = 9;
    EXPECT_EQ(decode(wrong).error().code, Errc::malformed) << at;
  }
}

TEST(WebauthnAaguid, ReadsBackWhatItWrites) {
  const std::string_view yubikey = "08987058-cadc-4b81-b6e1-30de50dcbe96";
  EXPECT_EQ(text(*read_aaguid(yubikey)), yubikey);
  EXPECT_EQ(*read_aaguid("00000000-0000-0000-0000-000000000000"), Aaguid{});
  for (const char* wrong : {"", "08987058cadc4b81b6e130de50dcbe96", "08987058-cadc-4b81-b6e1-30de50dcbe9",
                            "08987058-cadc-4b81-b6e1-30de50dcbe9g", "08987058-cadc-4b81-b6e1-30de50dcbe966",
                            "0898705-8cadc-4b81-b6e1-30de50dcbe96", "--------cadc-4b81-b6e1-30de50dcbe96-"}) {
    EXPECT_EQ(read_aaguid(wrong).error().code, Errc::malformed) << wrong;
  }
}

TEST(WebauthnKinds, ResistPhishingAndTakeNoTypedCode) {
  for (const Kind* k : {&kPlatformKind, &kRoamingKind}) {
    EXPECT_EQ(k->strength, Strength::phishing_resistant);
    EXPECT_EQ(k->verify, nullptr);
    EXPECT_EQ(k->policy, k->name);
  }
  EXPECT_EQ(kPlatformKind.amr, "swk");
  EXPECT_EQ(kRoamingKind.amr, "hwk");
}

}  // namespace
}  // namespace countersign::factor::webauthn
