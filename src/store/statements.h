// The named statements of queries/*.sql, as the engines prepare them.
#pragma once

#include <span>
#include <string_view>

#include "store/query_names.h"

namespace countersign::store {

struct Statement {
  std::string_view name;
  std::string_view text;  // one statement, parameters $1 … $n
  int parameters;
};

// In the order of enum Query.
std::span<const Statement, kQueryCount> statements();

inline const Statement& statement(Query query) { return statements()[static_cast<std::size_t>(query)]; }

}  // namespace countersign::store
