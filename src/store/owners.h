// Whose a thing is that an administrator named by its id alone. Costs a look-up for each tenant: for administration.
#pragma once

#include <optional>

#include "store/store.h"

namespace countersign::store {

Result<std::optional<TenantId>> tenant_of(Txn& txn, const UserId& user);
Result<std::optional<TenantId>> tenant_of(Txn& txn, const GroupId& group);
Result<std::optional<TenantId>> tenant_of(Txn& txn, const EnrolmentId& enrolment);

}  // namespace countersign::store
