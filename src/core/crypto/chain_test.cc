#include "core/crypto/chain.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::unhex;

const Instant kNow = from_unix_s(1'700'000'000);
const auto kDay = std::chrono::days(1);
const char kAndroid[] = "1.3.6.1.4.1.11129.2.1.17";
const char kAaguid[] = "1.3.6.1.4.1.45724.1.1.4";

enum class Constraints { none, leaf, authority };

// What stands in a certificate; OpenSSL's own words for the extensions ("critical,CA:TRUE").
struct Draft {
  std::string name;
  Constraints constraints = Constraints::authority;
  std::vector<std::pair<int, std::string>> extensions{};  // NID, text
  std::vector<std::pair<std::string, bool>> unknown{};    // OID, whether critical
  Instant from = kNow - kDay, until = kNow + kDay;
  int version = 3;
  const EVP_MD* digest = EVP_sha256();
};

struct Issued {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> handle;

  Bytes der() const {
    std::uint8_t* raw = nullptr;
    const int size = i2d_X509(handle.get(), &raw);
    Bytes out(raw, raw + size);
    OPENSSL_free(raw);
    return out;
  }
  Certificate certificate() const { return *Certificate::from_der(der()); }
};

void add(X509* to, X509_EXTENSION* extension) {
  ASSERT_NE(extension, nullptr);
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_unknown(X509* to, const std::string& oid, bool critical) {
  ASN1_OBJECT* object = OBJ_txt2obj(oid.c_str(), 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(value, bytes_of(std::string_view("\x04\x01x", 3)).data(), 3);
  add(to, X509_EXTENSION_create_by_OBJ(nullptr, object, critical, value));
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(object);
}

std::shared_ptr<EVP_PKEY> new_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

// Signed by `issuer`, or by itself.
Issued issue(const Draft& draft, const Issued* issuer = nullptr, std::shared_ptr<EVP_PKEY> key = new_key()) {
  Issued out{std::move(key), {X509_new(), X509_free}};
  X509* made = out.handle.get();
  X509_set_version(made, draft.version - 1);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  ASN1_TIME_set(X509_getm_notBefore(made), unix_s(draft.from));
  ASN1_TIME_set(X509_getm_notAfter(made), unix_s(draft.until));
  if (!draft.name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, bytes_of(draft.name).data(),
                               static_cast<int>(draft.name.size()), -1, 0);
  }
  X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer->handle.get() : made));
  X509_set_pubkey(made, out.key.get());
  if (draft.constraints != Constraints::none) {
    add(made, X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                  draft.constraints == Constraints::authority ? "critical,CA:TRUE" : "CA:FALSE"));
  }
  for (const auto& [nid, text] : draft.extensions) add(made, X509V3_EXT_conf_nid(nullptr, nullptr, nid, text.c_str()));
  for (const auto& [oid, critical] : draft.unknown) add_unknown(made, oid, critical);
  X509_sign(made, issuer ? issuer->key.get() : out.key.get(), draft.digest);
  return out;
}

// root ← between ← leaf
struct Chain {
  Issued root = issue({.name = "root"});
  Issued between = issue({.name = "between"}, &root);
  Issued leaf = issue({.name = "leaf", .constraints = Constraints::leaf}, &between);
};

std::string why_not(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots, Instant now = kNow) {
  const auto result = verify_chain(chain, roots, now);
  if (result) return "";
  EXPECT_EQ(result.error().code, Errc::refused);
  return result.error().what;
}

std::string of(int depth, int error) {
  return "certificate " + std::to_string(depth) + " of the chain: " + X509_verify_cert_error_string(error);
}

TEST(Chain, LeadsToItsRoot) {
  const Chain c;
  EXPECT_EQ(why_not({c.leaf.certificate(), c.between.certificate()}, {c.root.certificate()}), "");
  const Issued stranger = issue({.name = "stranger"});
  EXPECT_EQ(why_not({c.leaf.certificate(), c.between.certificate()}, {stranger.certificate(), c.root.certificate()}),
            "");
}

