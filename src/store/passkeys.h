// Whose passkey is this? Credential ids are found by their keyed digest, within one tenant.
#pragma once

#include <optional>
#include <vector>

#include "store/store.h"

namespace countersign::store {

struct StoredCredential {
  TenantId tenant;
  Bytes digest;
  UserId user;
  EnrolmentId enrolment;
};
// conflict: registered already (WebAuthn §7.1, "credentialId is not yet registered").
Result<void> insert_credential(Txn& txn, const StoredCredential& credential);
Result<std::optional<StoredCredential>> credential_by_digest(Txn& txn, const TenantId& tenant, ByteView digest);
Result<void> delete_credential_of(Txn& txn, const TenantId& tenant, const EnrolmentId& enrolment);

}  // namespace countersign::store
