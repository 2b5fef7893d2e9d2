// Whom the rows of a scope are about. Where the service keeps the keys the rows are opened, which is a reading like any
// other: in the ledger and out of the reader's budget. Elsewhere only the tags tell, and only from below.
#pragma once

#include <functional>
#include <string>

#include "flow/scope.h"

namespace countersign::flow {

// As far as history says; empty where it does not.
struct ExposedPerson {
  std::string key;  // the user's id, or the name asked for where there is no such user
  std::string name, email;
  std::uint64_t rows = 0;
};

// Opens the rows that left and adds up whom they are about; in no order.   refused: the tenant keeps its own keys.
// exhausted: the reader's budget is spent.   not_found: the key of a month was destroyed.
struct ExposedPeople {
  std::vector<ExposedPerson> people;
  std::uint64_t numbers = 0;
};
Result<ExposedPeople> people_of(const Administration& by, const Scope& scope, const ExposedTenant& tenant);

// How many, by the best way there is.
Result<Distinct> distinct_of(const Administration& by, const Scope& scope, const ExposedTenant& tenant);

// Calls `on_page` with the rows of one tenant that are among `rows`, epoch by epoch, a page at a time, so that no
// transaction lasts long; at least once for each epoch.
Result<void> each_row(const Ports& ports, const TenantId& tenant, const RowsByEpoch& rows,
                      const std::function<Result<void>(const store::StoredEpoch& epoch,
                                                       const std::vector<store::HistoryRow>& page)>& on_page);

}  // namespace countersign::flow