TEST(Chain, MayHoldTheRoot) {
  const Chain c;
  EXPECT_EQ(why_not({c.leaf.certificate(), c.between.certificate(), c.root.certificate()}, {c.root.certificate()}), "");
}

TEST(Chain, EndsAtARootThatAnotherSigned) {
  const Chain c;
  EXPECT_EQ(why_not({c.leaf.certificate()}, {c.between.certificate()}), "");
  EXPECT_EQ(why_not({c.leaf.certificate(), c.between.certificate()}, {c.between.certificate()}), "");
}

TEST(Chain, MayBeARootAlone) {
  const Chain c;
  EXPECT_EQ(why_not({c.root.certificate()}, {c.root.certificate()}), "");
  EXPECT_EQ(why_not({c.leaf.certificate()}, {c.leaf.certificate()}), "");
  EXPECT_EQ(why_not({c.leaf.certificate()}, {c.leaf.certificate()}, kNow + 2 * kDay),
            of(0, X509_V_ERR_CERT_HAS_EXPIRED));
}

TEST(Chain, EndsAtAnAuthorityOnly) {
  const Chain c;
  const Issued under_leaf = issue({.name = "under", .constraints = Constraints::leaf}, &c.leaf);
  EXPECT_EQ(why_not({under_leaf.certificate()}, {c.leaf.certificate()}), of(1, X509_V_ERR_INVALID_CA));
  EXPECT_EQ(why_not({under_leaf.certificate(), c.leaf.certificate(), c.between.certificate()}, {c.root.certificate()}),
            of(1, X509_V_ERR_INVALID_CA));
}

