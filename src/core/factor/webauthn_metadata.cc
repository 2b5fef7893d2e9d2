#include "core/factor/webauthn_metadata.h"

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/json_read.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/factor/der.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::size_t kMakesMax = 10'000;
constexpr std::size_t kRootsMax = 64;  // of one make
constexpr std::size_t kKeyIdentifierSize = 20;

// Metadata Service v3.0 §3.1.4: after one of these a make proves nothing. Which firmware a key has cannot be seen, so a
// later UPDATE_AVAILABLE does not help it.
constexpr std::string_view kWithdrawn[] = {"REVOKED", "ATTESTATION_KEY_COMPROMISE", "USER_VERIFICATION_BYPASS",
                                           "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE"};

Error malformed(std::string_view what) { return {Errc::malformed, std::string(what)}; }

std::string_view text_or_empty(const codec::Json& object, std::string_view name) {
  const codec::Json* found = object.find(name);
  const Result<std::string_view> text = found ? found->as_string() : Result<std::string_view>(std::string_view());
  return text ? *text : std::string_view();
}

// Published statements have line breaks in their base64 here and there.
Result<crypto::Certificate> certificate_of(const codec::Json& item) {
  std::string text(TRY(item.as_string()));
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const Bytes der = TRY(codec::from_base64(codec::Base64::padded, text));
  return crypto::Certificate::from_der(der);
}

bool withdrawn(const codec::Json* reports) {
  if (!reports) return false;
  for (const codec::Json& report : reports->items()) {
    const std::string_view status = text_or_empty(report, "status");
    if (std::find(std::begin(kWithdrawn), std::end(kWithdrawn), status) != std::end(kWithdrawn)) return true;
  }
  return false;
}

// A certificate that cannot be read is left out: one maker's slip must not take the others' roots away.
Metadata::Make make_of(const codec::Json& statement, const codec::Json* reports) {
  Metadata::Make make{std::string(text_or_empty(statement, "description")), {}};
  const codec::Json* list = statement.find("attestationRootCertificates");
  if (!list || withdrawn(reports)) return make;
  for (const codec::Json& item : list->items()) {
    if (make.roots.size() == kRootsMax) break;
    Result<crypto::Certificate> root = certificate_of(item);
    if (root) make.roots.push_back(*std::move(root));
  }
  return make;
}

struct Token {
  std::string_view signing_input;
  codec::Json header, payload;
  Bytes signature;
};

Result<codec::Json> json_part(std::string_view part) {
  const Bytes bytes = TRY(codec::from_base64(codec::Base64::url, part));
  codec::Json json = TRY(codec::parse_json(text_of(bytes), kMetadataBytesMax));
  if (!json.is_object()) return malformed("a metadata BLOB's part is no object");
  return json;
}

Result<Token> read_token(std::string_view jwt) {
  while (jwt.ends_with('\n') || jwt.ends_with('\r')) jwt.remove_suffix(1);  // of the file
  const std::size_t first = jwt.find('.'), last = jwt.rfind('.');
  if (first == jwt.npos || first == last || jwt.find('.', first + 1) != last) return malformed("not a metadata BLOB");
  Token out;
  out.signing_input = jwt.substr(0, last);
  out.header = TRY(json_part(jwt.substr(0, first)));
  out.signature = TRY(codec::from_base64(codec::Base64::url, jwt.substr(last + 1)));
  out.payload = TRY(json_part(jwt.substr(first + 1, last - first - 1)));
  return out;
}

Result<std::vector<crypto::Certificate>> signers(const codec::Json& header) {
  const codec::Json* list = header.find("x5c");
  if (header.count("x5c") != 1 || !list->is_array() || list->items().empty() ||
      list->items().size() > crypto::kChainMax) {
    return malformed("a metadata BLOB without x5c");
  }
  std::vector<crypto::Certificate> chain;
  for (const codec::Json& item : list->items()) chain.push_back(TRY(certificate_of(item)));
  return chain;
}

// RFC 7515 §5.2, for the two algorithms that metadata is signed with.
bool signed_by(const crypto::VerifyKey& key, std::string_view algorithm, const Token& token) {
  const ByteView message = bytes_of(token.signing_input);
  if (algorithm == "RS256") return key.verify(crypto::CoseAlgorithm::rs256, message, token.signature);
  if (algorithm != "ES256" || !key.fits(crypto::CoseAlgorithm::es256)) return false;
  const Result<crypto::Es256PublicKey> ec = crypto::Es256PublicKey::from_der(key.der());
  return ec && ec->verify(message, token.signature);
}

