// Keys that nodes with one root key but a keyring each share (keys/history_keys.h), sealed under the root key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace countersign::store {

struct SharedKey {
  TenantId tenant;  // none: of the server
  std::string name;
  Bytes sealed;     // empty: destroyed
};
Result<std::optional<SharedKey>> shared_key(Txn& txn, const TenantId& tenant, std::string_view name);
Result<std::vector<SharedKey>> shared_keys_of(Txn& txn, const TenantId& tenant);
// The first one stays.
Result<void> insert_shared_key(Txn& txn, const SharedKey& key);
// Leaves word that it was destroyed, also of one that was never shared.
Result<void> destroy_shared_key(Txn& txn, const TenantId& tenant, std::string_view name);
// A tenant's key pairs.
Result<void> delete_shared_pairs(Txn& txn, const TenantId& tenant);
// What was destroyed, by tenant and name, after `after`, at most `limit`.
Result<std::vector<SharedKey>> destroyed_keys(Txn& txn, const SharedKey& after, int limit);

}  // namespace countersign::store
