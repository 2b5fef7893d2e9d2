#include "core/factor/webauthn_metadata.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "testing/der_writer.h"
#include "testing/seeded_random.h"

namespace countersign::factor::webauthn {
namespace {

namespace der = countersign::testing::der;
using codec::Base64;
using nlohmann::json;

const Instant kNow = from_unix_s(1'760'000'000);
const std::string kYubikey = "08987058-cadc-4b81-b6e1-30de50dcbe96", kOther = "00000000-0000-0000-0000-0000000000ff";

class WebauthnMetadata : public ::testing::Test {
 protected:
  testing::SeededRandom random;
  der::Authority service{random}, maker{random};
  crypto::Es256Key signer_key = crypto::Es256Key::generate(random);
  std::string common_name = "mds.fidoalliance.org";
  json header = {{"alg", "ES256"}, {"typ", "JWT"}};
  json payload = {{"legalHeader", "…"}, {"no", 42}, {"nextUpdate", "2026-12-01"}, {"entries", json::array()}};

  json root() { return codec::to_base64(Base64::padded, maker.root()); }
  json statement(const std::string& aaguid) {
    return {{"aaguid", aaguid}, {"description", "A key"}, {"attestationRootCertificates", {root()}}};
  }
  void add(const std::string& aaguid, const json& reports = json::array()) {
    payload["entries"].push_back(
        {{"aaguid", aaguid}, {"metadataStatement", statement(aaguid)}, {"statusReports", reports}});
  }
  Metadata::Signer signer() { return {{*crypto::Certificate::from_der(service.root())}}; }
  std::string blob() {
    const Bytes leaf =
        service.issue({.subject = {{der::kCommonName, common_name}}, .extensions = {}}, signer_key.public_key().der());
    if (!header.contains("x5c")) header["x5c"] = {codec::to_base64(Base64::padded, leaf)};
    const auto part = [](const json& j) { return codec::to_base64(Base64::url, bytes_of(j.dump())); };
    const std::string input = part(header) + "." + part(payload);
    return input + "." + codec::to_base64(Base64::url, signer_key.sign(bytes_of(input)));
  }
  Result<Metadata> read() { return Metadata::read_blob(blob(), signer(), kNow); }
};

TEST_F(WebauthnMetadata, IsReadFromABlob) {
  add(kYubikey);
  const auto metadata = read();
  ASSERT_TRUE(metadata) << metadata.error().what;
  EXPECT_EQ(metadata->number(), 42);
  EXPECT_EQ(metadata->next_update(), "2026-12-01");
  EXPECT_EQ(metadata->size(), 1u);
  EXPECT_EQ(metadata->makes().at(*read_aaguid(kYubikey)).description, "A key");
  EXPECT_EQ(metadata->roots(*read_aaguid(kYubikey)).size(), 1u);
  EXPECT_TRUE(metadata->roots(*read_aaguid(kOther)).empty());
}

TEST_F(WebauthnMetadata, MayEndWithALineFeed) {
  add(kYubikey);
  EXPECT_TRUE(Metadata::read_blob(blob() + "\n", signer(), kNow));
}

TEST_F(WebauthnMetadata, IsRefusedUnderAnotherRoot) {
  der::Authority other(random);
  const Metadata::Signer wrong{{*crypto::Certificate::from_der(other.root())}};
  EXPECT_EQ(Metadata::read_blob(blob(), wrong, kNow).error().code, Errc::refused);
  EXPECT_EQ(Metadata::read_blob(blob(), {}, kNow).error().code, Errc::refused);
}

// The root signs for half the web: the name counts as much.
TEST_F(WebauthnMetadata, IsRefusedUnderAnotherName) {
  common_name = "www.example.com";
  EXPECT_EQ(read().error().code, Errc::refused);
  Metadata::Signer named = signer();
  named.name = "www.example.com";
  EXPECT_TRUE(Metadata::read_blob(blob(), named, kNow));
}

TEST_F(WebauthnMetadata, IsRefusedOutsideItsTime) {
  EXPECT_EQ(Metadata::read_blob(blob(), signer(), from_unix_s(2'600'000'000)).error().code, Errc::refused);
}

TEST_F(WebauthnMetadata, IsRefusedWhenAltered) {
  add(kYubikey);
  const std::string right = blob();
  const std::size_t first = right.find('.'), last = right.rfind('.');
  ASSERT_TRUE(Metadata::read_blob(right, signer(), kNow));
  for (std::size_t at = first + 1; at + 1 < right.size(); at += 7) {
    if (at == last) continue;
    std::string wrong = right;
    wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Metadata::read_blob(wrong, signer(), kNow)) << at;
  }
}

TEST_F(WebauthnMetadata, HasNoAlgorithmButTwo) {
  for (const char* algorithm : {"none", "HS256", "RS256", "ES384", "es256", ""}) {
    header["alg"] = algorithm;
    EXPECT_EQ(read().error().code, Errc::refused) << algorithm;
  }
  header.erase("alg");
  EXPECT_EQ(read().error().code, Errc::malformed);
}

TEST_F(WebauthnMetadata, NeedsItsChainInTheHeader) {
  for (const json& wrong :
       {json(), json::array(), json("x"), json{"AAAA"}, json(std::vector<std::string>(9, "AAAA"))}) {
    header["x5c"] = wrong;
    EXPECT_EQ(read().error().code, Errc::malformed) << wrong;
  }
  header.erase("x5c");
  header["crit"] = {"b64"};
  EXPECT_EQ(read().error().code, Errc::malformed);
}

TEST_F(WebauthnMetadata, IsMalformedInOtherForms) {
  for (const char* text : {"", ".", "..", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "[]", "{}"}) {
    EXPECT_EQ(Metadata::read_blob(text, signer(), kNow).error().code, Errc::malformed) << text;
  }
  payload.erase("entries");
  EXPECT_EQ(read().error().code, Errc::malformed);
}

TEST_F(WebauthnMetadata, AWithdrawnMakeHasNoRoots) {
  for (const char* status : {"REVOKED", "ATTESTATION_KEY_COMPROMISE", "USER_VERIFICATION_BYPASS",
                             "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE"}) {
    payload["entries"] = json::array();
    add(kYubikey, {{{"status", "FIDO_CERTIFIED"}}, {{"status", status}}, {{"status", "UPDATE_AVAILABLE"}}});
    add(kOther, {{{"status", "FIDO_CERTIFIED_L2"}}});
    const auto metadata = read();
    ASSERT_TRUE(metadata);
    EXPECT_TRUE(metadata->roots(*read_aaguid(kYubikey)).empty()) << status;
    EXPECT_EQ(metadata->roots(*read_aaguid(kOther)).size(), 1u);
  }
}

TEST_F(WebauthnMetadata, AWithdrawnMakeStaysSoWhenItStandsTwice) {
  const json revoked = {{{"status", "REVOKED"}}};
  add(kYubikey);
  add(kYubikey, revoked);
  add(kOther, revoked);
  add(kOther);
  const auto metadata = read();
  ASSERT_TRUE(metadata);
  EXPECT_TRUE(metadata->roots(*read_aaguid(kYubikey)).empty());
  EXPECT_TRUE(metadata->roots(*read_aaguid(kOther)).empty());
}

TEST_F(WebauthnMetadata, IsReadFromPlainStatements) {
  const auto metadata = Metadata::read_statements(json::array({statement(kYubikey), statement(kOther)}).dump());
  ASSERT_TRUE(metadata) << metadata.error().what;
  EXPECT_EQ(metadata->size(), 2u);
  EXPECT_EQ(metadata->number(), 0);
  for (const char* text : {"", "{}", "[1]", "[{\"aaguid\":\"x\"}]", "[{\"aaguid\":1}]",
                           "[{\"attestationCertificateKeyIdentifiers\":[\"00\"]}]"}) {
    EXPECT_EQ(Metadata::read_statements(text).error().code, Errc::malformed) << text;
  }
}

TEST_F(WebauthnMetadata, FindsU2fKeysByTheirCertificatesKey) {
  const crypto::Es256Key batch = crypto::Es256Key::generate(random), stranger = crypto::Es256Key::generate(random);
  const auto certificate = [this](const crypto::Es256Key& key) {
    const Bytes issued =
        maker.issue({.subject = {{der::kCommonName, "U2F"}}, .extensions = {}}, key.public_key().der());
    return *crypto::Certificate::from_der(issued);
  };
  const Bytes identifier = crypto::hash(crypto::HashKind::sha1, batch.public_key().point());
  json u2f = statement(kYubikey);
  u2f.erase("aaguid");
  u2f["attestationCertificateKeyIdentifiers"] = {codec::to_hex(identifier)};
  const auto metadata = Metadata::read_statements(json::array({u2f}).dump());
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->roots_for(certificate(batch)).size(), 1u);
  EXPECT_TRUE(metadata->roots_for(certificate(stranger)).empty());
}

TEST_F(WebauthnMetadata, TheZeroAaguidIsNobodys) {
  const auto metadata =
      Metadata::read_statements(json::array({statement("00000000-0000-0000-0000-000000000000")}).dump());
  ASSERT_TRUE(metadata);
  EXPECT_TRUE(metadata->roots(Aaguid{}).empty());
}

TEST_F(WebauthnMetadata, TakesLineBreaksInCertificatesAndLeavesBrokenOnesOut) {
  json one = statement(kYubikey);
  std::string broken_up = root();
  broken_up.insert(10, "\n ");
  one["attestationRootCertificates"] = {broken_up, "AAAA", "?", 7};
  const auto metadata = Metadata::read_statements(json::array({one}).dump());
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->roots(*read_aaguid(kYubikey)).size(), 1u);
}

}  // namespace
}  // namespace countersign::factor::webauthn
