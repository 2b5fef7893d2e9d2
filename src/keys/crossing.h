// Which members of which structs cross the process wall, and in which order: one line a struct, for both directions. Of
// stored things only what keys/ looks at crosses: an enrolment without its label, an application without its name.
#pragma once

#include <tuple>

#include "keys/keys.h"

namespace countersign::keys {

template <class T>
struct Crossing;
#define COUNTERSIGN_CROSSES(Type, ...)                        \
  template <>                                                 \
  struct Crossing<Type> {                                     \
    static auto of(auto& v) { return std::tie(__VA_ARGS__); } \
  }
COUNTERSIGN_CROSSES(Place, v.tenant, v.table, v.column, v.row);
COUNTERSIGN_CROSSES(Application, v.tenant, v.id, v.sealed_secret);
COUNTERSIGN_CROSSES(Enrolment, v.tenant, v.id, v.kind, v.sealed_state);
COUNTERSIGN_CROSSES(Phone, v.tenant, v.id, v.sealed_number);
COUNTERSIGN_CROSSES(PasscodeMatch, v.which, v.sealed_next);
COUNTERSIGN_CROSSES(Assertion, v.sealed_next, v.user_verified);
COUNTERSIGN_CROSSES(factor::webauthn::RelyingParty, v.id, v.origins, v.top_origins);
COUNTERSIGN_CROSSES(factor::webauthn::Ceremony, v.rp, v.challenge, v.user_verification, v.now);
COUNTERSIGN_CROSSES(factor::webauthn::AuthenticationResponse, v.id, v.client_data, v.authenticator_data, v.signature,
                    v.user_handle);
COUNTERSIGN_CROSSES(factor::webauthn::Credential, v.id, v.public_key, v.sign_count, v.user_verified, v.backup_eligible,
                    v.backed_up, v.aaguid, v.transports, v.format, v.trust);
COUNTERSIGN_CROSSES(EpochOrder, v.tenant, v.day, v.writer, v.tag_bits, v.recipients);
COUNTERSIGN_CROSSES(NewEpoch, v.header, v.key);
COUNTERSIGN_CROSSES(Release, v.tenant, v.credential, v.purpose);
COUNTERSIGN_CROSSES(RootKeyState, v.id, v.made, v.use);
COUNTERSIGN_CROSSES(RootList, v.source, v.keys);
#undef COUNTERSIGN_CROSSES

// The greatest value of an enum that crosses.
template <class T>
inline constexpr T kGreatest = T();
template <>
inline constexpr auto kGreatest<crypto::HashKind> = crypto::HashKind::sha512;
template <>
inline constexpr auto kGreatest<history::IndexedField> = history::IndexedField::number;
template <>
inline constexpr auto kGreatest<factor::webauthn::UserVerification> = factor::webauthn::UserVerification::preferred;
template <>
inline constexpr auto kGreatest<factor::webauthn::Trust> = factor::webauthn::Trust::chain;

template <>
inline constexpr auto kGreatest<RootUse> = RootUse::opens;

}  // namespace countersign::keys
