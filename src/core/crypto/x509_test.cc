#include "core/crypto/x509.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "testing/seeded_random.h"

namespace countersign::crypto {
namespace {

using countersign::testing::SeededRandom;

const Instant kNow = from_unix_s(1'700'000'000);
const Validity kYear{kNow, kNow + std::chrono::days(365)};

CertificateNames local_names() {
  return {"localhost", {"localhost", "127.0.0.1", "mfa.example.test"}, {"127.0.0.1", "::1"}};
}

std::unique_ptr<X509, decltype(&X509_free)> parsed(const std::string& pem) {
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* out = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  return {out, X509_free};
}

// What a TLS client does with the chain at `now`: X509_V_OK, or the reason why not.
int chain_error(const std::string& leaf_pem, const std::string& root_pem, Instant now) {
  const auto leaf = parsed(leaf_pem), root = parsed(root_pem);
  X509_STORE* trusted = X509_STORE_new();
  X509_STORE_add_cert(trusted, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, trusted, leaf.get(), nullptr);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(param, unix_s(now));
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(trusted);
  return error;
}

TEST(X509, AStrictClientAcceptsTheLeaf) {
  SeededRandom random;
  const auto root = make_authority("Countersign local CA", kYear, random);
  const auto leaf = issue_leaf(*root, local_names(), kYear, random);
  EXPECT_EQ(chain_error(leaf->certificate, root->certificate, kNow + std::chrono::days(1)), X509_V_OK);
  const auto certificate = parsed(leaf->certificate);
  EXPECT_EQ(X509_check_host(certificate.get(), "mfa.example.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "127.0.0.1", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.example.test", 0, 0, nullptr), 0);
}

TEST(X509, AClientRefusesTheLeafOutsideItsTime) {
  SeededRandom random;
  const auto root = make_authority("Countersign local CA", kYear, random);
  const auto leaf = issue_leaf(*root, local_names(), {kNow, kNow + std::chrono::days(90)}, random);
  EXPECT_EQ(chain_error(leaf->certificate, root->certificate, kNow + std::chrono::days(91)),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(chain_error(leaf->certificate, root->certificate, kNow - std::chrono::days(1)),
            X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST(X509, AClientRefusesTheLeafOfAnotherAuthority) {
  SeededRandom random;
  const auto root = make_authority("Countersign local CA", kYear, random);
  const auto other = make_authority("Countersign local CA", kYear, random);
  const auto leaf = issue_leaf(*other, local_names(), kYear, random);
  EXPECT_NE(chain_error(leaf->certificate, root->certificate, kNow), X509_V_OK);
}

TEST(X509, ReadsBackWhatItWrote) {
  SeededRandom random;
  const auto root = make_authority("Countersign local CA", kYear, random);
  const auto leaf = issue_leaf(*root, local_names(), kYear, random);
  const auto facts = read_certificate(leaf->certificate);
  EXPECT_EQ(facts->names.common_name, "localhost");
  EXPECT_EQ(facts->names.dns, local_names().dns);
  EXPECT_EQ(facts->names.ip, local_names().ip);
  EXPECT_EQ(facts->validity.from, kYear.from);
  EXPECT_EQ(facts->validity.until, kYear.until);
  EXPECT_FALSE(facts->authority);
  EXPECT_TRUE(read_certificate(root->certificate)->authority);
}

TEST(X509, KeepsDatesBeyond2050) {
  SeededRandom random;
  const Instant later = from_unix_s(4'000'000'000);
  const auto root = make_authority("Countersign local CA", {kNow, later}, random);
  EXPECT_EQ(read_certificate(root->certificate)->validity.until, later);
}

TEST(X509, RefusesNamesThatCannotStandInACertificate) {
  SeededRandom random;
  const auto root = make_authority("Countersign local CA", kYear, random);
  EXPECT_EQ(issue_leaf(*root, {"", {}, {}}, kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(issue_leaf(*root, {std::string(65, 'a'), {}, {}}, kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(issue_leaf(*root, {"a", {"bad name"}, {}}, kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(issue_leaf(*root, {"a", {std::string("a\0b", 3)}, {}}, kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(issue_leaf(*root, {"a", {}, {"300.1.1.1"}}, kYear, random).error().code, Errc::malformed);
}

TEST(X509, RefusesAnAuthorityWithAnothersKey) {
  SeededRandom random;
  auto root = make_authority("Countersign local CA", kYear, random);
  root->key = std::move(make_authority("other", kYear, random)->key);
  EXPECT_EQ(issue_leaf(*root, local_names(), kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(issue_leaf({"", Secret()}, local_names(), kYear, random).error().code, Errc::malformed);
  EXPECT_EQ(read_certificate("no certificate").error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::crypto
