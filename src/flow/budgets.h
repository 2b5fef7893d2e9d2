// The budgets of security §4.2.3 as flows use them: read beside the decision, written with what it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/policy/fatigue.h"
#include "flow/sign_in.h"
#include "store/protection.h"

namespace countersign::flow {

// A budget and the row it came from.
template <class Budget>
struct Kept {
  store::StoredFatigue row;
  Budget budget;
};

Result<Kept<policy::UserBudget>> user_budget(const Ports& ports, const TenantId& tenant, const UserId& user);
// nullopt: the client gave no address.
Result<std::optional<Kept<policy::SourceBudget>>> source_budget(const Ports& ports, const TenantId& tenant,
                                                                const std::string& address);

// The rows as they are to be written.
store::StoredFatigue changed(const Ports& ports, const Kept<policy::UserBudget>& kept);
store::StoredFatigue changed(const Ports& ports, const Kept<policy::SourceBudget>& kept);
// conflict: somebody was faster.
Result<void> write_budgets(store::Txn& txn, const std::vector<store::StoredFatigue>& rows);

// A place without a browser: the application and the address it gave. Known where this user approved a push before.
Result<Bytes> host_digest(const Ports& ports, const Application& app, const record::AccessDevice& access);
Result<bool> host_is_known(const Ports& ports, const Application& app, const UserId& user,
                           const record::AccessDevice& access);

}  // namespace countersign::flow
