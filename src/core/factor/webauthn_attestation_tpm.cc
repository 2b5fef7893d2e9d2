// TPM attestation (WebAuthn Level 3 §8.3). Structures: TCG "Trusted Platform Module Library" Part 2, called Part 2
// here.
#include <algorithm>

#include "core/crypto/hash.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

using crypto::CoseAlgorithm;

constexpr std::string_view kAikPurpose = "2.23.133.8.3";  // tcg-kp-AIKCertificate
constexpr std::string_view kManufacturer = "2.23.133.2.1", kModel = "2.23.133.2.2", kVersion = "2.23.133.2.3";
constexpr std::uint32_t kGenerated = 0xff544347;                                // TPM_GENERATED_VALUE, Part 2 §6.2
constexpr std::uint16_t kAttestCertify = 0x8017;                                // TPM_ST_ATTEST_CERTIFY, Part 2 §6.9
constexpr std::uint16_t kAlgRsa = 0x0001, kAlgEcc = 0x0023, kAlgNull = 0x0010;  // Part 2 §6.3
constexpr std::uint16_t kSha1 = 0x0004, kSha256 = 0x000b, kSha384 = 0x000c, kSha512 = 0x000d;
constexpr std::uint16_t kEcdaa = 0x001a;       // the one ECC scheme with a count after its hash
constexpr std::uint32_t kRsaExponent = 65537;  // what 0 stands for, Part 2 §12.2.3.5
constexpr std::size_t kClockInfoSize = 8 + 4 + 4 + 1, kFirmwareSize = 8;  // Part 2 §10.11.1, §10.12.8

// Big-endian, as TPMs write. Past the end it gives zeros and stays bad.
class TpmReader {
  ByteView rest_;
  bool good_ = true;

 public:
  explicit TpmReader(ByteView bytes) : rest_(bytes) {}
  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      good_ = false;
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::uint16_t u16() {
    const ByteView b = take(2);
    return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(b[0] << 8 | b[1]);
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  ByteView sized() { return take(u16()); }  // TPM2B_…
  bool whole() const { return good_ && rest_.empty(); }
};

Error broken(std::string_view what) { return {Errc::malformed, std::string(what)}; }

Result<Bytes> tpm_hash(std::uint16_t algorithm, ByteView message) {
  switch (algorithm) {
    case kSha1: return crypto::hash(crypto::HashKind::sha1, message);
    case kSha256: return crypto::hash(crypto::HashKind::sha256, message);
    case kSha384: return crypto::sha384(message);
    case kSha512: return crypto::hash(crypto::HashKind::sha512, message);
    default:
      return Error{Errc::refused, "a hash that is not supported"};  // a number from outside, not one of our enums
  }
}

// The hash in a signature algorithm. Edwards curves hash nothing beforehand: no TPM signs with them.
Result<std::uint16_t> hash_of(CoseAlgorithm algorithm) {
  switch (algorithm) {
    case CoseAlgorithm::es256:
    case CoseAlgorithm::rs256: return kSha256;
    case CoseAlgorithm::es384: return kSha384;
    case CoseAlgorithm::es512: return kSha512;
    case CoseAlgorithm::rs1: return kSha1;
    case CoseAlgorithm::eddsa:
    case CoseAlgorithm::ed448: break;
  }
  return Error{Errc::refused, "no algorithm of a TPM"};
}

struct PublicArea {
  std::uint16_t name_algorithm;
  crypto::VerifyKey key;
};

Result<crypto::VerifyKey> read_rsa(TpmReader& reader) {
  const std::uint16_t scheme = reader.u16();
  if (scheme != kAlgNull) reader.u16();  // its hash
  reader.u16();                          // keyBits: the modulus says it too
  std::uint32_t exponent = reader.u32();
  const ByteView modulus = reader.sized();
  if (!reader.whole()) return broken("a public area that is cut, or longer than its key");
  if (exponent == 0) exponent = kRsaExponent;
  Bytes e;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto byte = static_cast<std::uint8_t>(exponent >> shift);
    if (byte != 0 || !e.empty()) e.push_back(byte);
  }
  return crypto::VerifyKey::rsa(modulus, e);
}

Bytes padded(ByteView coordinate, std::size_t size) {
  Bytes out(size > coordinate.size() ? size - coordinate.size() : 0, 0);
  append(out, coordinate);
  return out;
}

Result<crypto::VerifyKey> read_ecc(TpmReader& reader) {
  using Curve = crypto::VerifyKey::Curve;
  const std::uint16_t scheme = reader.u16();
  if (scheme != kAlgNull) reader.u16();
  if (scheme == kEcdaa) reader.u16();
  const std::uint16_t curve = reader.u16();
  const std::uint16_t kdf = reader.u16();
  if (kdf != kAlgNull) reader.u16();
  const ByteView x = reader.sized(), y = reader.sized();
  if (!reader.whole()) return broken("a public area that is cut, or longer than its key");
  // TPM_ECC_CURVE, Part 2 §6.4. Some TPMs leave leading zeros out.
  switch (curve) {
    case 0x0003: return crypto::VerifyKey::ec(Curve::p256, padded(x, 32), padded(y, 32));
    case 0x0004: return crypto::VerifyKey::ec(Curve::p384, padded(x, 48), padded(y, 48));
    case 0x0005: return crypto::VerifyKey::ec(Curve::p521, padded(x, 66), padded(y, 66));
    default: return Error{Errc::refused, "a curve that is not supported"};  // a number from outside
  }
}

