// Notices of a breach: to each exposed user on his authenticator, and one for the tenant's administrator. Never to a
// telephone number, which may be what leaked (security.md §2.5). Each has a code, by which it is known to be real.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flow/administer.h"
#include "store/breach.h"

namespace countersign::flow {

struct NoticesQuery {
  std::string scope;
  std::optional<TenantId> tenant{};  // nullopt: all that the scope names
};

struct PreparedNotice {
  store::BreachNotice notice;
  Secret code;  // of a new one to the administrator: for his letter, shown once; else empty
};
struct NoticedTenant {
  TenantId tenant;
  std::string users_unknown;  // why users were not told; empty: all of whom the rows are about
};

// One for each administrator and user, once: asking again tells only those who were not told yet. What a user's
// authenticator gets and its notice stand in one transaction; the ledger says how many.
// not_found: no such scope, or it does not name that tenant.
Result<void> notify(const Administration& by, const NoticesQuery& query,
                    const std::function<void(const PreparedNotice&)>& on_notice,
                    const std::function<void(const NoticedTenant&)>& on_tenant);

// Those of a scope, in the order of their ids.
Result<void> each_notice(const Ports& ports, const std::string& scope,
                         const std::function<bool(const store::BreachNotice&)>& on_notice);

// The notice that bears this code, or none; the same work either way. Spaces, dashes and case do not count.
Result<std::optional<store::BreachNotice>> notice_of_code(const Ports& ports, std::string_view code);

}  // namespace countersign::flow
