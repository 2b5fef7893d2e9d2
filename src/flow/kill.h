// The kill switch (security.md §3.3): a credential, session, application or signer, and what descends from it, is dead
// on every node with the commit, because every node asks the database each time. For good, but for an operator's
// account: two shares bring it back (flow/break_glass.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/administer.h"

namespace countersign::flow {

enum class KillBy { credential, session, app, signer };
enum class Tree { no, yes };

struct KillQuery {
  KillBy by = KillBy::credential;
  std::string value;
  Tree tree = Tree::no;
  std::optional<Instant> since{};  // of the descendants, those made at this time or later; nullopt: all
  // Things of another one are not found. Needed for users, and for factors that were not noted as made.
  std::optional<TenantId> tenant{};
  std::string reason{};
};

struct Killed {
  std::string id;
  std::string kind;  // application, session, factor, phone, signer, export, operator, user, visit
  TenantId tenant;
  bool already = false;
};

// One row for each thing, the root first. Calling it again kills what has come to be since, and nothing twice.
// not_found: nothing of this kind has that name.   refused: the credential is the caller's own.
Result<std::vector<Killed>> kill(const Administration& by, const KillQuery& query);

// Whether what a caller shows was killed.
Result<bool> is_killed(const Ports& ports, std::string_view credential);

}  // namespace countersign::flow
