#include "core/codec/cose.h"

#include <optional>

namespace countersign::codec {
namespace {

using crypto::CoseAlgorithm;
using crypto::VerifyKey;
using Curve = VerifyKey::Curve;
using Edwards = VerifyKey::Edwards;

// RFC 9052 §7.1: labels of every key.
constexpr std::int64_t kKeyType = 1, kAlgorithm = 3;
// RFC 9053 §7.1, §7.2: labels of EC2 and OKP keys.
constexpr std::int64_t kCurve = -1, kX = -2, kY = -3;
// RFC 8230 §4: labels of RSA keys.
constexpr std::int64_t kModulus = -1, kExponent = -2;
// RFC 9053 §7, RFC 8230 §4: key types.
constexpr std::int64_t kOkp = 1, kEc2 = 2, kRsa = 3;
// RFC 9053 §7.1: curves.
constexpr std::int64_t kP256 = 1, kP384 = 2, kP521 = 3, kEd25519 = 6, kEd448 = 7;

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

Result<std::int64_t> number_at(const Cbor& key, std::int64_t label) {
  const Cbor* value = key.at(label);
  const auto* number = value ? value->as<std::int64_t>() : nullptr;
  if (!number) return malformed("a COSE key without one of its numbers");
  return *number;
}

Result<ByteView> bytes_at(const Cbor& key, std::int64_t label) {
  const Cbor* value = key.at(label);
  const auto* bytes = value ? value->as<Bytes>() : nullptr;
  if (!bytes) return malformed("a COSE key without one of its byte strings");
  return ByteView(*bytes);
}

// WebAuthn §6.5.1.1: the key contains "alg" and no other parameter that is optional; so the number of members says
// that there is nothing besides those that are read.
Result<void> only_members(const Cbor& key, std::int64_t type, std::size_t count) {
  if (TRY(number_at(key, kKeyType)) != type) return malformed("a COSE key's type is not its algorithm's");
  if (key.as<CborMap>()->size() != count) return malformed("a COSE key with members that have no place in it");
  return {};
}

Result<void> on_curve(const Cbor& key, std::int64_t curve) {
  if (TRY(number_at(key, kCurve)) != curve) return malformed("a COSE key's curve is not its algorithm's");
  return {};
}

Result<VerifyKey> ec2(const Cbor& key, std::int64_t number, Curve curve) {
  TRY(only_members(key, kEc2, 5));
  TRY(on_curve(key, number));
  const ByteView x = TRY(bytes_at(key, kX));
  const ByteView y = TRY(bytes_at(key, kY));  // true or false where the point is compressed (§5.8.5: not allowed)
  return VerifyKey::ec(curve, x, y);
}

Result<VerifyKey> okp(const Cbor& key, std::int64_t number, Edwards curve) {
  TRY(only_members(key, kOkp, 4));
  TRY(on_curve(key, number));
  return VerifyKey::edwards(curve, TRY(bytes_at(key, kX)));
}

Result<VerifyKey> rsa(const Cbor& key) {
  TRY(only_members(key, kRsa, 4));
  const ByteView modulus = TRY(bytes_at(key, kModulus));
  const ByteView exponent = TRY(bytes_at(key, kExponent));
  // RFC 8230 §4: in the fewest bytes.
  if (modulus.empty() || modulus[0] == 0 || exponent.empty() || exponent[0] == 0) {
    return malformed("a number of a COSE key is longer than needed");
  }
  return VerifyKey::rsa(modulus, exponent);
}

// WebAuthn §5.8.5: which curve goes with which algorithm. nullopt: not for credentials.
std::optional<Result<VerifyKey>> read_for(CoseAlgorithm algorithm, const Cbor& key) {
  switch (algorithm) {
    case CoseAlgorithm::es256: return ec2(key, kP256, Curve::p256);
    case CoseAlgorithm::es384: return ec2(key, kP384, Curve::p384);
    case CoseAlgorithm::es512: return ec2(key, kP521, Curve::p521);
    case CoseAlgorithm::eddsa: return okp(key, kEd25519, Edwards::ed25519);
    case CoseAlgorithm::ed448: return okp(key, kEd448, Edwards::ed448);
    case CoseAlgorithm::rs256: return rsa(key);
    case CoseAlgorithm::rs1: return std::nullopt;  // SHA-1: only inside attestations
  }
  std::abort();
}

}  // namespace

Result<CoseKey> read_cose_key(const Cbor& item) {
  if (!item.as<CborMap>()) return malformed("a COSE key is a map");
  const std::int64_t number = TRY(number_at(item, kAlgorithm));
  const auto algorithm = crypto::cose_algorithm(number);
  auto key = algorithm ? read_for(*algorithm, item) : std::nullopt;
  if (!key) return Error{Errc::refused, "COSE algorithm " + std::to_string(number) + " is not supported"};
  return CoseKey{*algorithm, TRY(std::move(*key))};
}

Result<CoseKey> read_cose_key(ByteView bytes) { return read_cose_key(TRY(read_cbor(bytes))); }

}  // namespace countersign::codec
