#include "core/crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "core/crypto/must.h"
#include "core/crypto/sign.h"

namespace countersign::crypto {
namespace {

using Certificate = Owned<X509, X509_free>;
using Bio = Owned<BIO, BIO_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr std::size_t kSerialSize = 16;      // RFC 5280 §4.1.2.2: at most 20
constexpr std::size_t kCommonNameMax = 64;   // RFC 5280 appendix A.1, ub-common-name
constexpr std::size_t kDnsNameMax = 253;
constexpr std::size_t kPemMax = 256 * 1024;
constexpr long kVersion3 = 2;                // RFC 5280 §4.1.2.1

Error malformed(std::string what) { return Error{Errc::malformed, std::move(what)}; }

Certificate from_pem(std::string_view pem) {
  const Bio in(must(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min(pem.size(), kPemMax))), "BIO_new_mem_buf"));
  return Certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

std::string to_pem(X509* certificate) {
  const Bio out(must(BIO_new(BIO_s_mem()), "BIO_new"));
  must(PEM_write_bio_X509(out.get(), certificate), "PEM_write_bio_X509");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

// `extension` is one of OpenSSL's structures for `nid`.
void add_extension(X509* certificate, int nid, void* extension, int critical) {
  must(X509_add1_ext_i2d(certificate, nid, extension, critical, X509V3_ADD_DEFAULT), "X509_add1_ext_i2d");
}

void add_constraints(X509* certificate, bool authority) {
  const Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(must(BASIC_CONSTRAINTS_new(), "new"));
  if (authority) {
    constraints->ca = 0xff;
    constraints->pathlen = must(ASN1_INTEGER_new(), "ASN1_INTEGER_new");  // zero: signs leaves only
  }
  add_extension(certificate, NID_basic_constraints, constraints.get(), 1);

  const Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage(must(ASN1_BIT_STRING_new(), "ASN1_BIT_STRING_new"));
  if (authority) {
    must(ASN1_BIT_STRING_set_bit(usage.get(), 5, 1), "keyCertSign");  // RFC 5280 §4.2.1.3
    must(ASN1_BIT_STRING_set_bit(usage.get(), 6, 1), "cRLSign");
  } else {
    must(ASN1_BIT_STRING_set_bit(usage.get(), 0, 1), "digitalSignature");
  }
  add_extension(certificate, NID_key_usage, usage.get(), 1);
  if (authority) return;
  const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> purposes(must(EXTENDED_KEY_USAGE_new(), "new"));
  must(sk_ASN1_OBJECT_push(purposes.get(), OBJ_nid2obj(NID_server_auth)) > 0, "push");
  add_extension(certificate, NID_ext_key_usage, purposes.get(), 0);
}

// The method 1 of RFC 7093 §2: the left 160 bits of SHA-256, cut from the key as it stands in the certificate.
Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> key_id(const X509* certificate) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  must(X509_pubkey_digest(certificate, EVP_sha256(), digest.data(), &size), "X509_pubkey_digest");
  Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> id(must(ASN1_OCTET_STRING_new(), "ASN1_OCTET_STRING_new"));
  must(ASN1_OCTET_STRING_set(id.get(), digest.data(), 20), "ASN1_OCTET_STRING_set");
  return id;
}

void add_key_ids(X509* certificate, const X509* issuer) {
  add_extension(certificate, NID_subject_key_identifier, key_id(certificate).get(), 0);
  const Owned<AUTHORITY_KEYID, AUTHORITY_KEYID_free> authority(must(AUTHORITY_KEYID_new(), "AUTHORITY_KEYID_new"));
  authority->keyid = key_id(issuer).release();
  add_extension(certificate, NID_authority_key_identifier, authority.get(), 0);
}

bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= kDnsNameMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '*';
  });
}

Result<void> add_names(X509* certificate, const CertificateNames& names) {
  const Names list(must(GENERAL_NAMES_new(), "GENERAL_NAMES_new"));
  const auto add = [&](int type, ASN1_STRING* value) {
    GENERAL_NAME* name = must(GENERAL_NAME_new(), "GENERAL_NAME_new");
    GENERAL_NAME_set0_value(name, type, value);
    must(sk_GENERAL_NAME_push(list.get(), name) > 0, "push");
  };
  for (const std::string& dns : names.dns) {
    if (!is_dns_name(dns)) return malformed("not a host name: " + dns);
    ASN1_IA5STRING* text = must(ASN1_IA5STRING_new(), "ASN1_IA5STRING_new");
    must(ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size())), "ASN1_STRING_set");
    add(GEN_DNS, text);
  }
  for (const std::string& ip : names.ip) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(ip.c_str());
    if (!address) return malformed("not an IP address: " + ip);
    add(GEN_IPADD, address);
  }
  if (sk_GENERAL_NAME_num(list.get()) > 0) add_extension(certificate, NID_subject_alt_name, list.get(), 0);
  return {};
}

