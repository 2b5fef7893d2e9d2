#include "core/crypto/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "core/crypto/must.h"

namespace countersign::crypto {
namespace {

using CertificateHandle = Owned<X509, X509_free>;
using Bio = Owned<BIO, BIO_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using Store = Owned<X509_STORE, X509_STORE_free>;
using Certificates = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;
using StoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr std::size_t kPemBytesMax = 2 * kCertificateBytesMax;  // base64, line ends and a remark in front

// OpenSSL's scale of strength: 2 asks for 112 bits, so RSA from 2048 bits and no SHA-1 or MD5 under a certificate.
constexpr int kAuthLevel = 2;

// Critical extensions of attestation certificates that whoever reads the statement looks into (core/factor): Android's
// key description (WebAuthn §8.4.1) and Apple's nonce (§8.8). The AAGUID's is not among them: it must not be critical
// (§8.2.1).
constexpr std::array<std::string_view, 2> kReadElsewhere{"1.3.6.1.4.1.11129.2.1.17", "1.2.840.113635.100.8.2"};

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

std::string dotted(const ASN1_OBJECT* object) {
  std::array<char, 128> text;
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  if (size > 0 && static_cast<std::size_t>(size) < text.size()) return text.data();
  std::string longer(static_cast<std::size_t>(std::max(size, 0)) + 1, '\0');
  must(OBJ_obj2txt(longer.data(), static_cast<int>(longer.size()), object, 1) == size, "OBJ_obj2txt");
  longer.pop_back();
  return longer;
}

// A name's text as UTF-8; empty where it is in none of the known string types.
std::string text_of_name(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return "";
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

Bytes bytes_of_string(const ASN1_STRING* text) {
  const std::uint8_t* content = ASN1_STRING_get0_data(text);
  return Bytes(content, content + ASN1_STRING_length(text));
}

template <auto kWrite, class T>
Bytes der_of(const T* object) {
  const int size = kWrite(object, nullptr);
  must(size > 0, "i2d");
  Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* to = out.data();
  must(kWrite(object, &to) == size, "i2d");
  return out;
}

// RFC 5280 §4.2: no extension twice.
bool has_an_extension_twice(const X509* certificate) {
  std::vector<std::string> seen;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    seen.push_back(dotted(X509_EXTENSION_get_object(X509_get_ext(certificate, i))));
  }
  std::ranges::sort(seen);
  return std::ranges::adjacent_find(seen) != seen.end();
}

// Whether everything critical that OpenSSL leaves to others is read by others.
bool rest_is_read_elsewhere(X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    if (!X509_EXTENSION_get_critical(extension) || X509_supported_extension(extension)) continue;
    const std::string oid = dotted(X509_EXTENSION_get_object(extension));
    if (std::ranges::find(kReadElsewhere, oid) == kReadElsewhere.end()) return false;
  }
  return true;
}

// RFC 5280 §4.2: a critical extension that is not understood refuses its certificate, so the check stays on, and the
// extensions that are understood elsewhere are forgiven one by one: in the attestation certificate only, because an
// authority has no business with them.
int judge(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  const bool forgiven = X509_STORE_CTX_get_error(context) == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION &&
                        X509_STORE_CTX_get_error_depth(context) == 0 &&
                        rest_is_read_elsewhere(X509_STORE_CTX_get_current_cert(context));
  if (forgiven) X509_STORE_CTX_set_error(context, X509_V_OK);
  return forgiven ? 1 : 0;
}

Error refused(int depth, std::string_view why) {
  return Error{Errc::refused, "certificate " + std::to_string(depth) + " of the chain: " + std::string(why)};
}

}  // namespace

struct Certificate::Parsed {
  CertificateHandle handle;
  Bytes der;
};

Certificate::Certificate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

Result<Certificate> Certificate::from_der(ByteView der) {
  if (der.empty() || der.size() > kCertificateBytesMax) return malformed("not a certificate, or over 16 KiB");
  const std::uint8_t* at = der.data();
  CertificateHandle handle(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!handle) return malformed("not a certificate as DER");
  // Written again to find BER in the outer form and what is left over. What is signed is kept as it came.
  Bytes written = der_of<i2d_X509>(handle.get());
  if (text_of(written) != text_of(der)) return malformed("not one certificate as DER");
  // Reads the standard extensions into the object, now, so that no later reader changes it.
  if (X509_check_purpose(handle.get(), -1, 0) != 1) return malformed("a certificate with a bad extension");
  if (has_an_extension_twice(handle.get())) return malformed("a certificate with an extension twice");
  return Certificate(std::make_shared<const Parsed>(Parsed{std::move(handle), std::move(written)}));
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return malformed("PEM over 32 KiB");
  const Bio in(must(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "BIO_new_mem_buf"));
  char *label = nullptr, *header = nullptr;
  unsigned char* content = nullptr;
  long size = 0;
  if (PEM_read_bio(in.get(), &label, &header, &content, &size) != 1) return malformed("no PEM");
  const bool plain = std::string_view(label) == PEM_STRING_X509 && *header == '\0';
  const Bytes der(content, content + size);
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(content);
  char* rest = nullptr;
  const long left = BIO_get_mem_data(in.get(), &rest);
  const bool more =
      std::string_view(rest, static_cast<std::size_t>(left)).find_first_not_of(" \t\r\n") != std::string_view::npos;
  if (!plain || more) return malformed("not one PEM of a certificate");
  return from_der(der);
}

