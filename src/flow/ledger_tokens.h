// Ledger tokens: with one, a tenant reads its own tree over the network, and nothing else. The service keeps a keyed
// digest; a token is a credential like others, so what it did is found by it, and it can be killed.
#pragma once

#include <string>
#include <vector>

#include "flow/administer.h"
#include "store/ledger.h"

namespace countersign::flow {

inline constexpr std::string_view kLedgerToken = "ledger_token";  // kind of the grant

struct MadeLedgerToken {
  std::string id;  // names it; of no use to whoever knows it
  Secret token;    // shown once
};
Result<MadeLedgerToken> make_ledger_token(const Administration& by, const Tenant& tenant);

// Those of a tenant that `by`'s credential made, revoked ones too, oldest first.
Result<std::vector<store::Grant>> ledger_tokens(const Administration& by, const Tenant& tenant);

// Holds at once, on every node.   not_found: no such token of that tenant.   refused: it was revoked before.
Result<void> revoke_ledger_token(const Administration& by, const Tenant& tenant, std::string_view id);

// refused: not a token that is good for the tree of this tenant, for whatever reason; what is done does not depend on
// it.
Result<store::Grant> check_ledger_token(const Ports& ports, const Secret& token, std::string_view tenant);

// That a token begins to read, as an event of its tenant. `done` after the commit.
void record_ledger_reading(const Ports& ports, const store::Grant& token, std::string ip, store::Done done);

}  // namespace countersign::flow