// A certificate with everything but its extensions and signature.
Result<Certificate> begin(std::string_view common_name, Validity validity, const Es256Key& key, Random& random) {
  if (common_name.empty() || common_name.size() > kCommonNameMax) {
    return malformed("a common name has 1 to 64 characters");
  }
  Certificate certificate(must(X509_new(), "X509_new"));
  must(X509_set_version(certificate.get(), kVersion3), "X509_set_version");

  std::array<std::uint8_t, kSerialSize> serial;
  random.fill(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and always the same length
  const Owned<BIGNUM, BN_free> number(must(BN_bin2bn(serial.data(), kSerialSize, nullptr), "BN_bin2bn"));
  must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr, "BN_to_ASN1_INTEGER");

  must(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_s(validity.from)) != nullptr, "ASN1_TIME_set");
  must(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_s(validity.until)) != nullptr, "ASN1_TIME_set");
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  if (X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, MBSTRING_UTF8, text,
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return malformed("a common name is UTF-8 text");
  }
  must(X509_set_pubkey(certificate.get(), key.handle().get()), "X509_set_pubkey");
  return certificate;
}

KeyedCertificate sign(X509* certificate, const Es256Key& with, const Es256Key& own) {
  must(X509_sign(certificate, with.handle().get(), EVP_sha256()) > 0, "X509_sign");
  return {to_pem(certificate), own.pem()};
}

Result<Instant> instant_of(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return malformed("a certificate's date cannot be read");
  const std::chrono::year_month_day date(std::chrono::year(tm.tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(tm.tm_mon) + 1),
                                         std::chrono::day(static_cast<unsigned>(tm.tm_mday)));
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(tm.tm_hour) + std::chrono::minutes(tm.tm_min) +
         seconds(tm.tm_sec);
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return "";
  inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string string_of(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

}  // namespace

Result<KeyedCertificate> make_authority(std::string_view common_name, Validity validity, Random& random) {
  const Es256Key key = Es256Key::generate(random);
  const Certificate certificate = TRY(begin(common_name, validity, key, random));
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())), "X509_set_issuer_name");
  add_constraints(certificate.get(), true);
  add_key_ids(certificate.get(), certificate.get());
  return sign(certificate.get(), key, key);
}

Result<KeyedCertificate> issue_leaf(const KeyedCertificate& authority, const CertificateNames& names,
                                    Validity validity, Random& random) {
  const Certificate issuer = from_pem(authority.certificate);
  if (!issuer) return malformed("the authority's certificate cannot be read");
  const Es256Key issuer_key = TRY(Es256Key::from_pem(authority.key.reveal()));
  if (X509_check_private_key(issuer.get(), issuer_key.handle().get()) != 1) {
    return malformed("the authority's key is not that of its certificate");
  }
  const Es256Key key = Es256Key::generate(random);
  const Certificate certificate = TRY(begin(names.common_name, validity, key, random));
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())), "X509_set_issuer_name");
  add_constraints(certificate.get(), false);
  TRY(add_names(certificate.get(), names));
  add_key_ids(certificate.get(), issuer.get());
  return sign(certificate.get(), issuer_key, key);
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const Certificate certificate = from_pem(pem);
  if (!certificate) return malformed("no certificate in PEM form");
  CertificateFacts facts;
  facts.validity.from = TRY(instant_of(X509_get0_notBefore(certificate.get())));
  facts.validity.until = TRY(instant_of(X509_get0_notAfter(certificate.get())));
  facts.authority = X509_check_ca(certificate.get()) == 1;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0) {
    facts.names.common_name = string_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  }
  const Names list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
    if (name->type == GEN_DNS) facts.names.dns.push_back(string_of(name->d.dNSName));
    if (name->type == GEN_IPADD) facts.names.ip.push_back(address_text(name->d.iPAddress));
  }
  return facts;
}

}  // namespace countersign::crypto
