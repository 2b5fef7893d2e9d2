// Certificates of attestations: read, chained to a root, asked for their extensions (RFC 5280). No revocation list and
// no network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/crypto/verify_key.h"

namespace countersign::crypto {

inline constexpr std::size_t kCertificateBytesMax = 16 * 1024;
inline constexpr std::size_t kChainMax = 8;

// One certificate, read once. Copies share the parsed form.
class Certificate {
 public:
  // malformed: not one DER certificate with nothing after it, or over kCertificateBytesMax.
  static Result<Certificate> from_der(ByteView der);
  static Result<Certificate> from_pem(std::string_view pem);

  Bytes der() const;
  int version() const;                       // 3 for v3
  Result<VerifyKey> key() const;             // malformed: of a kind VerifyKey does not hold
  bool authority() const;                    // basicConstraints cA
  // Values of the subject under a short name ("C", "O", "OU", "CN"), in order.
  std::vector<std::string> subject(std::string_view short_name) const;
  bool subject_empty() const;
  // The content of an extension by its dotted object identifier; nullopt: it is not there.
  struct Extension {
    bool critical = false;
    Bytes value;                             // the octets inside the OCTET STRING
  };
  std::optional<Extension> extension(std::string_view oid) const;
  // Dotted identifiers of extendedKeyUsage; empty: no such extension.
  std::vector<std::string> key_purposes() const;
  // Attributes of the directoryName of subjectAltName, as (dotted identifier, text): a TPM names itself so.
  std::vector<std::pair<std::string, std::string>> alternative_directory_name() const;
  bool operator==(const Certificate& other) const;

 private:
  friend Result<void> verify_chain(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots,
                                   Instant now);
  struct Parsed;
  explicit Certificate(std::shared_ptr<const Parsed> parsed);
  std::shared_ptr<const Parsed> parsed_;
};

// Whether `chain` (leaf first) leads at `now` to one of `roots`; a root may stand in the chain, or be the leaf itself.
// refused: it does not, an issuer that is no authority, outside its validity, a broken signature; `what` says which.
Result<void> verify_chain(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots, Instant now);

}  // namespace countersign::crypto
