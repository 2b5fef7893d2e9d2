// Several nodes with one database and one root key, each with a keyring of its own: the keys that history hangs on go
// through the database, sealed under the root key, so that what one node sealed another opens. Nodes that share a
// keyring (`keys.keyring`) need none of it. Every call does nothing where settings.key_exchange says so.
#pragma once

#include <string>

#include "flow/ports.h"

namespace countersign::flow {

// Before the first epoch of a month: every node seals under the key that was shared first. Waits for a commit.
// refused: that month's key was destroyed.
Result<void> agree_on_key(const Ports& ports, const TenantId& tenant, const std::string& name);
// Before rows of a day are opened, a day's key is released, or a month destroyed: what other nodes shared is taken
// over.
Result<void> adopt_keys(const Ports& ports, const TenantId& tenant, const std::string& month);
// After a key pair was made: other nodes hear of it.
Result<void> offer_key(const Ports& ports, const TenantId& tenant, const std::string& name);
// Before the private halves of a tenant are forgotten: no node takes them over any more.
Result<void> take_back_pairs(const Ports& ports, const TenantId& tenant);
// After a month's key was destroyed here; and destroying what was destroyed elsewhere.
Result<void> tell_destroyed(const Ports& ports, const TenantId& tenant, const std::string& month);
Result<void> destroy_what_others_destroyed(const Ports& ports);

}  // namespace countersign::flow
