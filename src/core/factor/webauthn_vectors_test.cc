// The specification's own test vectors (WebAuthn Level 3, "Test Vectors"): they enter as the JSON that a browser posts.
#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "core/crypto/mac.h"
#include "core/factor/webauthn.h"
#include "core/factor/webauthn_metadata.h"
#include "testing/vectors.h"

namespace countersign::factor::webauthn {
namespace {

using nlohmann::json;
using testing::unhex;

const Instant kNow = from_unix_s(1'760'000'000);

std::string base64(const json& hex) { return codec::to_base64(codec::Base64::url, unhex(hex.get<std::string>())); }

json envelope(const json& vector, json response) {
  const std::string id = base64(vector["expected"]["credentialId"]);
  return {{"id", id},
          {"rawId", id},
          {"type", "public-key"},
          {"clientExtensionResults", json::object()},
          {"response", std::move(response)}};
}

// As the vectors have it: a relying party that may be framed where the vector is.
Ceremony ceremony(const json& vector) {
  Ceremony out;
  out.rp.id = vector["rp"]["id"];
  out.rp.origins = {vector["rp"]["origin"]};
  if (vector["expected"]["crossOrigin"]) out.rp.top_origins = {vector["rp"]["topOrigin"]};
  out.challenge = unhex(vector["values"]["challenge"]);
  const bool verified = vector["expected"]["flags"]["uv"];
  out.user_verification = verified ? UserVerification::required : UserVerification::preferred;
  out.now = kNow;
  return out;
}

Result<Credential> registered(const json& vector, const Ceremony& ceremony, const Makes& makes) {
  const json& values = vector["values"];
  const json post = envelope(vector, {{"clientDataJSON", base64(values["clientDataJSON"])},
                                      {"attestationObject", base64(values["attestationObject"])},
                                      {"transports", {"internal"}}});
  const RegistrationResponse response = TRY(read_registration(post.dump()));
  return verify_registration(ceremony, response, makes);
}

Result<Proven> authenticated(const json& vector, const Ceremony& ceremony, ByteView state) {
  const json& values = vector["values"];
  const json post = envelope(vector, {{"clientDataJSON", base64(values["clientDataJSON"])},
                                      {"authenticatorData", base64(values["authenticatorData"])},
                                      {"signature", base64(values["signature"])}});
  const AuthenticationResponse response = TRY(read_authentication(post.dump()));
  return verify_authentication(state, ceremony, {}, response);
}

std::string partner(std::string file) {
  const std::string from = ".registration.", to = ".authentication.";
  return file.replace(file.find(from), from.size(), to);
}

TEST(WebauthnVectors, AllThirtyCeremoniesVerify) {
  VECTORS_OR_SKIP(index, "webauthn/index.json");
  int registrations = 0, authentications = 0;
  for (const json& entry : index["vectors"]) {
    if (entry["ceremony"] != "registration") continue;
    const std::string file = entry["file"];
    SCOPED_TRACE(file);
    VECTORS_OR_SKIP(first, "webauthn/" + file);
    VECTORS_OR_SKIP(second, "webauthn/" + partner(file));
    const json& expected = first["expected"];

    const auto credential = registered(first, ceremony(first), {});
    ASSERT_TRUE(credential) << credential.error().what;
    ++registrations;
    EXPECT_EQ(credential->id, unhex(expected["credentialId"]));
    EXPECT_EQ(credential->public_key, unhex(expected["credentialPublicKey"]));
    EXPECT_EQ(codec::to_hex(credential->aaguid), expected["aaguid"].get<std::string>());
    EXPECT_EQ(credential->format, expected["fmt"].get<std::string>());
    EXPECT_EQ(credential->sign_count, expected["signCount"]);
    EXPECT_EQ(credential->user_verified, expected["flags"]["uv"]);
    EXPECT_EQ(credential->backup_eligible, expected["flags"]["be"]);
    EXPECT_EQ(credential->backed_up, expected["flags"]["bs"]);
    EXPECT_EQ(credential->trust, entry["attestation"] == "self" ? Trust::self : Trust::none);
    EXPECT_EQ(encode(*decode(encode(*credential))), encode(*credential));

    const auto proven = authenticated(second, ceremony(second), encode(*credential));
    ASSERT_TRUE(proven) << proven.error().what;
    ++authentications;
    EXPECT_EQ(proven->user_verified, second["expected"]["flags"]["uv"]);
    EXPECT_EQ(proven->backed_up, second["expected"]["flags"]["bs"]);
    EXPECT_EQ(decode(proven->next_state)->backed_up, proven->backed_up);
  }
  EXPECT_EQ(registrations, 15);
  EXPECT_EQ(authentications, 15);
}

// Frames and unverified users are the policy of whoever asks, not the vectors'.
TEST(WebauthnVectors, StricterPolicyRefusesSomeOfThem) {
  VECTORS_OR_SKIP(index, "webauthn/index.json");
  int framed = 0, unverified = 0;
  for (const json& entry : index["vectors"]) {
    if (entry["ceremony"] != "registration") continue;
    const std::string file = entry["file"];
    VECTORS_OR_SKIP(vector, "webauthn/" + file);
    Ceremony strict = ceremony(vector);
    strict.rp.top_origins.clear();
    if (entry["crossOrigin"]) {
      EXPECT_EQ(registered(vector, strict, {}).error().what.substr(0, 8), "step 10:") << file;
      ++framed;
      continue;
    }
    strict.user_verification = UserVerification::required;
    if (entry["uv"]) continue;
    EXPECT_EQ(registered(vector, strict, {}).error().what.substr(0, 8), "step 16:") << file;
    ++unverified;
  }
  EXPECT_EQ(framed, 2);
  EXPECT_EQ(unverified, 7);
}

class WebauthnVectorChains : public ::testing::Test {
 protected:
  // Metadata that gives the vectors' root to the AAGUIDs, or to the U2F certificate's key.
  static Metadata metadata(const json& root, const json& statements) {
    const std::string der =
        codec::to_base64(codec::Base64::padded, unhex(root["values"]["attestation_ca_cert"].get<std::string>()));
    json list = json::array();
    for (json statement : statements) {
      statement["attestationRootCertificates"] = {der};
      list.push_back(std::move(statement));
    }
    return *Metadata::read_statements(list.dump());
  }
};

TEST_F(WebauthnVectorChains, LeadToTheRootWhereThereAreAny) {
  VECTORS_OR_SKIP(index, "webauthn/index.json");
  VECTORS_OR_SKIP(root, "webauthn/attestation-root.json");
  int chained = 0;
  for (const json& entry : index["vectors"]) {
    if (entry["ceremony"] != "registration") continue;
    const std::string file = entry["file"];
    SCOPED_TRACE(file);
    VECTORS_OR_SKIP(vector, "webauthn/" + file);
    Aaguid aaguid{};
    const Bytes bytes = unhex(vector["expected"]["aaguid"]);
    std::copy(bytes.begin(), bytes.end(), aaguid.begin());
    const bool u2f = entry["fmt"] == "fido-u2f";
    // SHA-1 of the point in the U2F vector's certificate.
    const json statement =
        u2f ? json{{"attestationCertificateKeyIdentifiers", {"420822eb1908b5cd3911017fbcad4641c05e05a3"}}}
            : json{{"aaguid", text(aaguid)}};
    const Metadata known = metadata(root, json::array({statement}));
    Makes makes;
    makes.metadata = &known;
    const auto any = registered(vector, ceremony(vector), makes);
    ASSERT_TRUE(any) << any.error().what;
    // The example of android-key does not say where its key comes from or what it is for (docs/protocols/webauthn.md).
    const bool expected = vector["expected"].contains("x5c") && entry["fmt"] != "android-key";
    EXPECT_EQ(any->trust == Trust::chain, expected);
    chained += any->trust == Trust::chain;

    makes.allowed = {u2f ? Aaguid{} : aaguid};
    const auto listed = registered(vector, ceremony(vector), makes);
    EXPECT_EQ(listed.has_value(), expected);
    if (!expected) EXPECT_EQ(listed.error().what.substr(0, 8), "step 24:");
  }
  EXPECT_EQ(chained, 9);
}

// Server side, prf (§10.1.4) is a client extension whose outputs never reach us: what can be held against the vectors
// is that our hash and MAC give its salts and outputs, which is what a client of ours will compute with.
TEST(WebauthnVectors, PrfSaltsAndOutputsFollowFromHashAndHmac) {
  VECTORS_OR_SKIP(file, "webauthn/extension-prf.json");
  const json& prf = file["ctap2HmacSecret"];
  const Bytes cred_random = unhex(prf["shared"]["authenticator_cred_random"]);
  int cases = 0, outputs = 0;
  for (const json& one : prf["cases"]) {
    ++cases;
    const json& values = one["values"];
    for (const auto& [input, salt, output] :
         {std::tuple{"prf_eval_first", "salt1", "output1"}, std::tuple{"prf_eval_second", "salt2", "output2"}}) {
      if (!values.contains(input)) continue;
      const Bytes bytes = unhex(values[input]);
      const ByteView parts[] = {bytes_of(std::string_view("WebAuthn PRF\0", 13)), bytes};
      const Bytes hashed = crypto::hash(crypto::HashKind::sha256, parts);
      EXPECT_EQ(hashed, unhex(values[salt]));
      EXPECT_EQ(crypto::hmac(crypto::HashKind::sha256, cred_random, hashed), unhex(values[output]));
      ++outputs;
    }
  }
  EXPECT_EQ(cases, 3);
  EXPECT_EQ(outputs, 4);
}

// Outputs of the extension pass through the reader, whatever they are.
TEST(WebauthnVectors, PrfResultsAreNotRead) {
  VECTORS_OR_SKIP(file, "webauthn/extension-prf.json");
  VECTORS_OR_SKIP(vector, "webauthn/none-es256.registration.json");
  for (const json& one : file["ctap2HmacSecret"]["cases"]) {
    json post = envelope(vector, {{"clientDataJSON", base64(vector["values"]["clientDataJSON"])},
                                  {"attestationObject", base64(vector["values"]["attestationObject"])}});
    json results = {{"first", base64(one["values"]["prf_results_first"])}};
    if (one["values"].contains("prf_results_second")) results["second"] = base64(one["values"]["prf_results_second"]);
    post["clientExtensionResults"] = {{"prf", {{"enabled", true}, {"results", results}}}};
    const auto response = read_registration(post.dump());
    ASSERT_TRUE(response) << response.error().what;
    EXPECT_TRUE(verify_registration(ceremony(vector), *response, {}));
  }
}

}  // namespace
}  // namespace countersign::factor::webauthn