// TPMT_PUBLIC, Part 2 §12.2.4: type, nameAlg, objectAttributes, authPolicy, parameters, unique.
Result<PublicArea> read_public_area(ByteView bytes) {
  TpmReader reader(bytes);
  const std::uint16_t type = reader.u16(), name_algorithm = reader.u16();
  reader.u32();
  reader.sized();
  // A signing key has no symmetric algorithm (Part 2 §12.2.3.5 and .6).
  if (reader.u16() != kAlgNull) return Error{Errc::refused, "a key that is not for signing"};
  if (type == kAlgRsa) return PublicArea{name_algorithm, TRY(read_rsa(reader))};
  if (type == kAlgEcc) return PublicArea{name_algorithm, TRY(read_ecc(reader))};
  return Error{Errc::refused, "a type of key that is not supported"};
}

// TPMS_ATTEST, Part 2 §10.12.8, with TPMS_CERTIFY_INFO: magic, type, qualifiedSigner, extraData, clock, firmware, name.
Result<void> check_cert_info(ByteView bytes, ByteView extra_data, ByteView name) {
  TpmReader reader(bytes);
  const std::uint32_t magic = reader.u32();
  const std::uint16_t type = reader.u16();
  reader.sized();
  const ByteView extra = reader.sized();
  reader.take(kClockInfoSize);
  reader.take(kFirmwareSize);
  const ByteView attested = reader.sized();
  reader.sized();  // qualifiedName
  if (!reader.whole()) return broken("certInfo that is cut, or with something after its end");
  if (magic != kGenerated) return Error{Errc::refused, "certInfo that no TPM made"};
  if (type != kAttestCertify) return Error{Errc::refused, "certInfo about something else"};
  if (!std::equal(extra.begin(), extra.end(), extra_data.begin(), extra_data.end())) {
    return Error{Errc::refused, "certInfo for other data"};
  }
  if (!std::equal(attested.begin(), attested.end(), name.begin(), name.end())) {
    return Error{Errc::refused, "certInfo about another key"};
  }
  return {};
}

// §8.3.1. Who the manufacturer is, is the metadata's to say: its root stands for it.
Result<void> check_aik_certificate(const crypto::Certificate& certificate) {
  if (certificate.version() != 3) return Error{Errc::refused, "a TPM certificate that is not version 3"};
  if (!certificate.subject_empty()) return Error{Errc::refused, "a TPM certificate with a subject"};
  const auto names = certificate.alternative_directory_name();
  for (const std::string_view part : {kManufacturer, kModel, kVersion}) {
    const auto named = [part](const auto& name) { return name.first == part && !name.second.empty(); };
    if (std::count_if(names.begin(), names.end(), named) != 1) {
      return Error{Errc::refused, "a TPM certificate that does not name manufacturer, model and version"};
    }
  }
  const auto purposes = certificate.key_purposes();
  if (std::find(purposes.begin(), purposes.end(), kAikPurpose) == purposes.end()) {
    return Error{Errc::refused, "a certificate that is not for attesting keys"};
  }
  if (certificate.authority()) return Error{Errc::refused, "a TPM certificate that is an authority"};
  return {};
}

}  // namespace

Result<Attestation> verify_tpm(const Statement& statement) {
  const codec::Cbor* version = statement.members.at("ver");
  const std::string* text = version ? version->as<std::string>() : nullptr;
  if (!text || *text != "2.0") return broken("a TPM statement of another version");
  const CoseAlgorithm algorithm = TRY(statement_algorithm(statement));
  const Bytes signature = TRY(statement_bytes(statement, "sig"));
  const Bytes cert_info = TRY(statement_bytes(statement, "certInfo"));
  const Bytes public_area = TRY(statement_bytes(statement, "pubArea"));
  std::vector<crypto::Certificate> path = TRY(statement_path(statement));

  // pubArea is the credential's key.
  const PublicArea area = TRY(read_public_area(public_area));
  if (!(area.key == statement.key.key)) return Error{Errc::refused, "pubArea is of another key"};

  // certInfo is signed by the attestation key, SHA-1 included: old TPMs have nothing else.
  TRY(check_aik_certificate(path.front()));
  TRY(check_certificate_aaguid(path.front(), statement.attested.aaguid));
  const crypto::VerifyKey key = TRY(path.front().key());
  if (!key.verify(algorithm, cert_info, signature)) return Error{Errc::refused, "certInfo's signature is not right"};

  // certInfo says that the TPM holds the key of that name, for this ceremony. Name: Part 1 §16.
  const std::uint16_t hash = TRY(hash_of(algorithm));
  const Bytes extra_data = TRY(tpm_hash(hash, statement.signed_bytes));
  Bytes name = {static_cast<std::uint8_t>(area.name_algorithm >> 8), static_cast<std::uint8_t>(area.name_algorithm)};
  append(name, TRY(tpm_hash(area.name_algorithm, public_area)));
  TRY(check_cert_info(cert_info, extra_data, name));
  return Attestation{.path = std::move(path)};
}

}  // namespace countersign::factor::webauthn
