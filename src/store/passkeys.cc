#include "store/passkeys.h"

namespace countersign::store {

Result<void> insert_credential(Txn& txn, const StoredCredential& credential) {
  TRY(txn.change(Query::insert_credential,
                 {credential.tenant, credential.digest, credential.user, credential.enrolment}));
  return {};
}

Result<std::optional<StoredCredential>> credential_by_digest(Txn& txn, const TenantId& tenant, ByteView digest) {
  std::optional<StoredCredential> out;
  TRY(txn.rows(Query::credential_by_digest, {tenant, digest}, [&](const Row& row) {
    const ByteView found = row.bytes(1);
    out = StoredCredential{.tenant = row.id<TenantId>(0),
                           .digest = Bytes(found.begin(), found.end()),
                           .user = row.id<UserId>(2),
                           .enrolment = row.id<EnrolmentId>(3)};
  }));
  return out;
}

Result<void> delete_credential_of(Txn& txn, const TenantId& tenant, const EnrolmentId& enrolment) {
  TRY(txn.change(Query::delete_credential_of, {tenant, enrolment}));
  return {};
}

}  // namespace countersign::store
