// What the two ceremonies of WebAuthn share: client data, authenticator data and attestation statements.
// For .cc files of this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/cbor.h"
#include "core/codec/cose.h"
#include "core/crypto/chain.h"
#include "core/factor/webauthn.h"

namespace countersign::factor::webauthn {

// Where the checks that both ceremonies make stand in §7.1 and in §7.2.
struct Steps {
  std::string_view type;
  int json, type_of, challenge, origin, cross_origin, top_origin, rp_id, present, verified, backup;
};
inline constexpr Steps kRegistration = {"webauthn.create", 6, 7, 8, 9, 10, 11, 14, 15, 16, 17};
inline constexpr Steps kAuthentication = {"webauthn.get", 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

// "step 9: …", for the log.
Error refused_at(int step, std::string_view what);
Error malformed_at(int step, std::string_view what);

inline constexpr std::size_t kChallengeSizeMin = 16;      // §13.4.3
inline constexpr std::size_t kClientDataBytesMax = 8192;  // a challenge, two origins and room for what may come
inline constexpr std::size_t kUserHandleMax = 64;         // §5.4.3
inline constexpr std::size_t kTransportsMax = 16;
inline constexpr std::size_t kTransportLengthMax = 32;  // §5.8.4: the longest defined is "smart-card"
inline constexpr std::size_t kFormatLengthMax = 32;     // §8.1

// §5.8.1. refused: type, challenge, origin, crossOrigin or topOrigin.  malformed: not JSON, a member of another form.
Result<void> check_client_data(const Steps& steps, const Ceremony& ceremony, ByteView client_data);

// §6.5.1
struct Attested {
  Aaguid aaguid{};
  Bytes id;
  Bytes public_key;      // as sent
  codec::Cbor key_item;  // the same, read
};

// §6.1
struct AuthenticatorData {
  Bytes rp_id_hash;
  bool user_present = false, user_verified = false, backup_eligible = false, backed_up = false;
  std::uint32_t sign_count = 0;
  std::optional<Attested> attested;
  std::optional<codec::Cbor> extensions;  // a map from names to outputs
};

// malformed: truncated, something left over, CBOR that cannot be read, a flag without what it announces.
Result<AuthenticatorData> read_authenticator_data(ByteView bytes);

// rpIdHash, UP, UV and BE/BS.
Result<void> check_authenticator_data(const Steps& steps, const Ceremony& ceremony, const AuthenticatorData& data);

// Algorithms we offer in pubKeyCredParams, in the order of our preference (§7.1 step 20).
const std::vector<crypto::CoseAlgorithm>& algorithms();

// An attestation statement with what it is about (§6.5.3, "verification procedure inputs").
struct Statement {
  std::string_view format;
  const codec::Cbor& members;
  const AuthenticatorData& data;
  const Attested& attested;
  const codec::CoseKey& key;
  ByteView signed_bytes;  // authData ‖ clientDataHash
  ByteView client_data_hash;
};

// What a valid statement says about its authenticator (§6.5.4).
struct Attestation {
  bool self = false;
  std::vector<crypto::Certificate> path;  // empty: none or self
  bool conclusive = true;                 // false: the path is not enough to trust the key (see android-key)
};

// §7.1 steps 21 and 22. refused: an unknown format, or a statement that is not right.
Result<Attestation> verify_statement(const Statement& statement);

// The formats, one a function (§8). Errors without a step: the caller puts it in front.
Result<Attestation> verify_packed(const Statement& statement);
Result<Attestation> verify_tpm(const Statement& statement);
Result<Attestation> verify_android_key(const Statement& statement);
Result<Attestation> verify_fido_u2f(const Statement& statement);
Result<Attestation> verify_apple(const Statement& statement);

// Members of statements.   malformed: missing or of another type.
Result<Bytes> statement_bytes(const Statement& statement, std::string_view name);
Result<crypto::CoseAlgorithm> statement_algorithm(const Statement& statement);
Result<std::vector<crypto::Certificate>> statement_path(const Statement& statement);
// §8.2.1: where the certificate names an AAGUID, it is the authenticator's.
Result<void> check_certificate_aaguid(const crypto::Certificate& certificate, const Aaguid& aaguid);

}  // namespace countersign::factor::webauthn
