// FIDO Metadata (Metadata Service v3.0, Metadata Statements v3.0): which roots attest which make of authenticator.
// Pure: the text comes in, somebody else fetched it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/chain.h"
#include "core/factor/webauthn.h"

namespace countersign::factor::webauthn {

inline constexpr std::size_t kMetadataBytesMax = 32 * 1024 * 1024;
inline constexpr std::string_view kMetadataSigner = "mds.fidoalliance.org";

class Metadata {
 public:
  // Who may sign a BLOB. The name counts as much as the root, which signs for many others too.
  struct Signer {
    std::vector<crypto::Certificate> roots;
    std::string name = std::string(kMetadataSigner);
  };
  // One make, for people to choose from.
  struct Make {
    std::string description;
    std::vector<crypto::Certificate> roots;  // none: nothing proves this make (any more)
  };

  // A metadata BLOB (Metadata Service v3.0 §3.1.7): a JWT signed RS256 or ES256, its chain in x5c.
  // malformed: not of that form, over kMetadataBytesMax.   refused: not signed by `signer` at `now`.
  static Result<Metadata> read_blob(std::string_view jwt, const Signer& signer, Instant now);
  // A JSON array of metadata statements; whoever gives them vouches for them.
  static Result<Metadata> read_statements(std::string_view json);

  // Roots for an AAGUID; empty: unknown, or withdrawn.
  std::vector<crypto::Certificate> roots(const Aaguid& aaguid) const;
  // The same for a U2F key, by its attestation certificate.
  std::vector<crypto::Certificate> roots_for(const crypto::Certificate& certificate) const;

  const std::map<Aaguid, Make>& makes() const { return makes_; }
  std::size_t size() const { return makes_.size() + u2f_.size(); }
  std::int64_t number() const { return number_; }                  // grows with each BLOB; 0: of plain statements
  const std::string& next_update() const { return next_update_; }  // "2026-12-01", as written; empty likewise

 private:
  friend struct MetadataReader;
  std::map<Aaguid, Make> makes_;
  std::map<Bytes, Make> u2f_;  // by key identifier (RFC 5280 §4.2.1.2 (1))
  std::int64_t number_ = 0;
  std::string next_update_;
};

}  // namespace countersign::factor::webauthn