// Metadata Service v3.0 §3.2, steps 5 to 9.
Result<void> check_signature(const Token& token, const Metadata::Signer& signer, Instant now) {
  const bool strange = token.header.count("alg") != 1 || token.header.count("crit") != 0;
  if (strange) return malformed("a metadata BLOB with a header of another form");
  const std::string_view algorithm = text_or_empty(token.header, "alg");
  const std::vector<crypto::Certificate> chain = TRY(signers(token.header));
  if (chain.front().subject("CN") != std::vector<std::string>{signer.name}) {
    return Error{Errc::refused, "a metadata BLOB signed by somebody else"};
  }
  TRY(crypto::verify_chain(chain, signer.roots, now));
  const crypto::VerifyKey key = TRY(chain.front().key());
  if (!signed_by(key, algorithm, token)) return Error{Errc::refused, "a metadata BLOB's signature is not right"};
  return {};
}

// SHA-1 of the BIT STRING of the subject's public key. malformed: cannot be, of a key that was read.
Result<Bytes> key_identifier(const crypto::Certificate& certificate) {
  const crypto::VerifyKey key = TRY(certificate.key());
  const Bytes info = key.der();
  const ByteView members = TRY(DerReader::only(info, kDerSequence));
  DerReader reader(members);
  TRY(reader.next(kDerSequence));
  const ByteView bits = TRY(reader.next(kDerBitString));
  if (bits.empty()) return malformed("an empty key");
  return crypto::hash(crypto::HashKind::sha1, bits.subspan(1));  // without the count of unused bits
}

}  // namespace

struct MetadataReader {
  Metadata out;

  // One statement, with the identifiers that stand beside it (BLOB entries) or in it.
  Result<void> add(const codec::Json& entry, const codec::Json& statement) {
    if (!statement.is_object()) return malformed("a metadata statement that is no object");
    if (out.size() >= kMakesMax) return malformed("too many metadata statements");
    const Metadata::Make make = make_of(statement, entry.find("statusReports"));
    if (const codec::Json* aaguid = entry.find("aaguid")) {
      const std::string_view text = TRY(aaguid->as_string());
      const Aaguid read = TRY(read_aaguid(text));
      // U2F keys have no AAGUID: zero would stand for all of them.
      if (read != Aaguid{}) put(out.makes_, read, make);
    }
    const codec::Json* identifiers = entry.find("attestationCertificateKeyIdentifiers");
    if (!identifiers) return {};
    for (const codec::Json& item : identifiers->items()) {
      const std::string_view text = TRY(item.as_string());
      const Bytes identifier = TRY(codec::from_hex(text));
      if (identifier.size() != kKeyIdentifierSize) return malformed("a key identifier of another length");
      put(out.u2f_, identifier, make);
    }
    return {};
  }

 private:
  // A make that stands twice has the roots of both, unless one of them was withdrawn.
  template <class Key>
  static void put(std::map<Key, Metadata::Make>& to, const Key& key, const Metadata::Make& make) {
    const auto [at, fresh] = to.try_emplace(key, make);
    if (fresh) return;
    auto& roots = at->second.roots;
    if (make.roots.empty()) roots.clear();
    if (!roots.empty()) roots.insert(roots.end(), make.roots.begin(), make.roots.end());
  }
};

Result<Metadata> Metadata::read_blob(std::string_view jwt, const Signer& signer, Instant now) {
  if (jwt.size() > kMetadataBytesMax) return malformed("metadata over 32 MiB");
  const Token token = TRY(read_token(jwt));
  TRY(check_signature(token, signer, now));
  MetadataReader reader;
  const codec::Json* entries = token.payload.find("entries");
  const codec::Json* number = token.payload.find("no");
  if (!entries || !entries->is_array() || !number) return malformed("a metadata BLOB without entries or number");
  for (const codec::Json& entry : entries->items()) {
    const codec::Json* statement = entry.find("metadataStatement");
    if (statement) TRY(reader.add(entry, *statement));
  }
  reader.out.number_ = TRY(number->as_int());
  reader.out.next_update_ = text_or_empty(token.payload, "nextUpdate");
  return std::move(reader.out);
}

Result<Metadata> Metadata::read_statements(std::string_view json) {
  const codec::Json array = TRY(codec::parse_json(json, kMetadataBytesMax));
  if (!array.is_array()) return malformed("metadata statements stand in an array");
  MetadataReader reader;
  for (const codec::Json& statement : array.items()) TRY(reader.add(statement, statement));
  return std::move(reader.out);
}

std::vector<crypto::Certificate> Metadata::roots(const Aaguid& aaguid) const {
  const auto found = makes_.find(aaguid);
  return found == makes_.end() ? std::vector<crypto::Certificate>() : found->second.roots;
}

std::vector<crypto::Certificate> Metadata::roots_for(const crypto::Certificate& certificate) const {
  const Result<Bytes> identifier = key_identifier(certificate);
  const auto found = identifier ? u2f_.find(*identifier) : u2f_.end();
  return found == u2f_.end() ? std::vector<crypto::Certificate>() : found->second.roots;
}

}  // namespace countersign::factor::webauthn