TEST(Chain, RefusesAnotherRoot) {
  const Chain c;
  const Issued same_name = issue({.name = "root"});
  const std::vector<Certificate> chain{c.leaf.certificate(), c.between.certificate()};
  EXPECT_EQ(why_not(chain, {}), of(1, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
  EXPECT_EQ(why_not(chain, {issue({.name = "stranger"}).certificate()}),
            of(1, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
  EXPECT_EQ(why_not(chain, {same_name.certificate()}), of(1, X509_V_ERR_CERT_SIGNATURE_FAILURE));
  EXPECT_EQ(why_not({c.root.certificate()}, {same_name.certificate()}), of(0, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT));
}

TEST(Chain, RefusesAHoleInIt) {
  const Chain c;
  EXPECT_EQ(why_not({c.leaf.certificate()}, {c.root.certificate()}),
            of(0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
  EXPECT_EQ(why_not({}, {c.root.certificate()}), "a chain without certificates");
}

TEST(Chain, RefusesWhatIsOutsideItsTime) {
  const Chain c;
  const std::vector<Certificate> chain{c.leaf.certificate(), c.between.certificate()};
  EXPECT_EQ(why_not(chain, {c.root.certificate()}, kNow - 2 * kDay), of(2, X509_V_ERR_CERT_NOT_YET_VALID));
  EXPECT_EQ(why_not(chain, {c.root.certificate()}, kNow + 2 * kDay), of(2, X509_V_ERR_CERT_HAS_EXPIRED));
  const Issued short_lived =
      issue({.name = "leaf", .constraints = Constraints::leaf, .until = kNow - kDay / 2}, &c.between);
  EXPECT_EQ(why_not({short_lived.certificate(), c.between.certificate()}, {c.root.certificate()}),
            of(0, X509_V_ERR_CERT_HAS_EXPIRED));
  EXPECT_EQ(why_not({short_lived.certificate(), c.between.certificate()}, {c.root.certificate()},
                    kNow - std::chrono::hours(18)),
            "");
}

TEST(Chain, RefusesIssuersThatAreNoAuthorities) {
  const Chain c;
  for (const Constraints constraints : {Constraints::leaf, Constraints::none}) {
    const Issued between = issue({.name = "between", .constraints = constraints}, &c.root);
    const Issued leaf = issue({.name = "leaf"}, &between);
    EXPECT_EQ(why_not({leaf.certificate(), between.certificate()}, {c.root.certificate()}),
              of(1, X509_V_ERR_INVALID_CA));
  }
  // Says in keyUsage that it may sign certificates, and nowhere that it is an authority.
  const Issued between = issue(
      {.name = "between", .constraints = Constraints::none, .extensions = {{NID_key_usage, "critical,keyCertSign"}}},
      &c.root);
  const Issued leaf = issue({.name = "leaf"}, &between);
  EXPECT_EQ(why_not({leaf.certificate(), between.certificate()}, {c.root.certificate()}), of(1, X509_V_ERR_INVALID_CA));
  const Issued no_signer = issue({.name = "between", .extensions = {{NID_key_usage, "critical,cRLSign"}}}, &c.root);
  const Issued under = issue({.name = "leaf"}, &no_signer);
  EXPECT_NE(why_not({under.certificate(), no_signer.certificate()}, {c.root.certificate()}), "");
}

TEST(Chain, KeepsToThePathLengthOfItsAuthorities) {
  const Chain c;
  const Issued last = issue({.name = "last",
                             .constraints = Constraints::none,
                             .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}}},
                            &c.root);
  const Issued beyond = issue({.name = "beyond"}, &last);
  const Issued leaf = issue({.name = "leaf", .constraints = Constraints::leaf}, &beyond);
  EXPECT_EQ(why_not({leaf.certificate(), beyond.certificate(), last.certificate()}, {c.root.certificate()}),
            of(2, X509_V_ERR_PATH_LENGTH_EXCEEDED));
}

TEST(Chain, TakesARootFromBeforeTheExtensions) {
  const Issued old = issue({.name = "old", .constraints = Constraints::none, .version = 1});
  const Issued leaf = issue({.name = "leaf", .constraints = Constraints::leaf}, &old);
  EXPECT_EQ(old.certificate().version(), 1);
  EXPECT_EQ(why_not({leaf.certificate()}, {old.certificate()}), "");
}

TEST(Chain, RefusesABrokenSignature) {
  const Chain c;
  Bytes leaf = c.leaf.der();
  leaf.back() ^= 1;
  EXPECT_EQ(why_not({*Certificate::from_der(leaf), c.between.certificate()}, {c.root.certificate()}),
            of(0, X509_V_ERR_CERT_SIGNATURE_FAILURE));
  Bytes between = c.between.der();
  between.back() ^= 1;
  EXPECT_EQ(why_not({c.leaf.certificate(), *Certificate::from_der(between)}, {c.root.certificate()}),
            of(1, X509_V_ERR_CERT_SIGNATURE_FAILURE));
}

TEST(Chain, RefusesWeakSignaturesAndKeys) {
  const Chain c;
  const Issued sha1 = issue({.name = "leaf", .constraints = Constraints::leaf, .digest = EVP_sha1()}, &c.root);
  EXPECT_EQ(why_not({sha1.certificate()}, {c.root.certificate()}), of(0, X509_V_ERR_CA_MD_TOO_WEAK));
  const Issued small =
      issue({.name = "leaf", .constraints = Constraints::leaf}, &c.root, {EVP_RSA_gen(1024), EVP_PKEY_free});
  EXPECT_EQ(why_not({small.certificate()}, {c.root.certificate()}), of(0, X509_V_ERR_EE_KEY_TOO_SMALL));
  EXPECT_EQ(small.certificate().key().error().code, Errc::malformed);
}

TEST(Chain, IsAtMostAsLongAsTheLimit) {
  std::vector<Issued> path{issue({.name = "0"})};
  while (path.size() < kChainMax + 2) path.push_back(issue({.name = std::to_string(path.size())}, &path.back()));
  const auto chain_of = [&](std::size_t size) {
    std::vector<Certificate> chain;
    for (std::size_t i = size; i > 0; --i) chain.push_back(path[i].certificate());
    return chain;
  };
  EXPECT_EQ(why_not(chain_of(kChainMax), {path[0].certificate()}), "");
  EXPECT_EQ(why_not(chain_of(kChainMax + 1), {path[0].certificate()}), "a chain of too many certificates");
}

TEST(Chain, TakesNoCriticalExtensionThatNobodyReads) {
  const Chain c;
  const auto leaf_with = [&c](std::vector<std::pair<std::string, bool>> unknown) {
    return why_not({issue({.name = "leaf", .constraints = Constraints::leaf, .unknown = std::move(unknown)}, &c.root)
                        .certificate()},
                   {c.root.certificate()});
  };
  EXPECT_EQ(leaf_with({{"1.3.6.1.4.1.99999.1", false}, {kAaguid, false}}), "");
  EXPECT_EQ(leaf_with({{"1.3.6.1.4.1.99999.1", true}}), of(0, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION));
  EXPECT_EQ(leaf_with({{kAaguid, true}}), of(0, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION));
  EXPECT_EQ(leaf_with({{kAndroid, true}}), "");
  EXPECT_EQ(leaf_with({{kAndroid, true}, {"1.3.6.1.4.1.99999.1", true}}),
            of(0, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION));
  const Issued between = issue({.name = "between", .unknown = {{kAndroid, true}}}, &c.root);
  EXPECT_EQ(why_not({issue({.name = "leaf"}, &between).certificate(), between.certificate()}, {c.root.certificate()}),
            of(1, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION));
}

// The critical extension is forgiven, and what comes after it is still looked at.
TEST(Chain, ForgivesTheExtensionAndNothingElse) {
  const Chain c;
  const Issued expired =
      issue({.name = "leaf", .constraints = Constraints::leaf, .unknown = {{kAndroid, true}}, .until = kNow - kDay / 2},
            &c.root);
  EXPECT_EQ(why_not({expired.certificate()}, {c.root.certificate()}), of(0, X509_V_ERR_CERT_HAS_EXPIRED));
  const Issued other = issue({.name = "root"});
  const Issued signed_by_other =
      issue({.name = "leaf", .constraints = Constraints::leaf, .unknown = {{kAndroid, true}}}, &other);
  EXPECT_EQ(why_not({signed_by_other.certificate()}, {c.root.certificate()}), of(0, X509_V_ERR_CERT_SIGNATURE_FAILURE));
}

TEST(Chain, TakesThePurposesOfAttestations) {
  const Chain c;
  const Issued leaf =
      issue({.name = "",
             .constraints = Constraints::leaf,
             .extensions = {{NID_ext_key_usage, "2.23.133.8.3"}, {NID_subject_alt_name, "critical,DNS:tpm.example"}}},
            &c.between);
  EXPECT_EQ(why_not({leaf.certificate(), c.between.certificate()}, {c.root.certificate()}), "");
  EXPECT_EQ(leaf.certificate().key_purposes(), std::vector<std::string>{"2.23.133.8.3"});
  EXPECT_TRUE(leaf.certificate().subject_empty());
}

// The one certificate of an attestation statement, found by what stands before it: core/codec is not known here.
Bytes x5c_of(const nlohmann::json& file) {
  const Bytes object = unhex(file["values"]["attestationObject"]);
  const Bytes mark = unhex("637835638159");  // "x5c", an array of one, a byte string with two bytes of length
  const auto at = std::search(object.begin(), object.end(), mark.begin(), mark.end());
  if (object.end() - at < 8) return {};
  return Bytes(at + 8, at + 8 + at[6] * 256 + at[7]);
}

// WebAuthn Level 3, test vectors: ten attestation certificates and their root.
TEST(Chain, LeadsFromWebauthnsExamplesToTheirRoot) {
  VECTORS_OR_SKIP(root_file, "webauthn/attestation-root.json");
  const auto root = Certificate::from_der(unhex(root_file["values"]["attestation_ca_cert"]));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->subject("CN"), std::vector<std::string>{"WebAuthn test vectors"});
  int count = 0;
  for (const char* name : {"packed-es256", "packed-es384", "packed-es512", "packed-rs256", "packed-eddsa",
                           "packed-ed448", "tpm-es256", "android-key-es256", "apple-es256", "fido-u2f-es256"}) {
    VECTORS_OR_SKIP(file, std::string("webauthn/") + name + ".registration.json");
    const auto leaf = Certificate::from_der(x5c_of(file));
    ASSERT_TRUE(leaf) << name << ": " << leaf.error().what;
    EXPECT_EQ(why_not({*leaf}, {*root}, from_unix_s(1'717'200'000)), "") << name;
    EXPECT_EQ(leaf->version(), 3);
    EXPECT_FALSE(leaf->authority());
    EXPECT_TRUE(leaf->key());
    ++count;
  }
  EXPECT_EQ(count, 10);
}

Errc code_of(const Result<Certificate>& certificate) {
  EXPECT_FALSE(certificate);
  return certificate ? Errc::unavailable : certificate.error().code;
}

std::string pem_of(const Issued& issued) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, issued.handle.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(out);
  return pem;
}

TEST(Certificate, KeepsItsBytes) {
  const Chain c;
  EXPECT_EQ(c.leaf.certificate().der(), c.leaf.der());
  EXPECT_TRUE(c.leaf.certificate() == c.leaf.certificate());
  EXPECT_FALSE(c.leaf.certificate() == c.root.certificate());
  EXPECT_TRUE(*Certificate::from_pem(pem_of(c.leaf)) == c.leaf.certificate());
  EXPECT_TRUE(*Certificate::from_pem("Subject: leaf\n" + pem_of(c.leaf) + "\r\n") == c.leaf.certificate());
}

TEST(Certificate, HasTheKeyOfItsOwner) {
  const Chain c;
  EXPECT_TRUE(*c.leaf.certificate().key() == VerifyKey(c.leaf.key));
  EXPECT_FALSE(*c.leaf.certificate().key() == VerifyKey(c.root.key));
  EXPECT_TRUE(c.root.certificate().authority());
  EXPECT_FALSE(c.leaf.certificate().authority());
}

TEST(Certificate, RefusesWhatIsNotOneCertificate) {
  const Chain c;
  const Bytes der = c.leaf.der();
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(code_of(Certificate::from_der(longer)), Errc::malformed);
  EXPECT_EQ(code_of(Certificate::from_der(ByteView(der).first(der.size() - 1))), Errc::malformed);
  EXPECT_EQ(code_of(Certificate::from_der({})), Errc::malformed);
  EXPECT_EQ(code_of(Certificate::from_der(Bytes(100, 0x30))), Errc::malformed);
  ASSERT_EQ(der[1], 0x82);
  Bytes ber{0x30, 0x83, 0x00, der[2], der[3]};  // the length in one byte too many
  append(ber, ByteView(der).subspan(4));
  EXPECT_EQ(code_of(Certificate::from_der(ber)), Errc::malformed);
}

TEST(Certificate, IsAtMostAsLongAsTheLimit) {
  Draft draft{.name = "leaf"};
  draft.extensions = {{NID_netscape_comment, std::string(kCertificateBytesMax - 1024, 'x')}};
  EXPECT_GT(issue(draft).certificate().der().size(), kCertificateBytesMax - 1024);
  draft.extensions = {{NID_netscape_comment, std::string(kCertificateBytesMax, 'x')}};
  EXPECT_EQ(code_of(Certificate::from_der(issue(draft).der())), Errc::malformed);
  EXPECT_EQ(code_of(Certificate::from_pem(std::string(1 << 20, '\n'))), Errc::malformed);
}

TEST(Certificate, RefusesPemThatIsNotOneCertificate) {
  const Chain c;
  const std::string pem = pem_of(c.leaf);
  for (const std::string& text :
       {std::string(), std::string("leaf"), pem.substr(0, pem.size() / 2), pem + pem, pem + "x",
        std::string("-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n")}) {
    EXPECT_EQ(code_of(Certificate::from_pem(text)), Errc::malformed) << text;
  }
}

TEST(Certificate, RefusesAnExtensionTwice) {
  const Draft draft{.name = "leaf", .unknown = {{kAaguid, false}, {"1.3.6.1.4.1.99999.1", false}, {kAaguid, false}}};
  EXPECT_EQ(code_of(Certificate::from_der(issue(draft).der())), Errc::malformed);
}

TEST(Certificate, RefusesStandardExtensionsThatCannotBeRead) {
  const Issued issued = issue({.name = "leaf"});
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(value, bytes_of("bad").data(), 3);
  add(issued.handle.get(), X509_EXTENSION_create_by_NID(nullptr, NID_ext_key_usage, 0, value));
  ASN1_OCTET_STRING_free(value);
  X509_sign(issued.handle.get(), issued.key.get(), EVP_sha256());
  EXPECT_EQ(code_of(Certificate::from_der(issued.der())), Errc::malformed);
}

TEST(Certificate, GivesItsExtensionsByTheirNumber) {
  const auto certificate = issue({.name = "leaf", .unknown = {{kAaguid, false}, {kAndroid, true}}}).certificate();
  EXPECT_FALSE(certificate.extension(kAaguid)->critical);
  EXPECT_EQ(certificate.extension(kAaguid)->value, unhex("040178"));
  EXPECT_TRUE(certificate.extension(kAndroid)->critical);
  EXPECT_TRUE(certificate.extension("2.5.29.19")->critical);
  EXPECT_EQ(certificate.extension("1.3.6.1.4.1.45724.1.1"), std::nullopt);
  EXPECT_EQ(certificate.extension("basicConstraints"), std::nullopt);
  EXPECT_EQ(certificate.extension(""), std::nullopt);
  EXPECT_TRUE(certificate.key_purposes().empty());
  EXPECT_TRUE(certificate.alternative_directory_name().empty());
}

TEST(Certificate, GivesEveryValueOfItsSubject) {
  const Issued issued = issue({.name = "leaf"});
  X509_NAME* subject = X509_get_subject_name(issued.handle.get());
  for (const char* unit : {"Authenticator Attestation", "Prüfstelle"}) {
    X509_NAME_add_entry_by_txt(subject, "OU", MBSTRING_UTF8, bytes_of(unit).data(), -1, -1, 0);
  }
  X509_sign(issued.handle.get(), issued.key.get(), EVP_sha256());
  const Certificate certificate = issued.certificate();
  EXPECT_EQ(certificate.subject("OU"), (std::vector<std::string>{"Authenticator Attestation", "Prüfstelle"}));
  EXPECT_EQ(certificate.subject("CN"), std::vector<std::string>{"leaf"});
  EXPECT_TRUE(certificate.subject("C").empty());
  EXPECT_TRUE(certificate.subject("no such name").empty());
  EXPECT_FALSE(certificate.subject_empty());
}

// TPM 2.0 Keys for Device Identity §5: manufacturer, model and version; DER sorts them within one relative name.
TEST(Certificate, GivesTheNamesOfATpm) {
  VECTORS_OR_SKIP(file, "webauthn/tpm-es256.registration.json");
  const Certificate certificate = *Certificate::from_der(x5c_of(file));
  using Names = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(certificate.alternative_directory_name(), (Names{{"2.23.133.2.1", "id:00000000"},
                                                             {"2.23.133.2.3", "id:00000000"},
                                                             {"2.23.133.2.2", "WebAuthn test vectors"}}));
  EXPECT_EQ(certificate.key_purposes(), std::vector<std::string>{"2.23.133.8.3"});
  EXPECT_TRUE(certificate.extension("2.5.29.17")->critical);
  EXPECT_TRUE(certificate.subject_empty());
}

}  // namespace
}  // namespace countersign::crypto
