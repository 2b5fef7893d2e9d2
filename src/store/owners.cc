#include "store/owners.h"

namespace countersign::store {
namespace {

Result<std::optional<TenantId>> owner(Txn& txn, Query query, Param id) {
  std::optional<TenantId> found;
  TRY(txn.rows(query, {id}, [&](const Row& row) { found = row.id<TenantId>(0); }));
  return found;
}

}  // namespace

Result<std::optional<TenantId>> tenant_of(Txn& txn, const UserId& user) {
  return owner(txn, Query::tenant_of_user, user);
}
Result<std::optional<TenantId>> tenant_of(Txn& txn, const GroupId& group) {
  return owner(txn, Query::tenant_of_group, group);
}
Result<std::optional<TenantId>> tenant_of(Txn& txn, const EnrolmentId& enrolment) {
  return owner(txn, Query::tenant_of_enrolment, enrolment);
}

}  // namespace countersign::store