Bytes Certificate::der() const { return parsed_->der; }

int Certificate::version() const { return static_cast<int>(X509_get_version(parsed_->handle.get())) + 1; }

Result<VerifyKey> Certificate::key() const {
  return VerifyKey::from_der(der_of<i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(parsed_->handle.get())));
}

bool Certificate::authority() const { return (X509_get_extension_flags(parsed_->handle.get()) & EXFLAG_CA) != 0; }

std::vector<std::string> Certificate::subject(std::string_view short_name) const {
  std::vector<std::string> out;
  const int nid = OBJ_sn2nid(std::string(short_name).c_str());
  if (nid == NID_undef) return out;
  const X509_NAME* name = X509_get_subject_name(parsed_->handle.get());
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    out.push_back(text_of_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  }
  return out;
}

bool Certificate::subject_empty() const {
  return X509_NAME_entry_count(X509_get_subject_name(parsed_->handle.get())) == 0;
}

std::optional<Certificate::Extension> Certificate::extension(std::string_view oid) const {
  for (int i = 0; i < X509_get_ext_count(parsed_->handle.get()); ++i) {
    X509_EXTENSION* extension = X509_get_ext(parsed_->handle.get(), i);
    if (dotted(X509_EXTENSION_get_object(extension)) != oid) continue;
    return Extension{X509_EXTENSION_get_critical(extension) == 1, bytes_of_string(X509_EXTENSION_get_data(extension))};
  }
  return std::nullopt;
}

std::vector<std::string> Certificate::key_purposes() const {
  const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> purposes(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(parsed_->handle.get(), NID_ext_key_usage, nullptr, nullptr)));
  std::vector<std::string> out;
  for (int i = 0; i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    out.push_back(dotted(sk_ASN1_OBJECT_value(purposes.get(), i)));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Certificate::alternative_directory_name() const {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(parsed_->handle.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::pair<std::string, std::string>> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DIRNAME) continue;
    for (int j = 0; j < X509_NAME_entry_count(name->d.directoryName); ++j) {
      const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name->d.directoryName, j);
      out.emplace_back(dotted(X509_NAME_ENTRY_get_object(entry)), text_of_name(X509_NAME_ENTRY_get_data(entry)));
    }
  }
  return out;
}

bool Certificate::operator==(const Certificate& other) const { return parsed_->der == other.parsed_->der; }

// RFC 5280 §6.1 by OpenSSL, with these choices:
// - any root is enough, also one that another root signed, or an attestation certificate itself (PARTIAL_CHAIN): the
//   FIDO metadata service lists all three;
// - an issuer must be an authority by basicConstraints, only a root may be of before that extension (§6.1.4 k, §6.1.1
// d);
// - no purpose: attestation certificates have extendedKeyUsage of their makers' or the TCG's, or none;
// - no policies, no revocation.
Result<void> verify_chain(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots, Instant now) {
  if (chain.empty()) return Error{Errc::refused, "a chain without certificates"};
  if (chain.size() > kChainMax) return Error{Errc::refused, "a chain of too many certificates"};
  const Store store(must(X509_STORE_new(), "X509_STORE_new"));
  for (const Certificate& root : roots)
    must(X509_STORE_add_cert(store.get(), root.parsed_->handle.get()), "X509_STORE_add_cert");
  const Certificates between(must(sk_X509_new_null(), "sk_X509_new_null"));
  for (std::size_t i = 1; i < chain.size(); ++i) {
    must(sk_X509_push(between.get(), chain[i].parsed_->handle.get()) > 0, "push");
  }
  const StoreContext context(must(X509_STORE_CTX_new(), "X509_STORE_CTX_new"));
  must(X509_STORE_CTX_init(context.get(), store.get(), chain[0].parsed_->handle.get(), between.get()), "init");
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, static_cast<std::time_t>(unix_s(now)));
  must(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN), "X509_VERIFY_PARAM_set_flags");
  X509_VERIFY_PARAM_set_auth_level(param, kAuthLevel);
  X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kChainMax));
  X509_STORE_CTX_set_verify_cb(context.get(), judge);
  if (X509_verify_cert(context.get()) != 1) {
    const int error = X509_STORE_CTX_get_error(context.get());
    return refused(X509_STORE_CTX_get_error_depth(context.get()), X509_verify_cert_error_string(error));
  }
  return {};
}

}  // namespace countersign::crypto
