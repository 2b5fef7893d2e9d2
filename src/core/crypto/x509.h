// Certificates: the server's own small authority, its leaf, and reading what an operator brings (RFC 5280).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"

namespace countersign::crypto {

struct Validity {
  Instant from;
  Instant until;
};

// Whom a leaf stands for. `dns` may hold texts such as "127.0.0.1": some Duo clients look for addresses there only.
struct CertificateNames {
  std::string common_name;
  std::vector<std::string> dns;
  std::vector<std::string> ip;  // IPv4 or IPv6 in text form
};

// A certificate and its private key, each as PEM.
struct KeyedCertificate {
  std::string certificate;
  Secret key;
};

struct CertificateFacts {
  Validity validity;
  CertificateNames names;
  bool authority = false;
};

// A self-signed P-256 authority that may sign leaves only.
// malformed: a name that is empty or over 64 characters.
Result<KeyedCertificate> make_authority(std::string_view common_name, Validity validity, Random& random);

// A TLS leaf with a fresh P-256 key.
// malformed: a name or address that cannot stand in a certificate, or an authority that cannot be read.
Result<KeyedCertificate> issue_leaf(const KeyedCertificate& authority, const CertificateNames& names,
                                    Validity validity, Random& random);

// The first certificate in the text.   malformed: there is none.
Result<CertificateFacts> read_certificate(std::string_view pem);

}  // namespace countersign::crypto
