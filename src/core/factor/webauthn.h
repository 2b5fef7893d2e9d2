// Passkeys and security keys: WebAuthn Level 3, registration (§7.1) and authentication (§7.2), with the numbered steps
// in the code. State: the credential record (§4). Pure: challenges and time come in, the next state goes out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/verify_key.h"
#include "core/factor/factor.h"

namespace countersign::factor::webauthn {

inline constexpr std::size_t kChallengeSize = 32;         // §13.4.3: at least 16
inline constexpr std::size_t kCredentialIdMax = 1023;     // §4

using Aaguid = std::array<std::uint8_t, 16>;
std::string text(const Aaguid& aaguid);                   // "08987058-cadc-4b81-b6e1-30de50dcbe96"
Result<Aaguid> read_aaguid(std::string_view text);

enum class UserVerification { required, preferred };
enum class Attachment { platform, roaming };

// Who we are in a ceremony.
struct RelyingParty {
  std::string id;                                         // "mfa.example"
  std::vector<std::string> origins;                       // "https://mfa.example:8443"; exact
  std::vector<std::string> top_origins;                   // pages that may frame us; empty: none
};

struct Ceremony {
  RelyingParty rp;
  Bytes challenge;
  UserVerification user_verification = UserVerification::required;
  Instant now{};                                          // for certificates of attestations
};

// Which makes of authenticator a tenant takes. Nothing listed: any, also those that do not say what they are.
struct Makes {
  std::vector<Aaguid> allowed;
  const class Metadata* metadata = nullptr;               // roots by AAGUID; needed where `allowed` is not empty
};

struct RegistrationResponse {                             // §5.1.8.1: RegistrationResponseJSON
  Bytes id, client_data, attestation_object;
  std::vector<std::string> transports;
  std::optional<Attachment> attachment;
};
struct AuthenticationResponse {                           // AuthenticationResponseJSON
  Bytes id, client_data, authenticator_data, signature;
  std::optional<Bytes> user_handle;
};
// malformed: over 64 KiB, a member missing or of another form.
Result<RegistrationResponse> read_registration(std::string_view json);
Result<AuthenticationResponse> read_authentication(std::string_view json);

enum class Trust {
  none,       // no attestation, or one that no root was given for
  self,       // §6.5.4: signed with the credential's own key
  chain,      // leads to a root that was given
};

struct Credential {                                       // §4: credential record
  Bytes id;
  Bytes public_key;                                       // COSE_Key as registered
  std::uint32_t sign_count = 0;
  bool user_verified = false;                             // uvInitialized
  bool backup_eligible = false, backed_up = false;
  Aaguid aaguid{};
  std::vector<std::string> transports;
  std::string format;                                     // "packed", …
  Trust trust = Trust::none;
};

// §7.1. refused: one of the steps; `what` begins "step N: " and is for the log only.
// malformed: CBOR, JSON or a key that cannot be read (what: as above).
Result<Credential> verify_registration(const Ceremony& ceremony, const RegistrationResponse& response,
                                       const Makes& makes);

// The stored form.
Bytes encode(const Credential& credential);
Result<Credential> decode(ByteView state);

// What a successful authentication tells.
struct Proven {
  Bytes next_state;
  bool user_verified = false;
  bool backed_up = false;
};
// §7.2 from step 5 on, against the stored record. `user` is the user handle that the credential's owner has.
// refused: one of the steps, also a signature counter that did not grow (§6.1.1: neither is 0); what: "step N: …".
Result<Proven> verify_authentication(ByteView state, const Ceremony& ceremony, ByteView user,
                                     const AuthenticationResponse& response);

// What navigator.credentials takes: PublicKeyCredentialCreationOptionsJSON and …RequestOptionsJSON (§5.1.10).
struct Person {
  Bytes handle;                                           // §5.4.3: at most 64 bytes, says nothing about the person
  std::string name, display_name;
};
struct Known {                                            // a credential to exclude or to allow
  Bytes id;
  std::vector<std::string> transports;
};
struct CreationOptions {
  std::string rp_name;
  Person person;
  std::vector<Known> exclude;
  std::optional<Attachment> attachment;                   // unset: either
  bool direct_attestation = false;
};
std::string creation_options_json(const Ceremony& ceremony, const CreationOptions& options);
std::string request_options_json(const Ceremony& ceremony, const std::vector<Known>& allow);

extern const Kind kPlatformKind;                          // enrolment kind "webauthn-platform"
extern const Kind kRoamingKind;                           // "webauthn-roaming"

}  // namespace countersign::factor::webauthn
