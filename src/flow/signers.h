// Who signs intents: named people, each with an ES256 key of his own, of one tenant or of the operator's staff. A
// signer is a grant of whoever added it: killed with it, or by itself (flow/kill.h), it signs nothing from that moment.
#pragma once

#include <string>
#include <vector>

#include "core/crypto/sign.h"
#include "flow/administer.h"
#include "store/breach.h"

namespace countersign::flow {

inline constexpr std::size_t kSignersMax = 64;  // alive, of one tenant

struct SignerDraft {
  TenantId tenant;  // empty: of the operator
  std::string name;
  crypto::Es256PublicKey key;
};
// malformed: the name.   conflict: the key is or was a signer's already.   exhausted: 64 are enough.
Result<store::Signer> add_signer(const Administration& by, const SignerDraft& draft);
// Dead ones too, oldest first.
Result<std::vector<store::Signer>> signers(const Ports& ports, const TenantId& tenant);
// not_found: no such signer of that tenant, or dead already.
Result<void> remove_signer(const Administration& by, const TenantId& tenant, std::string_view id);

// Somebody who may sign for exports of `tenant`: its own, or the operator's.
// refused: no such signer, another tenant's, removed or killed; the words are the same.
Result<store::Signer> signer_for(store::Txn& txn, const TenantId& tenant, std::string_view id);
// Whether one who signed earlier still may.
Result<bool> signer_lives(store::Txn& txn, std::string_view id);

}  // namespace countersign::flow
